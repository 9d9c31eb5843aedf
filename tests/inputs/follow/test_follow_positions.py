"""Saved positions: packed under any name, damaged, or of a newer version."""

import os
from pathlib import Path

import msgpack
import pytest
from tests.inputs.follow.follow_scene import Log, Reader
from tests.support.damage import OTHERS, damaged, paths

from esa_auth.errors import StateVersionError
from esa_auth.inputs.follow import Follower


@pytest.mark.parametrize(
    ("key", "value"),
    [("mode", "?"), ("offset", "x"), ("head", []), ("tail", [1, "z"]), ("path", None)],
)
def test_damaged_positions_cost_a_file_and_not_the_start(
    log: Log, reader: Reader, key: str, value: object
) -> None:
    log.write()
    reader.poll()
    positions = reader.follower.positions()
    if value is None:
        del positions["files"][0][key]
    else:
        positions["files"][0][key] = value
    follower = Follower([str(log.path)], positions)
    assert [chunk.lines for chunk in follower.poll()] == [log.written]
    assert follower.counters.errors == 1
    follower.close()


def test_positions_with_a_value_of_another_type_cost_at_most_a_file(
    log: Log, reader: Reader
) -> None:
    log.write()
    reader.poll()
    positions = reader.follower.positions()
    for path in paths(positions):
        for wrong in damaged(positions, path):
            try:
                follower = Follower([str(log.path)], wrong)
            except StateVersionError:
                assert path == ("version",)
                continue
            follower.poll()
            follower.close()
    for wrong in OTHERS:
        follower = Follower([str(log.path)], wrong)
        assert [chunk.lines for chunk in follower.poll()] == [log.written]
        follower.close()


def test_positions_of_a_newer_version_are_refused(log: Log, reader: Reader) -> None:
    positions = reader.follower.positions() | {"version": 2}
    with pytest.raises(StateVersionError, match="version 2"):
        Follower([str(log.path)], positions)


@pytest.mark.parametrize("name", ["mail.log", "größe.log", os.fsdecode(b"\xff.log")])
def test_positions_can_be_packed_whatever_the_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"one\n")
    follower = Follower([str(path)])
    assert [chunk.lines for chunk in follower.poll()] == [[b"one"]]
    packed = msgpack.packb(follower.positions())
    follower.close()
    path.rename(f"{path}.1")
    path.write_bytes(b"two\n")
    again = Follower([str(path)], msgpack.unpackb(packed))
    assert [chunk.lines for chunk in again.poll()] == [[b"two"]]
    again.close()
