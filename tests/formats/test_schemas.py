"""Which schema a record is in, and whose line it is, for every row of the table."""

import msgpack
import orjson
import pytest

from esa_auth.errors import ConfigError
from esa_auth.formats import (
    SCHEMAS,
    encoder,
    foreign,
    origin,
    recorder,
    refuse_foreign,
)
from tests.support.mutations import EVENTS

NAMES = [schema.name for schema in SCHEMAS]


@pytest.mark.parametrize("name", NAMES)
def test_a_record_is_known_by_its_keys(name: str) -> None:
    record = recorder(name)
    other = None if name == "ecs" else name
    assert {foreign(record(event)) for event in EVENTS} == {other}


@pytest.mark.parametrize("name", NAMES)
def test_a_record_says_its_line_and_its_appliance(name: str) -> None:
    record = recorder(name)
    for event in EVENTS:
        line = event["event"].get("original", "")
        assert origin(record(event)) == (line, event["observer"]["name"])


@pytest.mark.parametrize("other", [None, 1, "ocsf", [], {}, {"class_uid": 3002}])
def test_what_is_no_event_of_ours_is_in_no_schema(other: object) -> None:
    assert foreign(other) is None
    refuse_foreign(other, "watch")


def test_events_of_another_schema_are_refused_by_its_name() -> None:
    refuse_foreign(EVENTS[0], "watch")
    for name in ("ocsf", "cim"):
        with pytest.raises(ConfigError, match=f"watch: events of --format {name};"):
            refuse_foreign(recorder(name)(EVENTS[0]), "watch")


@pytest.mark.parametrize("name", NAMES)
def test_both_framings_hold_the_same_record(name: str) -> None:
    for event in EVENTS[:50]:
        line = encoder("json", name)(event)
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1
        packed = msgpack.unpackb(encoder("msgpack", name)(event))
        assert orjson.loads(line) == packed == recorder(name)(event)
