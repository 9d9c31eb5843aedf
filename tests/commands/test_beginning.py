"""Where `tail` begins at its first start, and what a restart makes of it."""

import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from esa_auth.commands.beginning import Beginning
from esa_auth.config import load
from esa_auth.inputs.follow import Chunk
from esa_auth.inputs.follow.record import Position
from tests.support.process import PATIENCE, Ended, Running


def stamp_of(hours_ago: float, offset: timedelta) -> str:
    """Return the stamp of now, for a run of all tests can take an hour itself."""
    then = datetime.now(UTC) - timedelta(hours=hours_ago) + offset
    return then.strftime("%a %b %d %H:%M:%S %Y")


def line(icid: int, hours_ago: float, offset: timedelta = timedelta()) -> bytes:
    """Return a result of ``icid``, so long ago, on a clock that is ``offset`` ahead."""
    stamp = stamp_of(hours_ago, offset)
    return (
        f"{stamp} Info: SMTP Auth: (ICID {icid}) failed for user: ann using AUTH"
        " mechanism: PLAIN with profile: staff\n"
    ).encode()


def until(true: Callable[[], bool], what: Callable[[], str]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, what()
        time.sleep(0.01)


def ended(running: Running) -> Ended:
    running.signal(signal.SIGTERM)
    return running.finish()


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    log = tmp_path / "mail_logs"
    log.write_bytes(b"".join(line(icid, 50 - icid) for icid in range(50)))
    return ["tail", str(log), "--state-dir", str(tmp_path / "state")]


def test_the_first_start_says_how_much_it_reads(words: list[str]) -> None:
    with Running(*words) as running:
        assert [running.next_event() for _ in range(50)]
        assert "first start: reading 1 log, 0.0 MiB from before" in running.told()
        done = ended(running)
    assert done.account.results == 50
    with Running(*words) as running:
        until(lambda: "following 1 file" in running.told(), running.told)
        assert "first start" not in ended(running).stderr


def test_since_begins_at_the_first_line_of_then(words: list[str]) -> None:
    with Running(*words, "--since", "24h") as running:
        found = [running.next_event() for _ in range(23)]
        done = ended(running)
    assert [event["cisco_esa"]["icid"] for event in found] == [*range(27, 50)]
    assert done.account.results == len(done.events) == 23
    assert "passed over 27 lines from before" in done.stderr


def test_from_end_begins_with_what_is_written_then(
    words: list[str], tmp_path: Path
) -> None:
    with Running(*words, "--from-end") as running:
        until(lambda: "passed over 50 lines" in running.told(), running.told)
        with (tmp_path / "mail_logs").open("ab") as file:
            file.write(line(99, 0))
        assert running.next_event()["cisco_esa"]["icid"] == 99
        done = ended(running)
    assert done.account.lines == 1


def test_a_restart_does_not_go_back_and_does_not_pass_over_more(
    words: list[str], tmp_path: Path
) -> None:
    with Running(*words, "--from-end") as running:
        until(lambda: "passed over 50 lines" in running.told(), running.told)
        ended(running)
    with (tmp_path / "mail_logs").open("ab") as file:
        # Written while nobody read, and older than --since.
        file.write(line(99, 48))
    with Running(*words, "--since", "1h") as running:
        assert running.next_event()["cisco_esa"]["icid"] == 99
        assert ended(running).account.lines == 1


def test_the_zone_of_the_header_counts(tmp_path: Path) -> None:
    ahead = timedelta(hours=9)
    stamp = stamp_of(3, ahead)
    log = tmp_path / "mail_logs"
    log.write_bytes(
        f"{stamp} Info: Begin Logfile\n{stamp} Info: Version: 14.0.0-698 SN: AB-12\n"
        f"{stamp} Info: Time offset from UTC: 32400 seconds\n".encode()
        + line(1, 2, ahead)
        + line(2, 0.5, ahead)
    )
    words = ("tail", str(log), "--state-dir", str(tmp_path / "state"), "--since", "1h")
    with Running(*words) as running:
        event = running.next_event()
        done = ended(running)
    assert event["cisco_esa"]["icid"] == 2
    assert event["observer"]["serial_number"] == "AB-12"
    assert done.account.context == 3
    assert done.account.results == 1


def test_both_are_too_much(words: list[str]) -> None:
    with Running(*words, "--since", "1h", "--from-end") as running:
        done = running.finish()
    assert done.code == 2
    assert "not allowed with" in done.stderr


def test_a_crash_in_the_middle_of_passing_over() -> None:
    config = load(None, {}, int(time.time()))
    lines = [line(icid, 1).rstrip(b"\n") for icid in range(3)]
    chunk = Chunk(lines, (), "mail_logs", "log", 0, Position())
    before = Beginning.again(config, {"log": None})
    assert before.wanted(chunk, "esa") == []
    after = Beginning.again(config, before.snapshot())
    assert after.wanted(chunk, "esa") == []
    after.all_read()
    assert after.wanted(chunk, "esa") == lines
    assert Beginning.again(config, after.snapshot()).wanted(chunk, "esa") == lines


@pytest.mark.parametrize("saved", [None, 7, [], {"log": "soon"}, {7: None}])
def test_what_an_earlier_version_saved_passes_over_nothing(saved: object) -> None:
    config = load(None, {}, int(time.time()))
    chunk = Chunk([b"x"], (), "mail_logs", "log", 0, Position())
    assert Beginning.again(config, saved).wanted(chunk, "esa") == [b"x"]
