"""What fails is counted and tried again; nothing of it is fatal or loses a line."""

import errno
import logging
import os

import pytest
from tests.inputs.follow.follow_scene import Log, Reader


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


def test_closing_twice_is_safe(reader: Reader) -> None:
    reader.follower.close()
    reader.follower.close()
