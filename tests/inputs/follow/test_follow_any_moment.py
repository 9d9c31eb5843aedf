"""A writer goes on between any two calls that the follower makes of the system."""

import gzip
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.inputs.follow.follow_scene import Log, Reader

Step = Callable[[], object]
CALLS = ("stat", "lstat", "fstat", "open", "pread", "scandir")


class Writer:
    """A log, and what its writer and whoever rotates it do, step by step."""

    def __init__(self, folder: Path, *, stamped: bool, dated: bool) -> None:
        self.log = Log(folder, stamped=stamped)
        self._dated, self._rotations = dated, 0
        self._half = b""
        self._newest = self._packed = self.log.path

    def lines(self, count: int) -> list[Step]:
        return [lambda: self.log.write(count)]

    def halves(self) -> list[Step]:
        """A line in two writes, as a reader may see one write of many lines."""
        return [self._begin, self._end]

    def copytruncate(self) -> list[Step]:
        return [self._copy, lambda: os.truncate(self.log.path, 0)]

    def rename(self) -> list[Step]:
        return [lambda: self.log.path.rename(self._rotated()), self.log.open]

    def compress(self) -> list[Step]:
        return [*self.rename(), self._pack, lambda: self._packed.unlink()]

    def _pack(self) -> None:
        self._packed = self._newest
        archive = Path(f"{self._packed}.gz")
        archive.write_bytes(gzip.compress(self._packed.read_bytes()))
        self.log.touch(archive)

    def _begin(self) -> None:
        line = self.log.next_line(20)
        self.log.raw(line[:-10])
        self._half = line

    def _end(self) -> None:
        self.log.raw(self._half[-10:] + b"\n")
        self.log.written.append(self._half)

    def _copy(self) -> None:
        copy = self._rotated()
        shutil.copy(self.log.path, copy)
        self.log.touch(copy)

    def _rotated(self) -> Path:
        self._rotations += 1
        if self._dated:
            self._newest = self.log.folder / f"mail.log-202606{self._rotations:02}"
        else:
            self.log.shift()
            self._newest = self.log.numbered(1)
        return self._newest


@contextmanager
def meanwhile(steps: list[tuple[int, Step]]) -> Iterator[None]:
    """Do each step before the call of the system that has its number."""
    calls, busy = 0, False

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def do(*arguments: Any, **options: Any) -> Any:
            nonlocal calls, busy
            if not busy:
                calls, busy = calls + 1, True
                while steps and steps[0][0] <= calls:
                    steps.pop(0)[1]()
                busy = False
            return call(*arguments, **options)

        return do

    with pytest.MonkeyPatch.context() as patched:
        for name in CALLS:
            patched.setattr(os, name, counted(getattr(os, name)))
        yield


ROUND = st.tuples(
    st.sampled_from(["copytruncate", "rename", "compress"]),
    st.integers(0, 2),
    st.booleans(),
    st.lists(st.integers(0, 40), min_size=7, max_size=7),
)


@given(
    st.booleans(),
    st.booleans(),
    st.integers(0, 3),
    st.integers(0, 2),
    st.lists(ROUND, min_size=1, max_size=3),
)
def test_every_line_comes_once_and_in_order(
    stamped: bool,
    dated: bool,
    read: int,
    unread: int,
    rounds: list[tuple[str, int, bool, list[int]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        writer = Writer(Path(folder), stamped=stamped, dated=dated)
        log, reader = writer.log, Reader(writer.log.path)
        if read:
            log.write(read)
            reader.poll()
        if unread:
            log.write(unread)
        steps: list[tuple[int, Step]] = []
        at = 0
        for how, count, halves, waits in rounds:
            todo = getattr(writer, how)() + (writer.lines(count) if count else [])
            todo += writer.halves() if halves else []
            for step, wait in zip(todo, waits, strict=False):
                at += wait
                steps.append((at, step))
        with meanwhile(steps):
            for _ in range(4):
                reader.clock.now += 60.0
                reader.poll()
        for _, step in steps:
            step()
        for _ in range(3):
            reader.clock.now += 60.0
            reader.poll()
        log.close()
        reader.kill()
    assert reader.lines == log.written
