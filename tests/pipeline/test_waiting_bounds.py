"""`join.wait` holds no more than has room, and what has to go is written."""

from dataclasses import replace

import pytest

from esa_auth.pipeline import waiting
from tests.support.harness import WAIT, ended, inbound, made, native, run, syslog


@pytest.mark.parametrize(("held", "size"), [(5, 1 << 22), (4096, 1000)])
def test_a_flood_is_not_held(
    monkeypatch: pytest.MonkeyPatch, held: int, size: int
) -> None:
    monkeypatch.setattr(waiting, "MOST_HELD", held)
    monkeypatch.setattr(waiting, "MOST_BYTES", size)
    pipeline, largest = made(WAIT), 0
    lines = [native(inbound(icid, f"u{icid}")) for icid in range(1, 200)]
    for line in lines:
        pipeline.feed([line])
        of = pipeline.registry.named("esa").waiting
        largest = max(largest, len(of))
    assert largest == min(held, size // len(lines[-1]))
    pipeline.drain()
    got = ended(pipeline)
    got.assert_accounted()
    assert [e["user"]["name"] for e in got.results] == [f"u{n}" for n in range(1, 200)]


def test_sessions_that_are_too_many_end_with_what_was_held_of_them() -> None:
    lines = [native(inbound(icid, f"u{icid}")) for icid in range(1, 600)]
    got = run(lines, replace(WAIT, cap=100))
    got.assert_accounted()
    assert len(got.results) == 599
    for number in range(1, 600):
        assert [e["event"]["type"] for e in got.of("esa", "icid", number)] == [
            ["start"],
            ["end"],
        ]


def test_appliances_that_are_too_many_go_with_what_was_held_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("esa_auth.pipeline.registry.MOST_APPLIANCES", 32)
    got = run([syslog(inbound(), 0, f"esa{n}") for n in range(100)], WAIT)
    got.assert_accounted()
    assert len(got.results) == len(got.events) // 2 == 100
