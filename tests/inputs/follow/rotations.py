"""The ways in which logs are rotated, by name: how each is made, and what one does."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.inputs.follow.follow_scene import Log, compress


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
