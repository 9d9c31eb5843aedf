"""`filter --state-dir` saves in time, whether or not a next line comes."""

import subprocess
import sys
import time
from pathlib import Path

from esa_auth.state import CheckpointStore, Journal, StateDirectory
from tests.support.harness import inbound, made, native, opened
from tests.support.process import PATIENCE, esa_auth

# As the command, but for seconds where it has thirty.
PROGRAM = """
import sys
from esa_auth.__main__ import main
from esa_auth.commands import filter
filter.SECONDS_BETWEEN_SAVES = 2.0
sys.exit(main())
"""


def stream_of(*lines: bytes) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def test_a_session_opened_before_a_silence_outlives_a_kill(tmp_path: Path) -> None:
    state = tmp_path / "state"
    argv = [sys.executable, "-c", PROGRAM, "filter", "--state-dir", str(state)]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as child:
        assert child.stdin is not None
        child.stdin.write(stream_of(*map(native, opened())))
        child.stdin.flush()
        until = time.monotonic() + PATIENCE
        while not (state / "checkpoint.a").exists():
            assert time.monotonic() < until, "nothing is saved"
            time.sleep(0.02)
        child.kill()

    ended = esa_auth(
        "filter", "--state-dir", str(state), stdin=stream_of(native(inbound()))
    )
    assert ended.assert_complete().lines == 1
    (event,) = ended.events
    assert event["cisco_esa"]["session"]["context"] == "complete"


def test_a_journal_that_nobody_reads_any_more_is_removed(tmp_path: Path) -> None:
    """It holds lines as they came, with the names in them."""
    state = tmp_path / "state"
    with StateDirectory.open(state) as directory:
        saved = {"sessions": made().snapshot(), "journal": 3}
        CheckpointStore(directory, 1).save(saved)
        for number in (2, 3):
            journal = Journal(directory, number)
            journal.append(native(inbound()))
            journal.close()
    ended = esa_auth("filter", "--state-dir", str(state), stdin=b"")
    assert ended.assert_complete().lines == 0
    assert [path.name for path in state.glob("journal.*")] == []
    # What `--ack rsyslog` would read next is not touched.
    (state / "journal.5").write_bytes(b"")
    esa_auth("filter", "--state-dir", str(state), stdin=b"").assert_complete()
    assert [path.name for path in state.glob("journal.*")] == ["journal.5"]


def test_nothing_is_saved_where_nothing_came(tmp_path: Path) -> None:
    state = tmp_path / "state"
    argv = [sys.executable, "-c", PROGRAM.replace("2.0", "0.01")]
    argv += ["filter", "--state-dir", str(state)]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as child:
        assert child.stdin is not None
        child.stdin.write(stream_of(*map(native, opened())))
        child.stdin.flush()
        until = time.monotonic() + PATIENCE
        while not (state / "checkpoint.a").exists():
            assert time.monotonic() < until, "nothing is saved"
            time.sleep(0.02)
        time.sleep(0.5)
        child.kill()
    assert not (state / "checkpoint.b").exists()


def test_a_state_that_cannot_be_saved_stops_nothing(tmp_path: Path) -> None:
    """What waits in the pipe would be lost with us."""
    state = tmp_path / "state"
    argv = [sys.executable, "-c", PROGRAM.replace("2.0", "0.01")]
    argv += ["filter", "--state-dir", str(state)]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdin is not None
        until = time.monotonic() + PATIENCE
        while not (state / "lock").exists():
            assert time.monotonic() < until
            time.sleep(0.02)
        # Nothing can be written under this name, whoever we are.
        (state / "checkpoint.tmp").mkdir()
        for second in range(3):
            child.stdin.write(stream_of(native(inbound(), second)))
            child.stdin.flush()
            time.sleep(0.1)
        (state / "checkpoint.tmp").rmdir()
        out, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == 0, err
    assert out.count(b"\n") == 3
    assert err.count(b"not saved") == 1
    assert (state / "checkpoint.a").exists()
