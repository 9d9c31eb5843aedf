"""Native code moves the clock of an appliance where Python would move it alike."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from esa_auth.pipeline import Pipeline, Settings, writer
from esa_auth.pipeline.native import IS_BUILT
from tests.pipeline.test_native import assert_same
from tests.support.harness import READ_AT, SETTINGS, inbound, opened

pytestmark = pytest.mark.skipif(
    not IS_BUILT and not os.environ.get("ESA_AUTH_REQUIRE_NATIVE"),
    reason="needs the native code: cargo, then pip install",
)

NATIVE = "%a %b %d %H:%M:%S %Y Info: "
HEADS = {
    "native": NATIVE,
    "syslog": "<166>%b %d %H:%M:%S esa01 mail_logs: Info: ",
    "rfc3339": "<166>%Y-%m-%dT%H:%M:%S.250+01:00 esa01 mail_logs: Info: ",
    "no zone": "<166>%Y-%m-%dT%H:%M:%S esa01 mail_logs: Info: ",
    "both": f"<166>%b %d %H:%M:%S esa01 mail_logs: {NATIVE}",
}
BERLIN = "Europe/Berlin"
# Local times: an ordinary one, before the hour that comes twice, before the one that
# is left out, before a new year, and when the file was written.
STARTS = (
    "2026-03-17 17:00",
    "2026-10-25 01:58",
    "2026-03-29 01:58",
    "2025-12-31 23:58",
)
WRITTEN = datetime.fromtimestamp(SETTINGS.reference, UTC)
STEPS = (0, 0, 0, 1, 1, 2, 7, 30, -1)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the first event by template already."""
    monkeypatch.setattr(writer, "WORTH_IT", 0)


def log(head: str, start: datetime, seed: int, count: int = 400) -> Iterator[bytes]:
    """Yield lines of sessions with logins and mail, some of which change nothing."""
    random, at = Random(seed), start
    icid = 60_000_000
    for number in range(icid, icid + count // 8):
        bodies = [
            *opened(number),
            inbound(number, b"ann"),
            b"MID %d queued for delivery" % number,
            b"Start MID %d ICID %d" % (number, number),
            b"MID %d ICID %d RID 0 To: <ben@example.com>" % (number, number),
            b"ICID %d Unknown command: XAUTH" % number,
            b"MID %d ready 99 bytes from <ann@example.com>" % number,
            b"SMTP Auth: (ICID %d) failed" % (number - 3),
            b"ICID %d close" % (number - random.randrange(3)),
        ]
        for body in bodies:
            at += timedelta(seconds=random.choice(STEPS))
            yield at.strftime(head).encode() + body


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("start", [*STARTS, "written"])
@pytest.mark.parametrize("zone", [None, BERLIN], ids=["utc", "berlin"])
def test_seconds(head: str, start: str, zone: str | None) -> None:
    begin = datetime.fromisoformat(f"{start}:00") if start != "written" else WRITTEN
    lines = list(log(HEADS[head], begin, len(start)))
    assert_same(lines, replace(SETTINGS, zone=zone))


@pytest.mark.parametrize("offset", [0, 3600, 3601, -37])
def test_offset_of_a_file(offset: int) -> None:
    head = datetime(2026, 3, 17, 17, tzinfo=UTC).strftime(NATIVE).encode()
    told = head + b"Time offset from UTC: %d seconds" % offset
    lines = log(NATIVE, datetime(2026, 3, 17, 17, tzinfo=UTC), 3)
    assert_same([head + b"Begin Logfile", told, *lines])


@pytest.mark.parametrize("ahead", [-30, 0, 20, 400])
def test_present(ahead: int) -> None:
    lines = list(log(NATIVE, WRITTEN - timedelta(seconds=ahead), 5))
    assert_same(lines, replace(SETTINGS, live=True))


@pytest.mark.parametrize("is_native", [False, True])
def test_a_stamp_is_judged_by_the_present_of_its_own_line(is_native: bool) -> None:
    settings: Settings = replace(SETTINGS, live=True, native=is_native)
    pipeline = Pipeline(settings, lambda: READ_AT, as_json=True)
    begin = datetime(2026, 3, 17, 17, tzinfo=UTC)
    heads = [begin + timedelta(seconds=second) for second in range(40)]
    pipeline.at(int(begin.timestamp()) + 60)
    pipeline.feed(
        [
            head.strftime(NATIVE).encode() + body
            for icid, head in enumerate(heads, 60_000_000)
            for body in (*opened(icid), inbound(icid))
        ]
    )
    # The wall clock was set back; the stamp is that of the line before.
    pipeline.at(int(begin.timestamp()) - 7_200)
    warning = NATIVE.replace("Info", "Warning")
    pipeline.feed([heads[-1].strftime(warning).encode() + inbound(60_000_039)])
    flags = [e["cisco_esa"].get("flags", []) for e in pipeline.take_events()]
    assert ["future_time" in one for one in flags] == [False] * 40 + [True]


def test_a_second_is_no_line_for_python() -> None:
    lines = [
        at.strftime(NATIVE).encode() + opened(60_000_000 + n)[0]
        for n in range(600)
        for at in [datetime(2026, 3, 17, 17, tzinfo=UTC) + timedelta(seconds=n)]
    ]
    settings: Settings = replace(SETTINGS, native=True)
    pipeline = Pipeline(settings, lambda: READ_AT)
    pipeline.feed(lines)
    assert pipeline.native
    # The first 17 seconds, for the clock to be sure; then one a minute.
    assert pipeline.native.handed_over["new_head"] < 40
    assert pipeline.registry.appliances["esa"].clock.now == 1_773_766_800 + 599
