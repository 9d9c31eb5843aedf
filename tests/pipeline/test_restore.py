"""A snapshot is taken up as a whole or not at all."""

from typing import Any

import msgpack
import pytest

from tests.support.harness import SETTINGS, inbound, made, native, opened, syslog


def _saved() -> dict[str, Any]:
    """Return a snapshot of two appliances with a live and a kept session each."""
    pipeline = made(SETTINGS)
    for host in ("first", "second"):
        bodies = [*opened(), inbound(), *opened(451)]
        pipeline.feed([syslog(body, host=host) for body in bodies])
    saved: dict[str, Any] = msgpack.unpackb(
        msgpack.packb(pipeline.snapshot()), strict_map_key=False
    )
    assert list(saved["appliances"]) == ["esa", "first", "second"]
    return saved


def _spoil_live(appliance: dict[str, Any]) -> None:
    appliance["inbound"]["live"][0][1] = b"\xc1"


def _spoil_first_line(appliance: dict[str, Any]) -> None:
    number, packed = appliance["inbound"]["live"][0]
    session = {**msgpack.unpackb(packed), "first": None}
    appliance["inbound"]["live"][0] = [number, msgpack.packb(session)]


def _shorten_first_line(appliance: dict[str, Any]) -> None:
    number, packed = appliance["inbound"]["live"][0]
    session = {**msgpack.unpackb(packed), "first": [1]}
    appliance["inbound"]["live"][0] = [number, msgpack.packb(session)]


def _drop_ordinals(appliance: dict[str, Any]) -> None:
    del appliance["ordinals"]


def _spoil_look(appliance: dict[str, Any]) -> None:
    appliance["until_look"] = 0


def _spoil_messages(appliance: dict[str, Any]) -> None:
    appliance["messages"] = [[b"1"]]


@pytest.mark.parametrize(
    "spoil",
    [
        _spoil_live,
        _spoil_first_line,
        _shorten_first_line,
        _drop_ordinals,
        _spoil_look,
        _spoil_messages,
    ],
)
def test_a_damaged_second_appliance_leaves_nothing_of_the_first(spoil: Any) -> None:
    saved = _saved()
    spoil(saved["appliances"]["second"])
    pipeline, fresh = made(SETTINGS), made(SETTINGS)
    with pytest.raises((ValueError, TypeError, LookupError, AttributeError)):
        pipeline.restore(saved)
    assert pipeline.snapshot() == fresh.snapshot()
    lines = [syslog(inbound(), host=host) for host in ("first", "second")]
    for one in (pipeline, fresh):
        one.feed([*lines, native(inbound())])
    assert pipeline.take_events() == fresh.take_events()


def test_a_snapshot_of_two_appliances_comes_back() -> None:
    pipeline = made(SETTINGS)
    pipeline.restore(_saved())
    assert pipeline.snapshot() == _saved()
