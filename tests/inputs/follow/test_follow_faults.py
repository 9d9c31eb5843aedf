"""What fails is counted and tried again; nothing of it is fatal or loses a line."""

import errno
import logging
import os
import resource
import subprocess
import sys
from pathlib import Path

import msgpack
import pytest
from tests.inputs.follow.follow_scene import Log, Reader
from tests.support.damage import OTHERS, damaged, paths

from esa_auth.errors import StateVersionError
from esa_auth.inputs.follow import Follower, watch

MEASURED = """
import resource, sys
from esa_auth.inputs.follow import Follower
follower = Follower(sys.argv[1:2])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
lines = []
truncated = 0
while chunks := follower.poll() or follower.behind:
    if chunks is not True:
        lines += [line[:20] for chunk in chunks for line in chunk.lines]
        truncated += sum(len(chunk.truncated) for chunk in chunks)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(lines, truncated, (after - before) // 1024)
"""


def failing(monkeypatch: pytest.MonkeyPatch, call: str, number: int) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), "somewhere")

    monkeypatch.setattr(os, call, fail)


@pytest.mark.parametrize(
    ("call", "number"),
    [
        ("open", errno.EMFILE),
        ("open", errno.EACCES),
        ("pread", errno.EIO),
        ("stat", errno.EACCES),
        ("scandir", errno.EACCES),
        ("scandir", errno.EMFILE),
    ],
)
@pytest.mark.parametrize("restart", [False, True])
def test_a_failing_call_is_tried_again(
    log: Log,
    reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    number: int,
    *,
    restart: bool,
) -> None:
    log.write()
    reader.poll()
    if restart:
        reader.stop()
    log.write()
    log.rename()
    log.write()
    with monkeypatch.context() as broken:
        failing(broken, call, number)
        if restart:
            reader.start()
        for _ in range(5):
            reader.poll()
        assert reader.follower.counters.errors > 0
    reader.poll()
    reader.restart()
    assert reader.poll() == []
    assert sorted(reader.lines) == sorted(log.written)


