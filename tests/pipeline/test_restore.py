"""A snapshot is taken up as a whole or not at all."""

from typing import Any

import msgpack
import pytest

from esa_auth.pipeline import Pipeline
from tests.support.harness import (
    SETTINGS,
    inbound,
    made,
    native,
    opened,
    syslog,
    taken,
)


def _saved() -> dict[str, Any]:
    """Return a snapshot of two appliances with a live and a kept session each."""
    pipeline = made(SETTINGS)
    for host in ("first", "second"):
        bodies = [*opened(), inbound(), *opened(451)]
        pipeline.feed([syslog(body, host=host) for body in bodies])
    saved = _packed(pipeline)
    assert list(saved["appliances"]) == ["first", "second"]
    return saved


def _packed(pipeline: Pipeline) -> dict[str, Any]:
    """Return a snapshot as it comes from the disk."""
    data = msgpack.packb(pipeline.snapshot())
    saved: dict[str, Any] = msgpack.unpackb(data, strict_map_key=False)
    return saved


def _change(appliance: list[Any], name: str, change: Any) -> None:
    """Let ``change`` change the entry called ``name``."""
    (entry,) = (row for row in appliance if row[0] == name)
    value = msgpack.unpackb(entry[1], strict_map_key=False)
    change(value)
    entry[1] = msgpack.packb(value)


def _spoil_entry(appliance: list[Any]) -> None:
    appliance[-1][1] = b"\xc1"


def _spoil_first_line(appliance: list[Any]) -> None:
    _change(appliance, "s1", lambda entry: entry["session"].update(first=None))


def _shorten_first_line(appliance: list[Any]) -> None:
    _change(appliance, "s1", lambda entry: entry["session"].update(first={"epoch": 1}))


def _drop_head(appliance: list[Any]) -> None:
    del appliance[0]


def _spoil_ordinals(appliance: list[Any]) -> None:
    appliance[1][1] = appliance[1][1][:-1]


def _spoil_look(appliance: list[Any]) -> None:
    _change(appliance, "head", lambda entry: entry.update(until_look=0))


def _spoil_messages(appliance: list[Any]) -> None:
    _change(appliance, "s1", lambda entry: entry.update(messages=[{"recipients": 1}]))


def _spoil_row(appliance: list[Any]) -> None:
    appliance[-1] = [1, 2, 3]


def _empty(appliance: list[Any]) -> None:
    appliance.clear()


@pytest.mark.parametrize(
    "spoil",
    [
        _spoil_entry,
        _spoil_first_line,
        _shorten_first_line,
        _drop_head,
        _spoil_ordinals,
        _spoil_look,
        _spoil_messages,
        _spoil_row,
        _empty,
    ],
)
def test_a_damaged_second_appliance_leaves_nothing_of_the_first(spoil: Any) -> None:
    saved = _saved()
    spoil(saved["appliances"]["second"])
    pipeline, fresh = made(SETTINGS), made(SETTINGS)
    with pytest.raises(ValueError, match=r"."):
        pipeline.restore(saved)
    assert pipeline.snapshot() == fresh.snapshot()
    lines = [syslog(inbound(), host=host) for host in ("first", "second")]
    for one in (pipeline, fresh):
        one.feed([*lines, native(inbound())])
    assert taken(pipeline) == taken(fresh)


def test_a_snapshot_of_two_appliances_comes_back() -> None:
    pipeline = made(SETTINGS)
    pipeline.restore(_saved())
    assert _packed(pipeline) == _saved()
