"""A backlog that is read live: no line of now moves its lines, forged or true."""

from datetime import UTC, datetime

import pytest

from tests.envelope.forged_lines import LIVE, NOW, TRUE, bsd, live, through
from tests.support.harness import Event, Run, inbound, opened, taken


def backlog(days: float) -> list[bytes]:
    lines = []
    for n in range(40):
        at = datetime.fromtimestamp(NOW - days * 86_400 + n, UTC)
        head = at.strftime("%b %e %H:%M:%S esa1 mail_logs: Info: ").encode()
        bodies = (
            *opened(100 + n),
            inbound(100 + n, f"u{n}"),
            b"ICID %d close" % (100 + n),
        )
        lines += [head + body for body in bodies]
    return lines


def of_the_backlog(found: Run) -> list[Event]:
    return [e for e in found.events if e["cisco_esa"]["icid"] >= 100]


@pytest.mark.parametrize("days", [1.1, 3, 90])
@pytest.mark.parametrize("many", [1, 5, 40])
@pytest.mark.parametrize("ahead", [0, 60, 86_000, 2 * 86_400])
def test_a_line_of_now_moves_no_line_of_a_backlog(
    ahead: int, many: int, days: float
) -> None:
    """Forged, or of the appliance itself on another way."""
    plain = through(backlog(days), LIVE).events
    at = datetime.fromtimestamp(NOW - ahead, UTC)
    head = at.strftime("%Y-%m-%dT%H:%M:%SZ esa1 mail_logs: Info: ").encode()
    lines = backlog(days)
    lines[100:100] = [head + inbound(9, "forged")] * many
    for cut in ((), (100,), (101,), (99 + many, 100 + many, 101 + many)):
        assert of_the_backlog(through(lines, LIVE, cut)) == plain


def test_a_backlog_may_be_mixed_with_what_comes_now() -> None:
    plain = through(backlog(3), LIVE).events
    lines = []
    for number, line in enumerate(backlog(3)):
        lines.append(line)
        if number >= 80:
            lines.append(bsd(number, inbound(9, "now")))
    assert of_the_backlog(through(lines, LIVE)) == plain


@pytest.mark.parametrize("days", [0, 3, 150])
def test_an_unset_wall_clock_and_a_forged_line(days: int) -> None:
    """A saved clock of some days ago gives the year, and nobody else does."""
    before = live(NOW - days * 86_400)
    before.feed(backlog(days))
    for at in range(len(TRUE) + 1):
        pipeline = live(0)
        pipeline.restore(before.snapshot())
        forged = b"2099-01-01T00:00:00Z esa1 mail_logs: Info: " + inbound(9, "forged")
        pipeline.feed([*TRUE[:at], forged, *TRUE[at:]])
        true = [e for e in taken(pipeline) if e["cisco_esa"]["icid"] in (5, 6)]
        assert {e["@timestamp"][:10] for e in true} == {"2026-03-17"}
        if not days:
            assert true == through(TRUE, LIVE).events
