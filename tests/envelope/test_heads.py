"""What stands before the body of a framed line, known again by its bytes."""

from collections.abc import Sequence
from itertools import chain

import pytest

from esa_auth.envelope import prefix
from tests.support.harness import (
    Event,
    inbound,
    made,
    native,
    opened,
    run,
    syslog,
    taken,
)

HOSTS = [f"esa{number:02d}" for number in range(20)]


def session(host: str) -> list[bytes]:
    """Return the lines of a session of ``host``, over two seconds."""
    bodies = [
        *opened(),
        inbound(user=host),
        inbound(user=host, outcome="succeeded"),
        b"Start MID 6 ICID 450",
        b"MID 6 ICID 450 RID 0 To: <bob@example.com>",
        b"MID 6 ready 100 bytes from <ann@example.com>",
        b"ICID 450 close",
    ]
    return [syslog(body, at // 4, host) for at, body in enumerate(bodies)]


def of(host: str, events: Sequence[Event]) -> list[Event]:
    return [event for event in events if event["observer"]["name"] == host]


def interleaved() -> list[bytes]:
    return list(chain.from_iterable(zip(*map(session, HOSTS), strict=True)))


def test_appliances_in_turn_give_what_each_gives_alone() -> None:
    found = run(interleaved())
    found.assert_accounted()
    for host in HOSTS:
        alone = run(session(host)).events
        assert len(alone) == 3
        assert of(host, found.events) == alone


@pytest.mark.parametrize("most", [1, 7, 20, 39])
def test_more_heads_than_are_held_change_nothing(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(interleaved())
    monkeypatch.setattr(prefix, "_MOST", most)
    pipeline = made()
    events = []
    for line in interleaved():
        pipeline.feed([line])
        events += taken(pipeline)
        assert len(pipeline._prefixes.known) <= most
        assert len(pipeline._prefixes._headers) <= most
    assert events == whole.events
    assert pipeline.counters == whole.counters


def test_heads_of_seconds_that_are_over_are_forgotten() -> None:
    """One appliance has a new one each second, for ever."""
    pipeline = made()
    for second in range(5_000):
        minute, hour = second // 60 % 60, second // 3600
        at = b"Wed Apr 22 %02d:%02d:%02d 2026" % (hour, minute, second % 60)
        pipeline.feed([at + b" Info: " + inbound()])
    assert len(pipeline._prefixes.known) < 1_100


def test_a_zone_that_changes_between_equal_heads() -> None:
    """The head says the local time alone."""
    lines = [
        inbound(),
        inbound(user="ben"),
        b"Time offset from UTC: 3600 seconds",
        inbound(user="eve"),
    ]
    found = run([syslog(body) for body in lines])
    times = [event["@timestamp"][11:16] for event in found.results]
    zones = [event["event"]["timezone"] for event in found.results]
    assert times == ["11:00", "11:00", "10:00"]
    assert zones == ["UTC", "UTC", "+01:00"]


def test_a_year_that_changes_between_equal_heads() -> None:
    """For all that are known, and not only for the last of them."""
    pipeline, years = made(), []
    for reference in (1_750_000_000, 1_660_000_000):
        pipeline.registry.anchor(reference)
        pipeline.feed([syslog(inbound(user=x), 0, x) for x in ("a", "b", "a", "b")])
        pipeline.settle()
        years += [event["@timestamp"][:4] for event in taken(pipeline)]
    assert years == ["2025"] * 4 + ["2022"] * 4


def test_the_first_line_of_a_block_decides_nothing() -> None:
    """It only tells which form is tried first."""
    bodies = [*opened(), inbound(), b"ICID 450 close"]
    framed, plain = [syslog(body) for body in bodies], [native(body) for body in bodies]
    alone = {"esa01": run(framed * 3).events, "esa": run(plain * 3).events}
    assert len(alone["esa01"]) == len(alone["esa"]) == 6
    for first, second in ((framed, plain), (plain, framed)):
        mixed = list(chain.from_iterable(zip(first, second, strict=True)))
        for lines in (mixed, [b"", *mixed], [*first, *second]):
            found = run(lines * 3)
            assert {name: of(name, found.events) for name in alone} == alone


def test_equal_bytes_before_another_level_are_no_head() -> None:
    """``: Info: `` inside the body of a warning ends no head that is known."""
    line = syslog(inbound())
    warned = line.replace(b": Info: ", b": Warning: x: Info: ")
    found = run([line, warned, warned])
    assert len(found.results) == 1
    assert found.counters.rejected == 2


def test_a_line_means_the_same_whether_its_head_is_known_or_not() -> None:
    line = syslog(b"Of late SMTP Auth: (ICID 450) is what a message said")
    found = run([line, line])
    found.assert_accounted()
    assert found.counters.rejected == 2
    assert found.counters.ignored == 0
