"""What a follower may read at a time, hold open, keep in memory and look at."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.inputs.follow.follow_scene import Log, Reader

from esa_auth.inputs.follow import Follower

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


def test_the_first_lines_of_many_logs_cost_no_look_at_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, real = 0, os.stat

    def stat(*arguments: Any, **options: Any) -> os.stat_result:
        nonlocal asked
        asked += 1
        return real(*arguments, **options)

    costs = []
    for many in (10, 40):
        folder = tmp_path / str(many)
        logs = [Log(folder / str(number)) for number in range(many)]
        for log in logs:
            log.write()
        reader = Reader(folder / "*" / "mail.log")
        with monkeypatch.context() as patched:
            patched.setattr(os, "stat", stat)
            before = asked
            assert len(reader.poll()) == 3 * many
            costs.append((asked - before) / many)
        reader.kill()
        for log in logs:
            log.close()
    assert costs[1] < 2 * costs[0]
