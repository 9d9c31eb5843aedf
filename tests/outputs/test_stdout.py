"""Bytes to a pipe: all of them, or an error that says why not."""

import errno
import os
import select
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from esa_auth.errors import OutputGoneError, TemporaryError
from esa_auth.outputs.stdout import check_reader, is_torn, write_all

LARGE = bytes(range(256)) * 4096


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    for end in (reader, writer):
        try:
            os.close(end)
        except OSError:
            # The test has closed it.
            continue


def test_more_than_a_pipe_holds_arrives_whole(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    found = bytearray()

    def read() -> None:
        while len(found) < len(LARGE):
            found.extend(os.read(reader, 10_000))

    reading = threading.Thread(target=read)
    reading.start()
    write_all(writer, LARGE)
    reading.join()
    assert found == LARGE


@pytest.mark.parametrize("patience", [0.0, 0.5, 2.0])
def test_a_reader_that_does_not_read_has_its_patience_from_the_stop_on(
    pipe: tuple[int, int], patience: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    def never(*given: object) -> tuple[list[int], list[int], list[int]]:
        waited.append(float(str(given[3])))
        return [], [], []

    monkeypatch.setattr(select, "select", never)
    # Before the stop any time may pass.
    with pytest.raises(TemporaryError, match="did not read"):
        write_all(pipe[1], LARGE, lambda: len(waited) > 40, patience)
    assert sum(waited[41:]) == patience


def test_a_reader_that_is_gone_is_said(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    check_reader(writer)
    os.close(reader)
    with pytest.raises(OutputGoneError):
        check_reader(writer)
    with pytest.raises(OutputGoneError):
        write_all(writer, b"x")


@pytest.mark.parametrize(
    ("data", "torn"), [(b"", False), (b"{}\n", False), (b"{}", True), (b"\n{", True)]
)
@pytest.mark.parametrize("flags", [os.O_WRONLY | os.O_APPEND, os.O_RDWR])
def test_a_file_that_ends_within_a_line_is_torn(
    tmp_path: Path, data: bytes, torn: bool, flags: int
) -> None:
    path = tmp_path / "events"
    path.write_bytes(data)
    descriptor = os.open(path, flags)
    assert is_torn(descriptor) is torn
    os.close(descriptor)


def test_a_pipe_is_never_torn(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"{")
    assert not is_torn(pipe[1])


def refusing(monkeypatch: pytest.MonkeyPatch, number: int, times: int) -> None:
    """Let so many writes fail, the first of them in the middle of the data."""
    left, write = [times], os.write

    def some(descriptor: int, data: bytes) -> int:
        if left[0] and len(data) < 6:
            left[0] -= 1
            raise OSError(number, os.strerror(number))
        return write(descriptor, data[:2])

    monkeypatch.setattr(os, "write", some)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_waited_for_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path = tmp_path / "events"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    with monkeypatch.context() as patched:
        refusing(patched, number, 1)
        write_all(descriptor, b"one\ntwo\n", lambda: False)
    os.close(descriptor)
    assert path.read_bytes() == b"one\ntwo\n"


@pytest.mark.parametrize(
    ("number", "stops", "told"),
    [
        # A stop ends the wait for a full disk; nobody waits for a broken device.
        (errno.ENOSPC, True, "output: No space left on device"),
        (errno.EIO, False, r"^output: Input/output error$"),
    ],
)
def test_it_does_not_wait_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, stops: bool, told: str
) -> None:
    descriptor = os.open(tmp_path / "events", os.O_WRONLY | os.O_CREAT)
    with monkeypatch.context() as patched:
        refusing(patched, number, 99)
        with pytest.raises(TemporaryError, match=told):
            write_all(descriptor, b"one\ntwo\n", lambda: stops)
    os.close(descriptor)
