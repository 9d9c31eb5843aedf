"""Every kind of rotation, with the follower running, stopped, and stopped thrice."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.inputs.follow.follow_scene import Log, Reader, compress

from esa_auth.inputs.follow import discovery
from esa_auth.inputs.follow.discovery import Look


@dataclass(frozen=True)
class Kind:
    """A way of rotating: how the log is made, and what one rotation does."""

    make: Callable[[Path], Log]
    rotate: Callable[[Log], None]
    #: What is followed, below the folder of the test.
    pattern: str = "logs/mail.log"
    #: Whether unread lines are gone when the follower does not run meanwhile.
    lossy_when_stopped: bool = False


def plain(folder: Path) -> Log:
    return Log(folder / "logs")


def stale(folder: Path) -> Log:
    return Log(folder / "logs", append=False)


def saved(folder: Path) -> Log:
    return Log(folder / "logs", "mail.@20210602T033901.current")


def saved_old(folder: Path) -> Log:
    return Log(folder / "logs", "mail.@20210602T033901.c")


def roll_over(log: Log) -> None:
    """As the appliance does: the status changes, and a new name is opened."""
    stem, status = log.path.name.rsplit(".", 1)
    log.path.rename(log.folder / f"{stem}.s")
    second = int(stem[-2:]) + 1
    log.path = log.folder / f"{stem[:-2]}{second:02}.{status}"
    log.open()


def current(folder: Path) -> Log:
    return Log(folder / "logs", "mail.current")


def roll_current(log: Log) -> None:
    number = len(list(log.folder.iterdir()))
    log.path.rename(log.folder / f"mail.@20210602T0339{number:02}.s")
    log.open()


def with_date(log: Log) -> None:
    number = len(list(log.folder.iterdir()))
    log.path.rename(log.folder / f"mail.log-202106{number:02}")
    log.open()


def with_date_compressed(log: Log) -> None:
    number = len(list(log.folder.iterdir()))
    rotated = log.folder / f"mail.log-202106{number:02}"
    log.path.rename(rotated)
    log.open()
    compress(rotated)


def linked(folder: Path) -> Log:
    log = Log(folder / "logs", "mail-2021-06-01")
    (folder / "logs" / "mail.log").symlink_to(log.path.name)
    return log


def swap_link(log: Log) -> None:
    day = int(log.path.name[-2:]) + 1
    log.path = log.folder / f"mail-2021-06-{day:02}"
    log.open()
    link = log.folder / "mail.log"
    (log.folder / "next").symlink_to(log.path.name)
    (log.folder / "next").rename(link)


def daily(folder: Path) -> Log:
    return Log(folder / "days" / "01", "mail.current")


def next_day(log: Log) -> None:
    folder = log.folder.parent / f"{int(log.folder.name) + 1:02}"
    folder.mkdir()
    log.folder, log.path = folder, folder / log.path.name
    log.open()


def delete_with_the_same_inode(log: Log) -> None:
    """Delete and create it until the system gives the inode out again."""
    inode = log.path.stat().st_ino
    log.close()
    log.path.unlink()
    spares = []
    for number in range(50):
        log.path.touch()
        if log.path.stat().st_ino == inode:
            break
        log.path.rename(log.folder / f"spare{number}")
        spares.append(log.folder / f"spare{number}")
    log.path.touch()
    for spare in spares:
        spare.unlink()
    log.open()


KINDS = {
    "rename and create": Kind(plain, Log.rename),
    "rename, date in the name": Kind(plain, with_date),
    "rename and compress": Kind(plain, Log.rename_and_compress),
    "date in the name, compressed": Kind(plain, with_date_compressed),
    "rename, directory followed": Kind(plain, Log.rename, "logs"),
    "rename and compress, glob followed": Kind(
        plain, Log.rename_and_compress, "logs/mail*"
    ),
    "appliance, glob": Kind(saved, roll_over, "logs/mail.@*.current"),
    "appliance, old status": Kind(saved_old, roll_over, "logs/mail.@*.c"),
    "appliance, directory": Kind(saved, roll_over, "logs"),
    "appliance, plain path": Kind(current, roll_current, "logs/mail.current"),
    "copytruncate": Kind(plain, Log.copytruncate),
    "copytruncate, stale offset": Kind(stale, Log.copytruncate),
    "copytruncate, directory followed": Kind(plain, Log.copytruncate, "logs"),
    "delete and create": Kind(plain, Log.delete, lossy_when_stopped=True),
    "inode reused": Kind(plain, delete_with_the_same_inode, lossy_when_stopped=True),
    "symlink swapped": Kind(linked, swap_link),
    "daily directory": Kind(daily, next_day, "days/*/mail.current"),
}


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
