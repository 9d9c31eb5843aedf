"""A log and a reader of it, each closed at the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.inputs.follow.follow_scene import Log, Reader


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
