"""A folder is a case, its name a claim, and the counts are part of it."""

import ipaddress
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import msgpack
import pytest

from esa_auth.validation import EventSchema
from tests.support.golden_cases import CASES, GOLDEN, Answer, answer, input_of

SCHEMA = EventSchema()
DOCUMENTATION = [
    ipaddress.ip_network(network)
    for network in (
        "192.0.2.0/24",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "2001:db8::/32",
    )
]
# What a framing adds to an event or changes in it.
OF_THE_FRAMING = {"log", "message", "observer"}


def each_case(but: str = "nothing") -> pytest.MarkDecorator:
    """Run a test for every case, ``but`` those whose name begins so."""
    cases = [case for case in CASES if not case.name.startswith(but)]
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name)


@each_case()
def test_golden(case: Path, request: pytest.FixtureRequest) -> None:
    got = answer(case)
    files = {"expected.ndjson": got.expected(), "counters.json": got.counts()}
    for name, text in files.items():
        if request.config.getoption("--update-golden"):
            (case / name).write_bytes(text.encode())
        assert text == (case / name).read_bytes().decode(), name


@each_case()
def test_every_line_is_accounted_for(case: Path) -> None:
    got = answer(case)
    count = got.counters
    kinds = Counter(event["event"]["type"][0] for event in got.events)
    actions = Counter(event["event"]["action"] for event in got.events)
    logouts, reports = actions["admin-logout"], actions["smtp-session-progress"]
    assert count["lines"] == lines_in(case)
    assert count["lines"] == sum(
        count[kind]
        for kind in ("results", "ancillary", "context", "ignored", "rejected")
    )
    assert min(count.values()) >= 0
    assert count["results"] == kinds["start"]
    assert count["session_progress"] == reports
    assert count["ancillary"] == kinds["info"] - reports + logouts
    assert count["session_ends"] == kinds["end"] - logouts
    assert count["dead_letters"] == len(got.dead)


@each_case()
def test_every_event_is_valid_and_has_its_own_id(case: Path) -> None:
    events = answer(case).events
    assert [e for e in events if not SCHEMA.valid(e)] == []
    assert max(Counter(e["event"]["id"] for e in events).values(), default=1) == 1


@each_case(but="seed_wrapped_as_published")
def test_no_line_makes_two_events(case: Path) -> None:
    got = answer(case)
    originals = [e["event"].get("original") for e in got.events]
    said = Counter(text for text in originals if text is not None)
    written = Counter(
        line.rstrip(b"\r").decode("utf-8", "backslashreplace") for line in lines(case)
    )
    assert said - written == Counter()


@each_case()
def test_blocks_of_any_size_read_the_same(case: Path) -> None:
    slow, fast = answer(case, block=7), answer(case)
    assert slow.events == fast.events
    assert slow.counters == fast.counters
    # A broken msgpack stream is kept as far as it was read, and that is a block.
    assert slow.dead == fast.dead or input_of(case).suffix == ".msgpack"


@each_case(but="seed_")
def test_only_documentation_addresses_are_used(case: Path) -> None:
    """The seeds are Cisco's note 118570, which has addresses of its own."""
    text = input_of(case).read_bytes().decode("utf-8", "replace")
    for found in re.findall(
        r"(?<![0-9.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9.])", text
    ):
        address = ipaddress.ip_address(found)
        assert any(address in network for network in DOCUMENTATION), found


def test_every_framing_says_the_same() -> None:
    """The note's 18 lines give the same four results whatever brings them."""
    plain = [
        told(e) for e in results(answer(GOLDEN / "seed_whole_note_gives_four_results"))
    ]
    framed = [
        c for c in CASES if re.match(r"seed_in_|seed_wrapped_as_published", c.name)
    ]
    assert len(framed) >= 15
    for case in framed:
        assert [told(e) for e in results(answer(case))] == plain, case.name


def test_an_appliance_has_ids_of_its_own() -> None:
    got = answer(GOLDEN / "two_appliances_share_an_icid")
    assert len({e["cisco_esa"]["session"]["id"] for e in got.events}) == 2


def lines(case: Path) -> list[bytes]:
    """Return the physical lines of ``case``, read without the program."""
    path = input_of(case)
    data = path.read_bytes()
    if path.suffix == ".log":
        return data.removesuffix(b"\n").split(b"\n") if data else []
    if path.suffix == ".sender":
        return [line.partition(b" ")[2] for line in data.splitlines()]
    return [line for record in records(path, data) for line in record]


def lines_in(case: Path) -> int:
    """Return how many lines the program must count for ``case``."""
    if config_joins(case):
        return len([line for line in lines(case) if b" Info: " in line])
    return len(lines(case))


def config_joins(case: Path) -> bool:
    own = case / "config.yaml"
    return own.exists() and "join_wrapped" in own.read_text("utf-8")


def records(path: Path, data: bytes) -> list[list[bytes]]:
    if path.suffix == ".json":
        rows = [row for row in data.split(b"\n") if row]
        return [split(json_or_none(row)) for row in rows]
    unpacker = msgpack.Unpacker(raw=True, strict_map_key=False)
    unpacker.feed(data)
    found: list[list[bytes]] = []
    try:
        found.extend(
            split({key.decode(): value for key, value in document.items()})
            for document in unpacker
        )
    except (ValueError, TypeError):
        # What the program must count as one, too: the place where the stream breaks.
        found.append([b""])
    return found


def json_or_none(row: bytes) -> Any:
    try:
        return json.loads(row)
    except json.JSONDecodeError:
        return None


def split(document: Any) -> list[bytes]:
    text = document.get("message") if isinstance(document, dict) else None
    if text is None and isinstance(document, dict) and "log" in document:
        text = document["log"]["text"]
    if isinstance(text, str):
        text = text.encode()
    if not isinstance(text, bytes):
        return [b""]
    first, *rest = text.split(b"\n")
    return [first, *(line for line in rest if line)]


def results(got: Answer) -> list[dict[str, Any]]:
    return [e for e in got.events if e["event"]["type"] == ["start"]]


def told(event: dict[str, Any]) -> dict[str, Any]:
    """Return what an event says of the session, without what the framing adds."""
    rest = {k: v for k, v in event.items() if k not in OF_THE_FRAMING}
    rest.pop("@timestamp")
    about = {k: event["event"].get(k) for k in ("outcome", "action", "code", "reason")}
    related = {k: v for k, v in event["related"].items() if k != "hosts"}
    own = {k: v for k, v in event["cisco_esa"].items() if k != "flags"}
    own["session"] = event["cisco_esa"]["session"]["context"]
    return {**rest, "event": about, "related": related, "cisco_esa": own}
