"""A full disk, without a file system that may be mounted."""

import resource
from collections.abc import Callable, Iterator

import pytest


@pytest.fixture
def limit() -> Iterator[Callable[[int], None]]:
    """A file size that the system refuses to go beyond: a full disk without mounting.

    Like a full disk it takes the part of a write that fits and refuses the rest.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
