"""`check --events --allow-shipper-fields`: what an index or a shipper has added."""

import copy
from pathlib import Path
from typing import Any

import orjson

from tests.support.golden_cases import golden_events
from tests.support.process import Ended, esa_auth

Json = dict[str, Any]

# As Filebeat 8 writes a document, with the processors of its own configuration file,
# and what the pipelines of Fleet and of conf/elastic set.
ADDED: Json = {
    "agent": {"ephemeral_id": "a", "id": "b", "name": "collector", "version": "8.19.0"},
    "cloud": {"provider": "openstack"},
    "container": {"id": "c"},
    "data_stream": {"type": "logs", "dataset": "cisco_esa.auth"},
    "elastic_agent": {"snapshot": False},
    "event": {"agent_id_status": "verified", "ingested": "2026-11-23T00:00:00Z"},
    "host": {"name": "collector"},
    "input": {"type": "filestream"},
    "log": {"file": {"path": "/var/log/esa-auth/events.ndjson"}, "offset": 7},
}


def shipped(event: Json) -> Json:
    """Return ``event`` as it would be in an index."""
    document = copy.deepcopy(event)
    for name, value in ADDED.items():
        document[name] = document.get(name, {}) | value
    return document


def checked(folder: Path, events: list[Any], *options: str) -> Ended:
    file = folder / "events.ndjson"
    file.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in events))
    return esa_auth("check", "--events", str(file), *options)


def test_every_golden_event_is_good_with_what_was_added(tmp_path: Path) -> None:
    events = [shipped(event) for _, event in golden_events()]
    ended = checked(tmp_path, events, "--allow-shipper-fields")
    assert (ended.code, ended.stderr) == (0, "")
    assert f"events: {len(events)} good, 0 refused" in ended.stdout.decode()


def test_without_the_option_each_is_refused(tmp_path: Path) -> None:
    _, event = next(iter(golden_events()))
    documents = [event | {name: event.get(name, {}) | ADDED[name]} for name in ADDED]
    ended = checked(tmp_path, documents)
    assert ended.code == 1
    assert f"0 good, {len(ADDED)} refused" in ended.stdout.decode()


# Not in the list: what no pipeline of ours adds, and what makes an event another one.
CHANGES: list[Json] = [
    {"event": {"outcome": "perhaps"}},
    {"event": {"created": "2026-11-23T00:00:00Z"}},
    {"log": {"logger": "x"}},
    {"error": {"message": "Error decoding JSON: EOF", "type": "json"}},
    {"fields": {"site": "a"}},
    {"@metadata": {"beat": "filebeat"}},
]
NO_EVENTS = [7, [], {}, {"log": {"offset": 7}}, {"event": 7}, {"log": []}]


def test_anything_else_is_refused_with_the_option(tmp_path: Path) -> None:
    """And an event that nobody shipped is good."""
    _, event = next(iter(golden_events()))
    documents: list[Any] = [shipped(event) for _ in CHANGES]
    for document, change in zip(documents, CHANGES, strict=True):
        for name, value in change.items():
            document[name] = document.get(name, {}) | value
    documents += [*NO_EVENTS, event]
    ended = checked(tmp_path, documents, "--allow-shipper-fields")
    assert ended.code == 1
    assert f"1 good, {len(documents) - 1} refused" in ended.stdout.decode()
    refused = {line.split(":")[1] for line in ended.stderr.splitlines()}
    assert refused == {str(number) for number in range(1, len(documents))}
    assert "Traceback" not in ended.stderr


def test_it_goes_with_events_only() -> None:
    ended = esa_auth("check", "--allow-shipper-fields")
    assert ended.code == 2
    assert ended.stderr == "esa-auth: --allow-shipper-fields: needs --events FILE\n"