def test_what_cannot_be_looked_for_is_not_forgotten(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Reader(log.folder)
    log.write()
    log.rename()
    log.write()
    reader.poll()
    with monkeypatch.context() as broken:
        failing(broken, "scandir", errno.EACCES)
        for _ in range(4):
            reader.clock.now += 4000.0
            assert reader.poll() == []
    assert reader.poll() == []
    assert reader.lines == log.written
    reader.kill()


def test_the_same_failure_is_logged_once(
    log: Log,
    reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    log.write()
    with monkeypatch.context() as broken, caplog.at_level(logging.WARNING):
        failing(broken, "open", errno.EMFILE)
        for _ in range(5):
            reader.poll()
    assert len(caplog.messages) == 1
    assert "Too many open files" in caplog.messages[0]


def test_a_truncation_while_reading_gives_no_mixed_line(
    log: Log, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.write(1)
    reader.poll()
    log.write(2)
    pread = os.pread
    done: list[int] = []

    def truncated_meanwhile(descriptor: int, size: int, offset: int) -> bytes:
        if offset > 0 and size > 10_000 and not done:
            done.append(offset)
            log.path.write_bytes(b"x" * offset + b"made of two halves\n")
        return pread(descriptor, size, offset)

    monkeypatch.setattr(os, "pread", truncated_meanwhile)
    reader.poll()
    assert done
    assert reader.lines == [log.written[0], b"x" * done[0] + b"made of two halves"]


@pytest.mark.parametrize(
    ("key", "value"),
    [("mode", "?"), ("offset", "x"), ("head", []), ("tail", [1, "z"]), ("path", None)],
)
def test_damaged_positions_cost_a_file_and_not_the_start(
    log: Log, reader: Reader, key: str, value: object
) -> None:
    log.write()
    reader.poll()
    positions = reader.follower.positions()
    if value is None:
        del positions["files"][0][key]
    else:
        positions["files"][0][key] = value
    follower = Follower([str(log.path)], positions)
    assert [chunk.lines for chunk in follower.poll()] == [log.written]
    assert follower.counters.errors == 1
    follower.close()


def test_positions_with_a_value_of_another_type_cost_at_most_a_file(
    log: Log, reader: Reader
) -> None:
    log.write()
    reader.poll()
    positions = reader.follower.positions()
    for path in paths(positions):
        for wrong in damaged(positions, path):
            try:
                follower = Follower([str(log.path)], wrong)
            except StateVersionError:
                assert path == ("version",)
                continue
            follower.poll()
            follower.close()
    for wrong in OTHERS:
        follower = Follower([str(log.path)], wrong)
        assert [chunk.lines for chunk in follower.poll()] == [log.written]
        follower.close()


def test_positions_of_a_newer_version_are_refused(log: Log, reader: Reader) -> None:
    positions = reader.follower.positions() | {"version": 2}
    with pytest.raises(StateVersionError, match="version 2"):
        Follower([str(log.path)], positions)


@pytest.mark.parametrize("name", ["mail.log", "größe.log", os.fsdecode(b"\xff.log")])
def test_positions_can_be_packed_whatever_the_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"one\n")
    follower = Follower([str(path)])
    assert [chunk.lines for chunk in follower.poll()] == [[b"one"]]
    packed = msgpack.packb(follower.positions())
    follower.close()
    path.rename(f"{path}.1")
    path.write_bytes(b"two\n")
    again = Follower([str(path)], msgpack.unpackb(packed))
    assert [chunk.lines for chunk in again.poll()] == [[b"two"]]
    again.close()


def test_a_poll_reads_no_more_than_it_may(tmp_path: Path) -> None:
    logs = [Log(tmp_path, f"{name}.log") for name in "abc"]
    reader = Reader(tmp_path, max_bytes=1000)
    for log in logs:
        log.write(100)
    read: list[bytes] = []
    seen = set()
    for _ in range(6):
        chunks = reader.follower.poll()
        lines = [line for chunk in chunks for line in chunk.lines]
        assert sum(len(line) + 1 for line in lines) <= 1100
        assert reader.follower.behind
        assert reader.follower.wait(3600)
        read += lines
        seen |= {chunk.path for chunk in chunks}
    assert len(seen) == 3
    rest = reader.poll()
    assert sorted(read + rest) == sorted(line for log in logs for line in log.written)
    assert not reader.follower.behind
    reader.kill()
    for log in logs:
        log.close()


def test_unread_bytes_are_told(log: Log, reader: Reader) -> None:
    log.write(2)
    reader.restart()
    assert reader.follower.unread() == {str(log.path): log.path.stat().st_size}
    reader.poll()
    assert reader.follower.unread() == {str(log.path): 0}
    log.raw(b"half")
    reader.poll()
    assert reader.follower.unread() == {str(log.path): 4}


def test_more_files_than_may_be_open(tmp_path: Path) -> None:
    for number in range(200):
        (tmp_path / f"{number:03}.log").write_bytes(b"%d\n" % number)
    reader = Reader(tmp_path)
    assert len(reader.poll()) == 200
    assert reader.follower.counters.files_open <= 64
    reader.restart()
    assert reader.poll() == []
    assert reader.follower.counters.files_open <= 64
    (tmp_path / "007.log").write_bytes(b"7\nmore\n")
    assert reader.poll() == [b"more"]
    reader.kill()
    assert reader.follower.counters.files_open == 0


class SlowClock:
    """A clock by which every look takes at least half a second."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 0.5
        return self.now


def test_slow_directories_are_looked_at_less_often(tmp_path: Path) -> None:
    follower = Follower([str(tmp_path)], clock=SlowClock())
    known = []
    for number in range(100):
        (tmp_path / f"{number}.log").touch()
        follower.poll()
        known.append(len(follower.unread()))
    follower.close()
    assert 2 <= len(set(known)) <= 20


def test_what_is_no_log_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    for name in (".hidden", "mail.log.1.xz", "mail.log~"):
        (tmp_path / name).write_bytes(b"not this\n")
    (tmp_path / "mail.log").write_bytes(b"this\n")
    os.link(tmp_path / "mail.log", tmp_path / "same.log")
    reader = Reader(tmp_path, tmp_path / "mail.log", str(tmp_path / "m[ab]il*"))
    assert reader.poll() == [b"this"]
    reader.kill()


def test_files_named_by_address_are_logs_of_their_own(tmp_path: Path) -> None:
    logs = [Log(tmp_path, f"10.0.0.{number}") for number in (1, 2)]
    logs += [Log(tmp_path, f"server.{number}") for number in (1, 2)]
    reader = Reader(tmp_path)
    for log in logs:
        log.raw(b"ha")
    reader.poll()
    for log in logs:
        log.raw(b"lf\n")
    assert reader.poll() == [b"half"] * 4
    reader.kill()
    for log in logs:
        log.close()


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (b"", "[b'after'] 0"),
        (
            b"x",
            "[b'x\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"
            "\\x00\\x00\\x00\\x00\\x00\\x00', b'after'] 1",
        ),
    ],
    ids=["hole of 1 GiB", "line of 1 GiB"],
)
def test_memory_is_bounded(tmp_path: Path, first: bytes, expected: str) -> None:
    with (tmp_path / "mail.log").open("wb") as file:
        file.write(first)
        file.seek(1 << 30)
        file.write(b"\nafter\n" if first else b"after\n")
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(tmp_path / "mail.log")],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    result, _, mebibytes = done.stdout.strip().rpartition(" ")
    assert result == expected
    assert int(mebibytes) < 10


def test_a_write_wakes_the_waiting(log: Log, reader: Reader) -> None:
    reader.poll()
    log.write()
    assert reader.follower.wait(3600)
    reader.poll()
    assert not reader.follower.wait(0)
    log.rename()
    assert reader.follower.wait(3600)


def test_without_inotify_it_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "inotify_simple", None)
    slept: list[float] = []
    watcher = watch.Watcher(slept.append)
    watcher.watch(["/"])
    assert [watcher.wait(0.25), watcher.wait(3600)] == [False, False]
    assert slept == [0.25, 1.0]
    watcher.close()


def test_without_descriptors_for_inotify_it_sleeps() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    slept: list[float] = []
    try:
        watcher = watch.Watcher(slept.append)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    watcher.wait(0.5)
    assert slept == [0.5]
    watcher.close()


def test_closing_twice_is_safe(reader: Reader) -> None:
    reader.follower.close()
    reader.follower.close()
