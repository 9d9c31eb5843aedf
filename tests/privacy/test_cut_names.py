"""A line that was cut inside a name lets no part of it out."""

import pytest

from tests.privacy.covered import PLAIN, SETTINGS, state_of, written
from tests.privacy.names import found, seeded
from tests.support.harness import inbound, native, run, syslog

(WORD,) = seeded(1)


@pytest.mark.parametrize("size", [1024, 2048, 4096, 8192])
@pytest.mark.parametrize("less", [0, 1, 5])
def test_a_line_cut_inside_the_name_is_flagged_and_lets_no_part_out(
    size: int, less: int
) -> None:
    begin = "x" * (size - 200)
    name = f"{begin} using AUTH mechanism: PLAIN with profile: {WORD}{'y' * 400}"
    lines = [native(inbound(user=name))[: size - less]]
    (plain, _) = run(lines, PLAIN).events
    assert WORD in plain["cisco_esa"]["auth"]["profile"]
    assert "possibly_cut" in plain["cisco_esa"]["flags"]
    got = run(lines, SETTINGS)
    got.assert_accounted()
    assert got.events == []
    assert got.dead[0]["error"]["type"] == "uncovered_name"
    assert found([WORD], written(got) + state_of(lines)) == []


def test_a_relay_that_changes_the_head_changes_nothing() -> None:
    name = f"{'x' * 700} using AUTH mechanism: PLAIN with profile: {WORD}{'y' * 400}"
    body = inbound(user=name)[:930]
    got = run([syslog(body, host="a-much-longer-name.example.com")], SETTINGS)
    assert found([WORD], written(got)) == []
    assert got.dead[0]["error"]["type"] == "uncovered_name"


def test_an_ordinary_line_has_no_such_flag() -> None:
    (event, _) = run([native(inbound())], SETTINGS).events
    assert "flags" not in event["cisco_esa"]
