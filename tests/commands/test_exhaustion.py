"""What a flood makes us hold: as much after four times the flood as after one."""

from collections.abc import Callable, Iterable
from itertools import islice

import orjson
import pytest

from esa_auth import identity
from esa_auth.model.session import MAX_USER_LETTERS, MAX_USERS
from esa_auth.pipeline import Settings
from esa_auth.pipeline.appliance import Appliance
from esa_auth.sessions import messages
from tests.support.harness import (
    SETTINGS,
    Event,
    decode,
    inbound,
    made,
    native,
    opened,
    run,
)


def held(lines: Iterable[bytes], settings: Settings = SETTINGS) -> Appliance:
    pipeline = made(settings)
    pipeline.feed(list(lines))
    (appliance,) = pipeline.registry.appliances.values()
    return appliance


def grown(
    count: Callable[[Appliance], int],
    flood: Callable[[int], Iterable[bytes]],
    size: int,
) -> list[int]:
    """Return what is held after a flood, and after one of four times its size."""
    return [count(held(flood(n))) for n in (size, 4 * size)]


def _ordinals(appliance: Appliance) -> int:
    return sum(len(counts) for counts in appliance.identity.snapshot().values())


def test_lines_of_one_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "MOST_LINES", 100)

    def flood(size: int) -> Iterable[bytes]:
        return (native(inbound(user=f"user{n}")) for n in range(size))

    small, large = grown(_ordinals, flood, 1000)
    assert small <= 100
    assert large <= 100


def test_the_latest_lines_of_a_flood_are_still_told_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(identity, "MOST_LINES", 100)
    lines = [native(inbound(user=f"user{n // 2}")) for n in range(2000)]
    ids = [event["event"]["id"] for event in run(lines).results]
    assert len(set(ids)) == 2000
    assert ids == [event["event"]["id"] for event in run(lines).results]


def test_a_line_is_held_by_a_digest() -> None:
    flood = [native(inbound(user="x" * 60_000)), native(inbound(user="y" * 60_000))]
    (counts,) = held(flood).identity.snapshot().values()
    assert [len(key) for key in counts] == [16, 16]


def test_ordinals_that_an_earlier_version_saved_are_taken_up() -> None:
    line, second = native(inbound()), 1_240_400_640
    fresh = identity.Identity("esa")
    ids = [fresh.of_line(line, second) for _ in range(3)]
    resumed = identity.Identity("esa")
    resumed.restore({second: {line: 2}})
    assert resumed.of_line(line, second) == ids[2]


def test_messages_of_a_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MOST_OPEN", 50)

    def flood(size: int) -> Iterable[bytes]:
        yield native(inbound(outcome="succeeded"))
        for mid in range(1, size + 1):
            yield native(f"Start MID {mid} ICID 450", 1)
            yield native(f"MID {mid} ICID 450 RID 0 To: <ann@example.com>", 1)

    small, large = grown(lambda appliance: len(appliance.messages), flood, 500)
    assert small <= 50
    assert large <= 50


def _letters(appliance: Appliance) -> int:
    (session,) = appliance.inbound.live.values()
    return sum(map(len, session.users))


@pytest.mark.parametrize("size", [20, 2_000, 60_000])
def test_names_of_a_session(size: int) -> None:
    def flood(count: int) -> Iterable[bytes]:
        names = (f"{n:x<{size}}" for n in range(count))
        return (native(inbound(user=name)) for name in names)

    small, large = grown(_letters, flood, 2 * MAX_USERS if size == 20 else 40)
    assert small == large <= MAX_USER_LETTERS


def _kept(appliance: Appliance) -> int:
    return sum(map(len, appliance.inbound.kept.values()))


def test_lines_of_a_connection() -> None:
    def flood(size: int) -> Iterable[bytes]:
        yield from map(native, opened())
        yield from islice(
            iter(lambda: native("ICID 450 RELAY SG X match ALL"), b""), size
        )

    small, large = grown(_kept, flood, 1000)
    assert small == large <= 4096 + 100


LONG = "x" * 60_000
OPENING = "interface Data 1 (192.0.2.1) address 198.51.100.7 reverse dns host"


@pytest.mark.parametrize(
    "body",
    [
        f"New SMTP ICID 450 {OPENING} {LONG} verified yes",
        f"ICID 450 ACCEPT SG G match ALL SBRS 1.2 country {LONG}",
        f"ICID {'4' * 60_000} ACCEPT SG G match ALL SBRS 1.2",
        f"ICID {'4' * 60_000} close",
        f"New SMTP ICID {'4' * 60_000} {OPENING} unknown verified no",
    ],
)
@pytest.mark.parametrize("before", [[], opened()])
def test_a_long_line_of_a_connection(body: str, before: list[bytes]) -> None:
    appliance = held([native(line) for line in (*before, body.encode())])
    assert _kept(appliance) + sum(map(len, appliance.inbound.kept)) < 4096 + 100


@pytest.mark.parametrize("when", [0, 1])
def test_a_long_opening_line_opens_a_session_of_which_it_says_nothing(
    when: int,
) -> None:
    """Cut anywhere, it might say what the name in it says."""
    name = " verified yes".rjust(4096 - len(f"New SMTP ICID 450 {OPENING} "), "x")
    lines = [
        *opened(),
        f"New SMTP ICID 450 {OPENING} {name}{LONG} verified no".encode(),
    ]
    lines.insert(3 * when, inbound())
    attempt = run([native(line) for line in (*lines, inbound())]).results[-1]
    assert attempt["cisco_esa"]["session"]["context"] == "missing"
    assert not {"source", "tls", "rule"} & attempt.keys()


def test_what_a_session_says_is_no_longer_than_its_lines() -> None:
    lines = [*opened(), inbound(), f"ICID 450 ACCEPT SG G match {LONG}".encode()]
    before, after = run([native(line) for line in (*lines, inbound())]).results
    assert before["cisco_esa"]["policy"] == after["cisco_esa"]["policy"]


def test_names_of_version_and_host() -> None:
    appliance = held([native(f"Version: {LONG} SN: {LONG}"), native(inbound())])
    assert appliance.observer.serial is None
    found = decode([orjson.dumps({"message": "x", "host": LONG})])
    assert [d["error"]["type"] for d in found.dead] == ["broken_record"]


def test_every_attempt_of_a_flood_is_an_event() -> None:
    events: list[Event] = run(
        native(inbound(user=f"{n:x<2000}")) for n in range(3 * MAX_USERS)
    ).results
    assert len(events) == 3 * MAX_USERS
