"""`--output-file`: every event is on the disk before a position is saved."""

import errno
import json
import os
import resource
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.rotated_files import family, line, numbers

from esa_auth.errors import ConfigError, TemporaryError
from esa_auth.outputs.file import FileOutput, FileSettings
from esa_auth.outputs.rotated import Limits
from esa_auth.retry import UNSLICED

DAY = 86_400


def written(
    path: Path, max_bytes: int = 1 << 20, keep: int = 99, seconds: int | None = None
) -> FileOutput:
    return FileOutput(FileSettings(str(path), Limits(max_bytes, keep, seconds)))


def test_full_files_keep_their_lines_whole_and_their_number(tmp_path: Path) -> None:
    path = tmp_path / "events"
    output = written(path, max_bytes=1000)
    for start in range(0, 60, 6):
        output.send([line(n) for n in range(start, start + 6)])
    output.close()
    files = family(path)
    assert numbers(*files) == list(range(60))
    assert all(600 < p.stat().st_size <= 1000 for p in files[:-1])
    assert {stat.S_IMODE(p.stat().st_mode) for p in files} == {0o600}
    assert output.counters.written == 60
    assert output.counters.rotations == len(files) - 1
    assert output.counters.written_bytes == sum(p.stat().st_size for p in files)


def test_the_number_of_files_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "events"
    output = written(path, max_bytes=300, keep=3)
    output.send([line(n) for n in range(8)])
    output.close()
    assert numbers(*family(path)) == list(range(2, 8))
    assert caplog.messages == [f"{path}.2: deleted, the events in it are gone"]
    assert output.counters.deleted == 1


def test_a_file_is_of_one_period(tmp_path: Path) -> None:
    path = tmp_path / "events"
    chosen = FileSettings(str(path), Limits(1 << 20, 9, DAY))
    now = [10.5 * DAY]
    output = FileOutput(chosen, now=lambda: now[0])
    for number, day in enumerate((10.5, 10.9, 11.0, 11.2, 14.0)):
        now[0] = day * DAY
        output.send([line(number)])
        os.utime(path, (now[0], now[0]))
    output.close()
    assert [numbers(p) for p in family(path)] == [[0, 1], [2, 3], [4]]
    # A start goes by what is on the disk.
    now[0] = 14.5 * DAY
    output = FileOutput(chosen, now=lambda: now[0])
    output.send([line(5)])
    os.utime(path, (now[0], now[0]))
    now[0] = 15.5 * DAY
    output.close()
    output = FileOutput(chosen, now=lambda: now[0])
    output.send([line(6)])
    output.close()
    assert [numbers(p) for p in family(path)] == [[0, 1], [2, 3], [4, 5], [6]]


def test_a_reader_of_a_full_file_loses_nothing(tmp_path: Path) -> None:
    """What was written is never cut: a shipper that is behind goes on in its file."""
    path = tmp_path / "events"
    output = written(path, max_bytes=500)
    output.send([line(0)])
    with path.open("rb") as reader:
        reader.readline()
        output.send([line(n) for n in range(1, 20)])
        behind = reader.read()
    output.close()
    assert [json.loads(each)["number"] for each in behind.splitlines()] == [1, 2]


def test_half_an_event_of_a_crash_is_ended_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_bytes(line(0) + line(1)[:40])
    output = written(path)
    output.send([line(1)])
    output.close()
    first, half, last = path.read_bytes().splitlines(keepends=True)
    assert (first, half, last) == (line(0), line(1)[:40] + b"\n", line(1))


def test_no_link_is_followed(tmp_path: Path) -> None:
    target, path = tmp_path / "target", tmp_path / "events"
    target.write_text("theirs")
    path.symlink_to(target)
    with pytest.raises(ConfigError, match=r"output\.file: .*symbolic link"):
        written(path)
    assert target.read_text() == "theirs"


def test_a_full_disk_is_waited_out(
    tmp_path: Path, limit: Callable[[int], None], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "events"
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        assert output.trouble == "File too large"
        if len(pauses) == 5:
            limit(resource.RLIM_INFINITY)

    chosen = FileSettings(str(path), Limits(1 << 20, 9))
    output = FileOutput(chosen, timing=replace(UNSLICED, sleep=sleep))
    limit(1000)
    output.send([line(n) for n in range(20)])
    output.sync()
    output.close()
    assert numbers(path) == list(range(20))
    assert output.trouble == ""
    assert caplog.messages == [
        f"events: {path}: File too large: waiting until it can be written",
        f"events: {path}: written again after 5 tries",
    ]


def test_a_stop_ends_the_wait(tmp_path: Path, limit: Callable[[int], None]) -> None:
    path = tmp_path / "events"
    chosen = FileSettings(str(path), Limits(1 << 20, 9))
    output = FileOutput(chosen, stopped=lambda: True)
    path.write_bytes(b"x" * 2000 + b"\n")
    limit(1000)
    with pytest.raises(TemporaryError, match="File too large"):
        output.send([line(0)])
    limit(resource.RLIM_INFINITY)
    output.close()


def test_what_was_sent_is_synced_and_a_file_before_it_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode):
            synced.append(status.st_ino)

    monkeypatch.setattr(os, "fsync", fsync)
    path = tmp_path / "events"
    output = written(path, max_bytes=300)
    output.send([line(0)])
    assert synced == []
    output.sync()
    output.sync()
    assert synced == [path.stat().st_ino]
    output.send([line(n) for n in range(1, 5)])
    older = {p.stat().st_ino for p in family(path)} - {path.stat().st_ino}
    assert older <= set(synced)
    output.sync()
    assert path.stat().st_ino in synced
    output.close()


def test_a_disk_that_failed_once_is_not_believed_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux says so once; to go on would be to save a position behind lost events."""
    path = tmp_path / "events"
    output = written(path, max_bytes=300)
    output.send([line(0)])
    real, failures = os.fsync, [errno.EIO]

    def fsync(descriptor: int) -> None:
        if failures and stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(failures.pop(), "Input/output error")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(TemporaryError, match="not known what is on the disk"):
        output.sync()
    failures.append(errno.EIO)
    with pytest.raises(TemporaryError, match="not known what is on the disk"):
        output.send([line(n) for n in range(1, 5)])
    output.close()
