"""Two appliances under one name are noticed; one is never taken for two."""

import random
from collections.abc import Iterator

import msgpack
import pytest

from tests.support.harness import (
    Event,
    Run,
    ended,
    inbound,
    made,
    native,
    taken,
)

HOUR = 3600


def at(seconds: int, body: bytes) -> bytes:
    time = f"{8 + seconds // HOUR:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"Wed Apr 22 {time} 2009 Info: ".encode() + body


def new(icid: int, interface: str, address: str) -> bytes:
    return (
        f"New SMTP ICID {icid} interface {interface} address {address} "
        "reverse dns host mail.example.com verified no"
    ).encode()


def accepted(icid: int, group: str = "A") -> bytes:
    return f"ICID {icid} ACCEPT SG {group} match ALL SBRS 1.2".encode()


FIRST, SECOND = "Data 1 (192.0.2.1)", "Data 1 (192.0.2.129)"
ANNS, BOBS = "198.51.100.7", "203.0.113.9"


def through(lines: list[bytes], stop: int | None = None) -> Run:
    pipeline = made()
    pipeline.feed(lines[:stop])
    if stop is not None:
        saved = msgpack.unpackb(
            msgpack.packb(pipeline.snapshot()), strict_map_key=False
        )
        events = taken(pipeline)
        pipeline = made()
        pipeline.restore(saved)
        pipeline.feed(lines[stop:])
        pipeline.drain()
        found = ended(pipeline)
        return Run([*events, *found.events], found.dead, found.counters)
    pipeline.drain()
    found = ended(pipeline)
    found.assert_accounted()
    return found


def is_flagged(event: Event) -> bool:
    return "appliance_conflict" in event["cisco_esa"].get("flags", [])


TOGETHER = [
    at(0, new(5, FIRST, ANNS)),
    at(1, accepted(5)),
    at(2, new(5, SECOND, BOBS)),
    at(3, accepted(5, "B")),
    at(4, b"ICID 5 TLS success protocol TLSv1.3 cipher OTHER"),
    at(5, inbound(5, "ann")),
    at(6, inbound(5, "bob", "succeeded")),
    at(7, b"ICID 5 close"),
]


@pytest.mark.parametrize("stop", [None, *range(1, len(TOGETHER))])
def test_no_address_is_given_of_a_number_that_two_have_open(stop: int | None) -> None:
    found = through(TOGETHER, stop)
    assert len(found.events) == 3
    for event in found.events:
        assert is_flagged(event)
        assert "source" not in event
        assert "tls" not in event
        assert "rule" not in event
        assert event["cisco_esa"]["session"]["context"] == "missing"
        assert event["tags"] == ["esa_no_session_context"]


@pytest.mark.parametrize("stop", [None, *range(1, 9)])
def test_a_session_that_had_attempts_ends_flagged_and_without_address(
    stop: int | None,
) -> None:
    lines = [*TOGETHER[:2], at(1, inbound(5, "ann")), *TOGETHER[2:]]
    found = through(lines, stop)
    first, *rest = found.events
    assert first["source"]["ip"] == ANNS
    assert not is_flagged(first)
    assert len(rest) == 4
    assert all(is_flagged(e) and "source" not in e for e in rest)
    assert "session_replaced" in rest[0]["cisco_esa"]["flags"]


def test_the_outbound_side_is_watched_too() -> None:
    opening = "New SMTP DCID 7 interface {} address 198.51.100.9 port 25"
    lines = [at(n, opening.format(f"192.0.2.{n}").encode()) for n in (1, 2)]
    pipeline = made()
    pipeline.feed(lines)
    assert pipeline.registry.named("esa").outbound.conflicts == 1


@pytest.mark.parametrize(
    ("interface", "later"),
    [
        # The close was lost, and the number came round, on whatever listener.
        (FIRST, 60),
        ("Other (192.0.2.1)", 60),
        (SECOND, 6 * HOUR + 1),
    ],
)
def test_a_number_that_is_used_again_is_no_conflict(interface: str, later: int) -> None:
    lines = [
        at(0, new(5, FIRST, ANNS)),
        at(0, inbound(5, "ann")),
        at(later, new(5, interface, BOBS)),
        at(later, accepted(5)),
        at(later, inbound(5, "bob")),
    ]
    found = through(lines)
    assert not any(map(is_flagged, found.events))
    assert [e["source"]["ip"] for e in found.results] == [ANNS, BOBS]


def test_a_restart_of_the_appliance_is_no_conflict() -> None:
    """Sessions were open before it; after it another listener has their numbers."""
    before = [at(n, new(20_000 + n, FIRST, ANNS)) for n in range(50)]
    before += [at(50, new(3, FIRST, ANNS)), at(51, inbound(3, "ann"))]
    after = [at(60 + n, new(n, SECOND, BOBS)) for n in range(1, 50)]
    after.insert(3, at(62, inbound(3, "bob")))
    # The other way: the first series is the low one.
    early = [at(n, new(1 + n, FIRST, ANNS)) for n in range(9)]
    early += [at(9, new(50_000, SECOND, BOBS)), at(9, inbound(50_000, "bob"))]
    for lines in ([*before[:50], *after], early):
        assert not any(map(is_flagged, through(lines).events))


