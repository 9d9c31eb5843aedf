"""Every kind of rotation, with the follower running, stopped, and stopped thrice."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.inputs.follow.follow_scene import Log, Reader
from tests.inputs.follow.rotations import KINDS, Kind

from esa_auth.inputs.follow import discovery
from esa_auth.inputs.follow.discovery import Look


@pytest.fixture(params=KINDS, ids=lambda name: name.replace(", ", "-"))
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def log(kind: Kind, tmp_path: Path) -> Iterator[Log]:
    log = kind.make(tmp_path)
    yield log
    log.close()


@pytest.fixture
def reader(kind: Kind, log: Log, tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(tmp_path / kind.pattern)
    yield reader
    reader.kill()


def test_running(kind: Kind, log: Log, reader: Reader) -> None:
    for _ in range(4):
        log.write()
        assert reader.poll() == log.written[-3:]
        kind.rotate(log)
        assert reader.poll() == []
        reader.clock.now += 10.0
    log.write()
    for _ in range(2):
        reader.poll()
        reader.clock.now += 10.0
    assert reader.lines == log.written
    assert reader.follower.counters.bytes_possibly_lost == 0
    one_in_each_directory = 5 if log.folder.name == "05" else 1
    assert reader.follower.counters.files_open == one_in_each_directory


def test_running_with_lines_unread_at_the_rotation(
    kind: Kind, log: Log, reader: Reader
) -> None:
    log.write()
    reader.poll()
    for _ in range(4):
        log.write()
        kind.rotate(log)
        log.write()
        reader.poll()
    assert reader.lines == log.written


def test_two_rotations_between_two_polls(kind: Kind, log: Log, reader: Reader) -> None:
    log.write()
    reader.poll()
    log.write()
    kind.rotate(log)
    between = log.write()
    kind.rotate(log)
    log.write()
    reader.poll()
    lost = between if kind.lossy_when_stopped else []
    assert reader.lines == [line for line in log.written if line not in lost]


def test_stopped(kind: Kind, log: Log, reader: Reader) -> None:
    log.write()
    reader.poll()
    reader.stop()
    unread = log.write()
    kind.rotate(log)
    log.write()
    reader.start()
    reader.poll()
    lost = unread if kind.lossy_when_stopped else []
    assert reader.lines == [line for line in log.written if line not in lost]


def test_stopped_across_three_rotations(kind: Kind, log: Log, reader: Reader) -> None:
    log.write()
    reader.poll()
    reader.stop()
    for _ in range(3):
        log.write()
        kind.rotate(log)
    last = log.write()
    reader.start()
    reader.poll()
    expected = log.written[:3] + last if kind.lossy_when_stopped else log.written
    assert reader.lines == expected


def test_restarted_at_every_moment(kind: Kind, log: Log, reader: Reader) -> None:
    for _ in range(3):
        log.write(2)
        reader.restart()
        reader.poll()
        log.write(1)
        reader.poll()
        reader.restart()
        kind.rotate(log)
        reader.restart()
        log.write(2)
        reader.poll()
        reader.restart()
        assert reader.poll() == []
    assert reader.lines == log.written


def test_started_before_the_file_is_there(kind: Kind, tmp_path: Path) -> None:
    reader = Reader(tmp_path / kind.pattern)
    assert reader.poll() == []
    reader.restart()
    log = kind.make(tmp_path)
    try:
        log.write()
        assert reader.poll() == log.written
    finally:
        log.close()
        reader.kill()


def test_nothing_is_kept_of_files_that_are_gone(
    kind: Kind, log: Log, reader: Reader
) -> None:
    for _ in range(6):
        log.write()
        kind.rotate(log)
        reader.poll()
        for file in log.folder.parent.rglob("*"):
            if file.is_file() and file.resolve() != log.path:
                file.unlink()
        for _ in range(3):
            reader.poll()
            reader.clock.now += 31 * 86_400.0
    reader.poll()
    assert len(reader.follower.positions()["files"]) <= 2
    assert os.path.exists(log.path)


@pytest.mark.parametrize("times", [1, 2])
def test_a_log_rotated_while_names_are_listed_is_read_in_order(
    kind: Kind,
    log: Log,
    reader: Reader,
    times: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The names are listed before the rotation, the files looked at after it."""

    def rotated(*arguments: Any) -> Look:
        found = listed(*arguments)
        for _ in range(rounds.pop() if rounds else 0):
            kind.rotate(log)
            log.write(2)
        return found

    listed, rounds = discovery.look, [times]
    log.write(3)
    reader.poll()
    log.write(2)
    monkeypatch.setattr("esa_auth.inputs.follow.follower.look", rotated)
    for _ in range(4):
        reader.clock.now += 60
        reader.poll()
        log.write(1)
    reader.poll()
    assert not rounds
    # Nobody can read what is written and deleted before anyone looks.
    lost = slice(5, 7) if kind.lossy_when_stopped and times > 1 else slice(0)
    wanted = list(log.written)
    del wanted[lost]
    assert reader.lines == wanted
