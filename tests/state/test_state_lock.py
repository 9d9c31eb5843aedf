"""One process holds the directory; kill -9 lets go of it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from esa_auth.errors import StateLockedError
from esa_auth.state import StateDirectory

HOLD = """
import sys
from esa_auth.errors import StateLockedError
from esa_auth.state import StateDirectory
try:
    state = StateDirectory.open(sys.argv[1])
except StateLockedError as error:
    print(error)
    sys.exit(error.exit_code)
print("held", flush=True)
sys.stdin.read()
"""
Process = subprocess.Popen[str]


def start(path: Path) -> Process:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


def first_line(process: Process) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(process: Process) -> None:
    process.kill()
    process.communicate()


def test_a_second_instance_is_told_who_holds_it(tmp_path: Path) -> None:
    holder = start(tmp_path / "state")
    try:
        assert first_line(holder) == "held"
        with pytest.raises(StateLockedError, match=rf"process {holder.pid}, started"):
            StateDirectory.open(tmp_path / "state")
    finally:
        end(holder)


def test_the_same_process_cannot_hold_it_twice(tmp_path: Path) -> None:
    with (
        StateDirectory.open(tmp_path),
        pytest.raises(StateLockedError, match=f"process {os.getpid()}"),
    ):
        StateDirectory.open(tmp_path)
    StateDirectory.open(tmp_path).close()


def test_who_lets_go_is_not_named_any_more(tmp_path: Path) -> None:
    StateDirectory.open(tmp_path).close()
    assert (tmp_path / "lock").read_bytes() == b""


def test_of_many_at_once_one_wins_and_a_killed_one_is_succeeded(
    tmp_path: Path,
) -> None:
    for _ in range(3):
        crowd = [start(tmp_path / "state") for _ in range(6)]
        try:
            lines = {process.pid: first_line(process) for process in crowd}
            winners = [p for p in crowd if lines[p.pid] == "held"]
            assert len(winners) == 1
            winner = winners[0]
            losers = [process for process in crowd if process is not winner]
            assert [process.wait() for process in losers] == [3] * len(losers)
            named = {lines[process.pid] for process in losers}
            assert all(f"process {winner.pid}," in line for line in named)
            winner.send_signal(signal.SIGKILL)
            winner.wait()
            StateDirectory.open(tmp_path / "state").close()
        finally:
            for process in crowd:
                end(process)


def test_a_program_started_by_the_holder_does_not_keep_the_lock(tmp_path: Path) -> None:
    state = StateDirectory.open(tmp_path)
    child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        state.close()
        StateDirectory.open(tmp_path).close()
    finally:
        child.kill()
        child.wait()


@pytest.mark.parametrize("note", [b"", b"{}", b"[]", b"\xff", b'{"pid": "x"}'])
def test_an_unreadable_note_still_means_held(tmp_path: Path, note: bytes) -> None:
    with StateDirectory.open(tmp_path):
        (tmp_path / "lock").write_bytes(note)
        with pytest.raises(StateLockedError, match="another process"):
            StateDirectory.open(tmp_path)


def test_a_lock_file_removed_while_it_was_taken_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    flock = fcntl.flock
    removed: list[int] = []

    def removing(descriptor: int, operation: int) -> None:
        if not removed:
            (tmp_path / "lock").unlink()
            removed.append(descriptor)
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", removing)
    with StateDirectory.open(tmp_path), pytest.raises(StateLockedError):
        StateDirectory.open(tmp_path)


def test_a_full_disk_does_not_keep_us_from_holding_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with StateDirectory.open(tmp_path):
        assert "No space left" in caplog.text
        with pytest.raises(StateLockedError):
            StateDirectory.open(tmp_path)


def test_a_note_of_a_holder_that_is_gone_is_read_until_the_new_one_signs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    note = tmp_path / "lock"

    def signs(_: float) -> None:
        note.write_text(f'{{"pid": {os.getpid()}, "started": "now"}}')

    monkeypatch.setattr("esa_auth.state.lock.time.sleep", signs)
    with StateDirectory.open(tmp_path):
        note.write_text(f'{{"pid": {gone.pid}, "started": "then"}}')
        with pytest.raises(StateLockedError, match=f"process {os.getpid()}, started"):
            StateDirectory.open(tmp_path)


def test_a_holder_of_another_user_is_named_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system lets nobody signal it, which says that it is there."""

    def refused(pid: int, number: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    pauses: list[float] = []
    monkeypatch.setattr(os, "kill", refused)
    monkeypatch.setattr("esa_auth.state.lock.time.sleep", pauses.append)
    with (
        StateDirectory.open(tmp_path),
        pytest.raises(StateLockedError, match=f"process {os.getpid()}, started"),
    ):
        StateDirectory.open(tmp_path)
    assert pauses == []
