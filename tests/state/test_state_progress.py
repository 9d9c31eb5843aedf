"""The file in which `convert` keeps how far it is."""

from pathlib import Path

import msgpack
import pytest

from esa_auth.errors import StateVersionError
from esa_auth.state.generation import VERSION, DamagedError, Generation, header
from esa_auth.state.progress import ProgressFile


def test_what_was_saved_last_comes_back(tmp_path: Path) -> None:
    file = ProgressFile(str(tmp_path / "progress"))
    assert file.load() is None
    file.save({"done": 1})
    file.save({"done": 2})
    assert ProgressFile(file.path).load() == {"done": 2}
    file.remove()
    assert file.load() is None


def test_a_file_of_the_next_version_is_refused(tmp_path: Path) -> None:
    for version in (VERSION, VERSION + 1):
        generation = Generation(1, msgpack.packb({"done": 1}), version)
        path = tmp_path / f"progress.{version}"
        path.write_bytes(header(generation) + generation.payload)
    assert ProgressFile(str(tmp_path / f"progress.{VERSION}")).load() == {"done": 1}
    with pytest.raises(StateVersionError, match="newer version"):
        ProgressFile(str(path)).load()


def test_a_file_that_was_changed_is_damaged(tmp_path: Path) -> None:
    file = ProgressFile(str(tmp_path / "progress"))
    file.save({"done": 1})
    whole = Path(file.path).read_bytes()
    for data in (b"", whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1])):
        Path(file.path).write_bytes(data)
        with pytest.raises(DamagedError):
            file.load()
