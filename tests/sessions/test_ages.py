"""Ages are absolute: a clock that was set back makes nothing young."""

import pytest

from esa_auth.pipeline import Settings
from tests.support.harness import SETTINGS, Event, Run, ended, inbound, made, opened

HOUR = 3600
MALLORY = "203.0.113.66"


def at(seconds: int, body: bytes) -> bytes:
    """Return a native line so many seconds after noon of 22 April 2009."""
    days, rest = divmod(12 * HOUR + seconds, 24 * HOUR)
    weekday = ("Wed", "Thu", "Fri", "Sat", "Sun", "Mon", "Tue")[days % 7]
    time = f"{rest // HOUR:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    return f"{weekday} Apr {22 + days} {time} 2009 Info: ".encode() + body


def new(icid: int, address: str) -> bytes:
    return (
        f"New SMTP ICID {icid} interface Data 1 (192.0.2.1) address {address} "
        "reverse dns host mail.example.com verified no"
    ).encode()


def run(lines: list[bytes], settings: Settings = SETTINGS) -> Run:
    pipeline = made(settings)
    pipeline.feed(lines)
    pipeline.drain()
    found = ended(pipeline)
    found.assert_accounted()
    return found


def address(event: Event) -> str | None:
    found: str | None = event.get("source", {}).get("ip")
    return found


def end_of(found: Run, user: str) -> Event:
    (event,) = (
        e
        for e in found.events
        if e["event"]["action"] == "smtp-session-end"
        and user in e["related"].get("user", [])
    )
    return event


@pytest.mark.parametrize("back", [3, 60, 9 * HOUR])
def test_a_new_line_of_a_clock_set_back_is_no_late_opening(back: int) -> None:
    """The opening of alice's connection was lost, that of mallory's was not."""
    found = run(
        [
            at(9 * HOUR, inbound(7, "alice")),
            at(9 * HOUR - back, new(7, MALLORY)),
            at(9 * HOUR - back, inbound(7, "mallory")),
        ]
    )
    assert [address(e) for e in found.results] == [None, MALLORY]
    assert address(end_of(found, "alice")) is None
    assert end_of(found, "mallory")["related"]["user"] == ["mallory"]


@pytest.mark.parametrize("days", [1, 3])
def test_an_opening_of_the_future_is_as_old_as_one_of_the_past(days: int) -> None:
    later = days * 24 * HOUR - 1
    found = run(
        [
            at(later, new(7, MALLORY)),
            at(0, inbound(7, "ann")),
            at(later, inbound(8, "bob")),
        ]
    )
    assert [address(e) for e in found.results] == [None, None]


def test_a_live_session_of_the_future_is_over() -> None:
    found = run(
        [
            at(9 * HOUR, new(7, MALLORY)),
            at(9 * HOUR, inbound(7, "mallory")),
            at(0, inbound(7, "ann")),
        ]
    )
    assert [address(e) for e in found.results] == [MALLORY, None]
    assert "session_expired" in end_of(found, "mallory")["cisco_esa"]["flags"]


def swept(lines: list[bytes]) -> tuple[bool, bool]:
    """Return whether kept 7 and live 8 are dropped by looks at every connection."""
    settings = Settings(reference=SETTINGS.reference, cap=128)
    pipeline = made(settings)
    pipeline.feed([at(9 * HOUR, new(7, MALLORY)), at(9 * HOUR, inbound(8, "bob"))])
    pipeline.feed(lines)
    tables = pipeline.registry.named("esa").inbound
    return b"7" not in tables.kept, b"8" not in tables.live


def test_a_sweep_takes_what_is_of_the_future() -> None:
    """Also the oldest entry may be the younger one."""
    assert swept([at(n, new(100 + n, MALLORY)) for n in range(20)]) == (True, True)


@pytest.mark.parametrize("far", [-8 * HOUR, 7 * HOUR, 14 * HOUR])
def test_a_few_forged_lines_let_nothing_be_swept(far: int) -> None:
    """They are not a day away, so each is plausible by itself."""
    true = [at(9 * HOUR + n, new(200 + n, MALLORY)) for n in range(30)]
    forged = [at(9 * HOUR + far + n % 3, new(100 + n, MALLORY)) for n in range(30)]
    lines = []
    for n in range(0, 30, 10):
        lines += [*forged[n : n + 10], *true[n : n + 10]]
    assert swept(lines) == (False, False)


@pytest.mark.parametrize("back", [3, HOUR])
def test_kept_lines_of_the_future_are_not_those_of_a_new_connection(back: int) -> None:
    found = run(
        [
            at(HOUR, b"ICID 7 ACCEPT SG TRUSTED match ALL SBRS 9.9"),
            at(HOUR, b"ICID 7 TLS success protocol TLSv1.3 cipher OTHER"),
            at(HOUR - back, new(7, MALLORY)),
            at(HOUR - back, inbound(7, "mallory")),
        ]
    )
    (event,) = found.results
    assert event["cisco_esa"]["session"]["context"] == "partial"
    assert "policy" not in event["cisco_esa"]
    assert event["tls"] == {"established": False}


@pytest.mark.parametrize("age", [3, HOUR, 5 * HOUR])
def test_a_session_of_kept_lines_knows_their_age(age: int) -> None:
    """A late opening takes nothing of an earlier connection of its number."""
    found = run(
        [
            at(0, b"ICID 7 ACCEPT SG TRUSTED match ALL SBRS 9.9"),
            at(0, b"ICID 7 TLS success protocol TLSv1.3 cipher OTHER"),
            at(age, inbound(7, "ann")),
            at(age + 1, new(7, MALLORY)),
            at(age + 1, inbound(7, "mallory")),
        ]
    )
    first, second = found.results
    assert first["cisco_esa"]["session"]["context"] == "partial"
    assert second["tls"] == {"established": False}
    assert "policy" not in second["cisco_esa"]
    assert address(second) == MALLORY


@pytest.mark.parametrize(("late", "joined"), [(0, 1), (1, 1), (2, 1), (3, 0), (4, 0)])
@pytest.mark.parametrize("sign", [1, -1])
def test_an_opening_may_be_two_seconds_late_and_no_more(
    late: int, joined: int, sign: int
) -> None:
    found = run(
        [
            at(60, inbound(7, "ann")),
            at(60 + sign * late, new(7, MALLORY)),
            at(61, inbound(7, "ann")),
        ]
    )
    ends = [e for e in found.events if e["event"]["action"] == "smtp-session-end"]
    assert len(ends) == 2 - joined


@pytest.mark.parametrize(("late", "joined"), [(2, True), (3, False)])
def test_kept_lines_may_be_two_seconds_earlier_and_no_more(
    late: int, joined: bool
) -> None:
    found = run(
        [
            at(60, b"ICID 7 ACCEPT SG TRUSTED match ALL SBRS 9.9"),
            at(60 + late, opened(7)[0]),
            at(61 + late, inbound(7, "ann")),
        ]
    )
    (event,) = found.results
    assert ("policy" in event["cisco_esa"]) == joined