def series(starts: list[int], shares: list[float], seed: int) -> Iterator[int]:
    chance, numbers = random.Random(seed), list(starts)
    for _ in range(600):
        (who,) = chance.choices(range(len(starts)), shares)
        numbers[who] += chance.choice((1, 1, 1, 2, 40))
        yield numbers[who]


def attempts(numbers: list[int]) -> list[bytes]:
    lines = []
    for second, number in enumerate(numbers):
        lines.append(at(second, new(number, FIRST, ANNS)))
        lines.append(at(second, inbound(number, "ann")))
        lines.append(at(second, b"ICID %d close" % number))
    return lines


@pytest.mark.parametrize("share", [0.5, 0.2, 0.07])
@pytest.mark.parametrize("starts", [[100, 500_000], [70_000, 100], [1, 4_000_000_000]])
@pytest.mark.parametrize("stop", [None, 500])
def test_two_rising_series_are_two_appliances(
    starts: list[int], share: float, stop: int | None
) -> None:
    numbers = list(series(starts, [1 - share, share], 7))
    found = through(attempts(numbers), stop)
    flagged = [is_flagged(e) for e in found.results]
    assert sum(flagged[300:]) > 150
    # The numbers are far apart: whose address it is is known.
    assert all(e["source"]["ip"] == ANNS for e in found.results)


def test_what_was_two_may_be_one_again() -> None:
    numbers = list(series([100, 500_000], [0.5, 0.5], 7))
    alone = range(600_000, 600_400)
    found = through(attempts([*numbers, *alone]))
    assert is_flagged(found.results[599])
    assert not any(map(is_flagged, found.results[-200:]))


def single(seed: int) -> Iterator[int]:
    """One appliance: losses, disorder within seconds, restarts, the counter's end."""
    chance, number = random.Random(seed), (1, 30_000, 4_294_960_000)[seed % 3]
    for _ in range(150):
        some = []
        for _ in range(8):
            number += chance.choice((1, 1, 1, 1, 5, 500))
            if chance.random() < 0.005:
                number = chance.choice((1, number // 2 + 1, 4_000_000_000))
            if chance.random() > 0.1:
                some.append(number)
        chance.shuffle(some)
        yield from some


@pytest.mark.parametrize("seed", range(12))
def test_one_appliance_is_never_taken_for_two(seed: int) -> None:
    found = through(attempts(list(single(seed))))
    assert not any(map(is_flagged, found.events))


def test_forged_openings_flag_and_take_nothing_else() -> None:
    """A few of them are not even noticed, any number only flags."""
    true = attempts(list(range(100, 400)))
    plain = [e["source"]["ip"] for e in through(true).results]
    lines = list(true)
    for n in range(100):
        lines.insert(7 * n, native(new(900_000 + n, FIRST, BOBS), 0))
    found = through(lines)
    assert [e["source"]["ip"] for e in found.results] == plain


THIRD = "Data 1 (192.0.2.77)"


@pytest.mark.parametrize("stop", [None, *range(1, 7)])
@pytest.mark.parametrize("attempt", [False, True])
@pytest.mark.parametrize("interface", [FIRST, SECOND, THIRD])
def test_a_third_opening_does_not_say_whose_number_it_is(
    interface: str, stop: int | None, *, attempt: bool
) -> None:
    lines = [
        at(0, new(5, FIRST, ANNS)),
        at(1, new(5, SECOND, BOBS)),
        at(2, inbound(5, "bob") if attempt else accepted(5)),
        at(9, new(5, interface, "203.0.113.77")),
        at(10, accepted(5)),
        at(11, inbound(5, "ann", "succeeded")),
        at(12, b"ICID 5 close"),
    ]
    found = through(lines, stop)
    assert len(found.events) == (4 if attempt else 2)
    assert all(is_flagged(e) and "source" not in e for e in found.events)


def test_the_end_of_a_number_of_two_names_no_user_who_got_in() -> None:
    """The close may be that of the other one's session."""
    found = through(TOGETHER)
    (end,) = (e for e in found.events if e["event"]["type"] == ["end"])
    assert "user" not in end
    assert end["related"]["user"] == ["ann", "bob"]


def test_a_name_of_a_client_makes_no_conflict() -> None:
    body = new(5, FIRST, ANNS).replace(b"mail.example.com", b"a\0conflict")
    lines = [at(0, body), at(60, new(5, FIRST, BOBS)), at(61, inbound(5, "bob"))]
    assert not any(map(is_flagged, through(lines).events))
