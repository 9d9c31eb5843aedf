"""A log and a reader of it, each closed at the end; and a start after a stop."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.inputs.follow.follow_scene import Log, Reader, Restarted


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = Log(tmp_path / "logs")
    yield log
    log.close()


@pytest.fixture
def reader(log: Log) -> Iterator[Reader]:
    reader = Reader(log.path)
    yield reader
    reader.kill()


@pytest.fixture
def restarted_with(log: Log, reader: Reader) -> Restarted:
    """Read all, stop, do something, start again; return what is read then."""

    def run(meanwhile: Callable[[], object]) -> list[bytes]:
        reader.poll()
        reader.stop()
        meanwhile()
        reader.start()
        return reader.poll()

    return run
