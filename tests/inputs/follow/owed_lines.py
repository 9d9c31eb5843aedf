"""What a follower of a log owes: the lines of it that must be handed on, in order."""

import os
import tempfile
from contextlib import suppress
from datetime import date, timedelta
from fcntl import F_GETFL, fcntl
from pathlib import Path

from hypothesis.stateful import RuleBasedStateMachine
from tests.inputs.follow.follow_scene import Log, Reader


class OwedLines(RuleBasedStateMachine):
    """One log, one follower, and what the follower owes.

    ``owed`` are the lines that must be handed on, in order, ``excused`` those that may
    be missing since nobody can read them any more.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="follow-"))
        self.style: str
        self.log: Log
        self.reader: Reader
        self.running = True
        self.lossless = True
        self.half = b""
        #: The whole line that the half is of.
        self.pending: bytes
        self.owed: list[bytes] = []
        self.excused: set[bytes] = set()
        self.halves: set[bytes] = set()
        #: Handed on since the last start, and before it up to the checkpoint.
        self.stream: list[bytes] = []
        self.at_save = 0
        self.ever: set[bytes] = set()
        #: Lines by the file that holds them, and the files that the reader holds open.
        self.contents: dict[int, list[bytes]] = {}
        self.unlinked: dict[int, list[bytes]] = {}
        self.rotations = 0

    def _read(self) -> None:
        self._take(self.reader.poll())
        # What was deleted while it was held open has been read now, but for a last
        # line without newline, for which more may come.
        for inode, lines in self.unlinked.items():
            self.unlinked[inode] = [line for line in lines if line not in self.ever]
            assert set(self.unlinked[inode]) <= self.halves

    def _take(self, lines: list[bytes]) -> None:
        self.stream += lines
        self.ever.update(lines)

    def _line(self, size: int) -> bytes:
        if self.half:
            return self.pending
        return self.log.next_line(size)

    def _written(self, line: bytes) -> None:
        self.owed.append(line)
        self.contents[self.log.inode].append(line)

    def _opened(self) -> None:
        self.contents[self.log.inode] = []

    def _abandon_half(self, *, excused: bool) -> None:
        """The writer goes on in another file: what is there of the line is a line."""
        if self.half:
            if excused:
                self.excused.add(self.half)
            else:
                self._written(self.half)
                self.halves.add(self.half)
            self.half = b""

    def _rotate(self) -> None:
        self.rotations += 1
        number = self.rotations
        log, path = self.log, self.log.path
        match self.style:
            case "numbered":
                log.shift()
                path.rename(log.numbered(1))
            case "dated":
                path.rename(self.folder / f"mail.log-{self._day():%Y%m%d}")
            case "appliance":
                path.rename(path.with_suffix(".s"))
                log.path = self.folder / f"mail.@20210602T{number:06}.current"
            case "current":
                path.rename(self.folder / f"mail.@20210602T{number:06}.s")
            case "link":
                log.path = self.folder / f"mail-{self._day():%Y-%m-%d}"
                (self.folder / "next").symlink_to(log.path.name)
                (self.folder / "next").rename(self.folder / "mail.log")

    def _day(self) -> date:
        return date(2021, 6, 1) + timedelta(days=self.rotations)

    def _rotated(self) -> list[Path]:
        """Return the rotated files, the oldest first."""
        return sorted(
            (
                file
                for file in self.folder.iterdir()
                if file != self.log.path and not file.is_symlink()
            ),
            key=lambda file: (file.stat().st_mtime_ns, file.name),
        )

    def _unlink(self, path: Path) -> None:
        inode = path.stat().st_ino
        lines = self.contents.pop(inode)
        if self.running and held_open(path):
            self.unlinked[inode] = lines
        else:
            self.excused.update(line for line in lines if line not in self.ever)
        path.unlink()

    def _lose_unlinked(self) -> None:
        for lines in self.unlinked.values():
            self.excused.update(line for line in lines if line not in self.ever)
        self.unlinked.clear()


def held_open(path: Path) -> bool:
    """Say whether this process has the file open for reading."""
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            reading = fcntl(int(entry.name), F_GETFL) & os.O_ACCMODE == os.O_RDONLY
            if reading and entry.readlink() == path:
                return True
    return False
