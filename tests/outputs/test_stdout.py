"""Bytes to a pipe: all of them, or an error that says why not."""

import os
import select
import threading
from collections.abc import Iterator

import pytest

from esa_auth.errors import OutputGoneError, TemporaryError
from esa_auth.outputs.stdout import check_reader, write_all

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
