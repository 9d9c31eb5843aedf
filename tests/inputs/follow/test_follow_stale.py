"""An open log that the system refuses: a network file system, a failing disk."""

import errno
import logging
import os

import pytest
from tests.inputs.follow.follow_scene import Log, Reader

from esa_auth.inputs.follow import watch

REFUSALS = [errno.ESTALE, errno.EIO]
CALLS = ["fstat", "pread", "close"]


class Refusing:
    """A system call that fails for some descriptors of a log."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, call: str, number: int, inode: int
    ) -> None:
        self._real = getattr(os, call)
        self._fstat = os.fstat
        self._number, self._inode = number, inode
        self.calls = 0
        monkeypatch.setattr(os, call, self._call)

    def _call(self, descriptor: int, *rest: object) -> object:
        if self._fstat(descriptor).st_ino != self._inode:
            return self._real(descriptor, *rest)
        self.calls += 1
        if self._real.__name__ == "close":
            self._real(descriptor)
        raise OSError(self._number, os.strerror(self._number))


@pytest.mark.parametrize("number", REFUSALS)
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("gone", [False, True])
def test_an_open_file_that_is_refused_is_tried_again(
    log: Log,
    reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    call: str,
    number: int,
    *,
    gone: bool,
) -> None:
    log.write()
    reader.poll()
    inode = log.inode
    if gone:
        log.rename()
        log.numbered(1).unlink()
    with monkeypatch.context() as broken, caplog.at_level(logging.WARNING):
        refusing = Refusing(broken, call, number, inode)
        for _ in range(5):
            reader.clock.now += 10.0
            reader.poll()
            reader.follower.unread()
            reader.save()
    if refusing.calls and call != "close":
        assert len(caplog.messages) == 1
        assert os.strerror(number) in caplog.messages[0]
        assert str(log.path) in caplog.messages[0]
    log.write()
    reader.poll()
    reader.restart()
    reader.poll()
    assert reader.lines == log.written


@pytest.mark.parametrize("number", REFUSALS)
def test_a_file_that_is_deleted_on_the_server_is_let_go(
    log: Log, reader: Reader, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    log.write()
    reader.poll()
    with monkeypatch.context() as broken:
        Refusing(broken, "fstat", number, log.inode)
        log.path.unlink()
        for _ in range(3):
            reader.poll()
            reader.clock.now += 10.0
        reader.poll()
        assert reader.follower.counters.files_open == 0
    assert reader.lines == log.written


@pytest.mark.parametrize("number", REFUSALS)
def test_a_watch_that_is_refused_is_done_without(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    slept: list[float] = []
    watcher = watch.Watcher(slept.append)
    watcher.close()

    class Refused:
        def read(self, timeout: int) -> list[object]:
            raise OSError(number, os.strerror(number))

        def close(self) -> None:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(watcher, "_inotify", Refused())
    with caplog.at_level(logging.INFO):
        assert [watcher.wait(0.25), watcher.wait(0.5)] == [False, False]
    assert slept == [0.25, 0.5]
    assert len(caplog.messages) == 1
