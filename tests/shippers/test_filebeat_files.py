"""Filebeat's file, as far as it goes without Filebeat, which no registry has."""

from pathlib import Path
from typing import Any

import orjson
import yaml

from tests.shippers.appliance import traffic
from tests.support.checkout import ROOT, needs_checkout
from tests.support.golden_cases import golden_events
from tests.support.process import esa_auth

pytestmark = needs_checkout


def configuration() -> dict[str, Any]:
    tree: dict[str, Any] = yaml.safe_load(
        (ROOT / "conf" / "filebeat" / "filebeat.yml").read_text()
    )
    return tree


def test_it_reads_what_is_written_and_rotated_and_nothing_else(tmp_path: Path) -> None:
    """Every event is in one of the files that the globs name."""
    lines = b"".join(line + b"\n" for line in traffic("esa01", 3_000, 1))
    file = tmp_path / "events.ndjson"
    rotation = tmp_path / "rotation.yaml"
    rotation.write_text("output: {max_bytes: 200000, keep: 99}")
    words = ["--timezone", "UTC", "--config", str(rotation)]
    words += ["--dead-letter", str(tmp_path / "dead.ndjson")]
    ended = esa_auth("filter", *words, "--output-file", str(file), stdin=lines)
    assert ended.code == 0
    (source,) = configuration()["filebeat.inputs"]
    read: set[Path] = set()
    for path in source["paths"]:
        folder, glob = path.rsplit("/", 1)
        assert folder == "/var/log/esa-auth"
        read |= set(tmp_path.glob(glob))
    assert read == set(tmp_path.glob("events*"))
    assert len(read) > 2
    text = b"".join(path.read_bytes() for path in read).splitlines()
    expected = esa_auth("filter", "--timezone", "UTC", stdin=lines).events
    ids = {orjson.loads(line)["event"]["id"] for line in text}
    assert ids == {event["event"]["id"] for event in expected}


def test_one_event_is_enough_to_tell_a_file_from_another() -> None:
    """Its id stands in the bytes that Filebeat looks at, and it has as many."""
    (source,) = configuration()["filebeat.inputs"]
    length = source["prospector.scanner.fingerprint"]["length"]
    assert length >= 64, "the least that Filebeat takes"
    lines = b"".join(line + b"\n" for line in traffic("esa01", 3_000, 1))
    for line in esa_auth("filter", stdin=lines).stdout.splitlines():
        assert orjson.loads(line)["event"]["id"].encode() in line[:length]
    events = [event for _, event in golden_events()]
    assert min(len(orjson.dumps(event)) for event in events) > length


def test_the_document_keeps_its_id_and_its_host() -> None:
    (source,) = configuration()["filebeat.inputs"]
    (parser,) = source["parsers"]
    assert "document_id" not in parser["ndjson"]
    assert (parser["ndjson"]["target"], parser["ndjson"]["overwrite_keys"]) == (
        "",
        True,
    )
    processors = {
        name: of for step in source["processors"] for name, of in step.items()
    }
    assert processors["copy_fields"]["fields"] == [
        {"from": "event.id", "to": "@metadata._id"}
    ]
    assert source["publisher_pipeline.disable_host"] is True


def test_the_stream_is_that_of_the_templates() -> None:
    output = configuration()["output.elasticsearch"]
    template = orjson.loads(
        (ROOT / "conf" / "elastic" / "index-template.json").read_bytes()
    )
    (pattern,) = template["index_patterns"]
    assert Path(output["index"]).match(pattern)
    (source,) = configuration()["filebeat.inputs"]
    assert {"add_fields": {"target": "@metadata", "fields": {"op_type": "create"}}} in (
        source["processors"]
    )
    assert configuration()["setup.template.enabled"] is False
