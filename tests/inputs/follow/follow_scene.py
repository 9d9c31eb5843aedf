"""A log that is written and rotated in every known way, and a follower of it."""

import gzip
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from esa_auth.inputs.follow import Chunk, Follower

#: What the fixture `restarted_with` does: read, stop, do something, start, read.
Restarted = Callable[[Callable[[], object]], list[bytes]]


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Reader:
    """A follower that can be stopped, killed and started again.

    Positions go through JSON, as they do in a checkpoint.
    """

    def __init__(self, *patterns: Path | str, **settings: Any) -> None:
        self._patterns = [str(pattern) for pattern in patterns]
        self.clock = Clock()
        self._settings = settings | {"clock": self.clock}
        self.saved: str | None = None
        self.chunks: list[Chunk] = []
        self.lines: list[bytes] = []
        self.follower: Follower
        self.start()
        self.save()

    def start(self) -> None:
        positions = json.loads(self.saved) if self.saved else None
        self.follower = Follower(self._patterns, positions, **self._settings)

    def save(self) -> None:
        self.saved = json.dumps(self.follower.positions())

    def poll(self) -> list[bytes]:
        """Return the lines that are new, all of them."""
        new: list[bytes] = []
        while True:
            chunks = self.follower.poll()
            self.chunks += chunks
            new += [line for chunk in chunks for line in chunk.lines]
            if not chunks and not self.follower.behind:
                self.lines += new
                return new

    def stop(self) -> None:
        self.save()
        self.kill()

    def kill(self) -> None:
        self.follower.close()

    def restart(self) -> None:
        self.stop()
        self.start()


class Log:
    """A log file ``name`` in ``folder``, with its writer and its rotations.

    Args:
        folder: Where it lies; made if missing.
        name: The name under which it is written.
        append: Whether the writer opens with O_APPEND, as most do.
        stamped: Whether lines begin with a stamp, as those of the appliance do.
    """

    def __init__(
        self,
        folder: Path,
        name: str = "mail.log",
        *,
        append: bool = True,
        stamped: bool = False,
    ) -> None:
        self.folder, self.path, self._append = folder, folder / name, append
        self.written: list[bytes] = []
        self._stamped = stamped
        self._number = 0
        self._time = 1_600_000_000 * 10**9
        folder.mkdir(parents=True, exist_ok=True)
        self._descriptor = -1
        self.open()

    def open(self) -> None:
        """Open the file under its name, as a writer does when told to."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if self._append else 0)
        self._descriptor = os.open(self.path, flags, 0o600)

    @property
    def inode(self) -> int:
        """The inode of the file that is being written."""
        return os.fstat(self._descriptor).st_ino

    def close(self) -> None:
        os.close(self._descriptor)
        self._descriptor = -1

    def raw(self, data: bytes) -> None:
        os.write(self._descriptor, data)
        self.touch(self._descriptor)

    def touch(self, file: int | Path) -> None:
        """Let a second pass: what a test does in no time has equal times else."""
        self._time += 10**9
        os.utime(file, ns=(self._time, self._time))

    def next_line(self, size: int = 0) -> bytes:
        """Return a line that was not there before, at least ``size`` bytes long."""
        self._number += 1
        line = b"line %06d of the log\r" % self._number + b"x" * size
        if self._stamped:
            minute, second = divmod(self._number, 60)
            line = b"Wed Jun  2 03:%02d:%02d 2021 Info: %s" % (minute, second, line)
        return line

    def write(self, count: int = 3, size: int = 0) -> list[bytes]:
        lines = [self.next_line(size) for _ in range(count)]
        self.raw(b"".join(line + b"\n" for line in lines))
        self.written += lines
        return lines

    def rename(self) -> None:
        """As logrotate does with ``create``."""
        self.shift()
        self.path.rename(self.numbered(1))
        self.open()

    def shift(self) -> None:
        for number in range(40, 0, -1):
            for ending in ("", ".gz"):
                old = Path(f"{self.numbered(number)}{ending}")
                if old.exists():
                    old.rename(f"{self.numbered(number + 1)}{ending}")

    def numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")

    def rename_and_compress(self) -> None:
        """As logrotate does with ``compress``."""
        self.rename()
        compress(self.numbered(1))

    def copytruncate(self, between: Callable[[], object] = lambda: None) -> None:
        """As logrotate does with ``copytruncate``; ``between`` is what is lost."""
        self.shift()
        shutil.copy(self.path, self.numbered(1))
        self.touch(self.numbered(1))
        between()
        os.truncate(self.path, 0)

    def delete(self) -> None:
        self.path.unlink()
        self.open()


def compress(path: Path) -> None:
    """As gzip does: the original goes when the archive is complete."""
    status = path.stat()
    archive = Path(f"{path}.gz")
    archive.write_bytes(gzip.compress(path.read_bytes()))
    os.utime(archive, ns=(status.st_atime_ns, status.st_mtime_ns))
    path.unlink()
