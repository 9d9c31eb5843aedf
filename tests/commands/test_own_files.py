"""What is written goes through no link and into no stranger's file."""

import os
import signal
import stat
from pathlib import Path

import pytest

from esa_auth.commands.opening import open_run
from esa_auth.config import load
from esa_auth.outputs import own_file
from esa_auth.outputs.dead_letters import DeadLetters
from tests.support.harness import inbound, native
from tests.support.process import Ended, Running, esa_auth

LINE = native(inbound()) + b"\n"


def written(option: str, path: Path, tmp_path: Path) -> Ended:
    """Let a command write ``path``."""
    log = tmp_path / "mail_logs"
    log.write_bytes(LINE)
    if option == "report":
        return esa_auth("report", str(log), "--quiet", "-o", str(path))
    if option == "convert":
        return esa_auth("convert", str(log), "--quiet", "-o", str(path))
    return esa_auth("filter", option, str(path), stdin=LINE)


REFUSING = ["convert", "--log-file", "--dead-letter"]
REPLACING = ["report", "--metrics-file"]


@pytest.mark.parametrize("option", [*REFUSING, *REPLACING])
def test_a_link_is_not_followed(tmp_path: Path, option: str) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"precious")
    link.symlink_to(target)
    done = written(option, link, tmp_path)
    assert target.read_bytes() == b"precious"
    assert "Traceback" not in done.stderr
    assert link.is_symlink()
    # Metrics stop no work.
    assert done.code == (0 if option == "--metrics-file" else 2)
    assert "symbolic link" in done.stderr


@pytest.mark.parametrize("option", REPLACING)
def test_only_a_file_is_replaced(tmp_path: Path, option: str) -> None:
    """As root it could be /dev/null."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    done = written(option, pipe, tmp_path)
    assert pipe.is_fifo()
    assert "not a regular file" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mail_logs", "pipe"]


@pytest.mark.parametrize("option", REFUSING)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another's file")
def test_another_users_file_is_refused(tmp_path: Path, option: str) -> None:
    path = tmp_path / "theirs"
    path.touch(0o666)
    os.chown(path, 65534, 65534)
    done = written(option, path, tmp_path)
    assert done.code == 2
    assert "belongs to user 65534" in done.stderr
    assert path.read_bytes() == b""


def test_another_users_file_is_refused_without_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "theirs"
    path.touch()
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    if path.stat().st_uid == 0:
        pytest.skip("run as root, whose files may be given to anybody")
    with pytest.raises(OSError, match="belongs to user"):
        own_file.open_own(str(path), os.O_WRONLY)


@pytest.mark.parametrize("kind", ["link", "file"])
def test_what_lies_beside_the_report_beforehand(tmp_path: Path, kind: str) -> None:
    page, beside = tmp_path / "report.html", tmp_path / "report.html.part"
    target = tmp_path / "target"
    target.write_bytes(b"precious")
    if kind == "link":
        beside.symlink_to(target)
    else:
        beside.touch()
        beside.chmod(0o666)
    done = written("report", page, tmp_path)
    assert done.code == 0, done.stderr
    assert target.read_bytes() == b"precious"
    assert not page.is_symlink()
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert not beside.exists()


def test_a_log_file_that_becomes_a_link_is_not_followed(tmp_path: Path) -> None:
    path, target = tmp_path / "own.log", tmp_path / "target"
    target.write_bytes(b"precious")
    with Running("filter", "--log-file", str(path)) as running:
        running.feed([LINE[:-1]])
        running.next_event()
        path.unlink()
        path.symlink_to(target)
        running.signal(signal.SIGTERM)
        running.close_stdin()
        done = running.finish()
    assert done.code == 0
    assert target.read_bytes() == b"precious"


def test_a_log_file_that_is_moved_away_is_begun_again(tmp_path: Path) -> None:
    path = tmp_path / "own.log"
    with Running("filter", "--log-file", str(path)) as running:
        running.feed([LINE[:-1]])
        running.next_event()
        path.rename(tmp_path / "own.log.1")
        running.close_stdin()
        assert running.finish().code == 0
    assert b"1 lines = 1 results" in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_letters_are_on_the_disk_before_they_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[int] = set()
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        fsync(descriptor)
        synced.add(os.fstat(descriptor).st_ino)

    monkeypatch.setattr(os, "fsync", noted)
    path = tmp_path / "dead.ndjson"
    letters = DeadLetters(str(path), max_bytes=40, keep=5)
    letters.write([{"number": number, "text": "x" * 20} for number in range(3)])
    letters.sync()
    # Those that were rotated since the last time, too.
    files = list(tmp_path.glob("dead.ndjson*"))
    assert len(files) == 3
    assert {file.stat().st_ino for file in files} <= synced


def test_no_position_is_saved_before_the_letters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "dead.ndjson"
    config = load(None, {"dead_letter.file": str(path)}, 0)
    synced: list[int] = []
    with open_run(config, lambda: False) as run:
        monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.fstat(fd).st_ino))
        run.pipeline.feed([native("SMTP Auth: (ICID 7) something new")])
        run.deliver()
        assert path.stat().st_size
        run.snapshot()
    assert path.stat().st_ino in synced
