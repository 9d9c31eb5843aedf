r"""Reading a file at an offset of its plain text, and cutting what is read into lines.

Cut at ``\n`` and nowhere else, in bounded memory: `bytes.splitlines` also cuts at a
lone ``\r``, which a client can put into a user name.
"""

import gzip
import os
import stat
import zlib
from dataclasses import dataclass
from errno import ENOENT
from typing import Protocol

from esa_auth.inputs.follow.record import Mode


class Source(Protocol):
    """An open file."""

    def read(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes at ``offset``; less only at the end.

        Raises:
            OSError: reading failed, or the archive is damaged.
        """

    def status(self) -> os.stat_result:
        """Return the file's status; sizes are of the compressed file."""

    def close(self) -> None:
        """Close it."""


class Plain:
    """A file read as it is."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self, offset: int, size: int) -> bytes:
        return os.pread(self._descriptor, size, offset)

    def status(self) -> os.stat_result:
        return os.fstat(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)


class Archive:
    """A gzip file. Going back in it means to uncompress it again from its start."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._file = open(descriptor, "rb")  # noqa: SIM115 (closed in close)
        self._text = gzip.GzipFile(fileobj=self._file)
        #: Reading has met a torn end or damage, and gave what was before it.
        self.torn = False

    def read(self, offset: int, size: int) -> bytes:
        """Return the uncompressed bytes; those before a torn end as well."""
        parts: list[bytes] = []
        try:
            self._text.seek(offset)
            while size > 0 and (part := self._text.read1(size)):
                parts.append(part)
                size -= len(part)
        except (EOFError, zlib.error) as error:
            self.torn = True
            if not parts:
                raise OSError(f"damaged archive: {error}") from error
        return b"".join(parts)

    def uncompressed_size(self) -> int:
        """Return the size that the archive claims, modulo 2**32 (RFC 1952, ISIZE)."""
        size = self.status().st_size
        return int.from_bytes(os.pread(self._descriptor, 4, max(0, size - 4)), "little")

    def status(self) -> os.stat_result:
        return os.fstat(self._descriptor)

    def close(self) -> None:
        self._text.close()
        self._file.close()


def open_source(path: str, key: tuple[int, int], compressed: bool) -> Source:
    """Open ``path`` if it is still the regular file ``key`` (device, inode).

    Raises:
        FileNotFoundError: there is another file now, or none.
        OSError: it cannot be opened.
    """
    # O_NONBLOCK: a FIFO that has taken the name would wait for its writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if (status.st_dev, status.st_ino) != key or not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(ENOENT, "another file has the name now", path)
    except OSError:
        os.close(descriptor)
        raise
    return Archive(descriptor) if compressed else Plain(descriptor)


@dataclass(frozen=True, slots=True)
class Cut:
    """Lines cut from the start of a block of bytes.

    Attributes:
        lines: Without newline.
        truncated: Indexes of the lines that were cut at the cap.
        skipped: Bytes before the first line that belong to no line handed on.
        consumed: Bytes of the block that are dealt with; the rest is the beginning of
            a line, never longer than the cap.
        mode: What stands behind the consumed bytes.
    """

    lines: list[bytes]
    truncated: tuple[int, ...]
    skipped: int
    consumed: int
    mode: Mode


def cut(block: bytes, mode: Mode, cap: int) -> Cut:
    """Return the complete lines of ``block`` and how much of it they make up.

    Args:
        block: Bytes of a file, from where ``mode`` says.
        mode: What stands at the start of the block.
        cap: Longest line in bytes; of a longer one the first ``cap`` bytes are a line,
            marked as truncated, and the rest is passed over. It is never a line: a
            user name of 64 KiB could else begin one of its own.
    """
    skipped = _skipped(block, mode)
    if mode == "skip" and block[skipped - 1 : skipped] != b"\n":
        return Cut([], (), skipped, skipped, mode)
    end = block.rfind(b"\n", skipped)
    lines = block[skipped:end].split(b"\n") if end >= 0 else []
    consumed = end + 1 if end >= 0 else skipped
    if lines or mode == "skip":
        # The start lasts until a line is complete: if the file is truncated before
        # that, a larger hole can take the place of what was seen of the line.
        mode = "line"
    if len(block) - consumed > cap:
        lines.append(block[consumed:])
        consumed, mode = len(block), "skip"
    if not lines or max(map(len, lines)) <= cap:
        return Cut(lines, (), skipped, consumed, mode)
    truncated = tuple(i for i, line in enumerate(lines) if len(line) > cap)
    return Cut([line[:cap] for line in lines], truncated, skipped, consumed, mode)


def _skipped(block: bytes, mode: Mode) -> int:
    """Return how many bytes at the start of the block are no line's."""
    if mode == "start":
        # A writer without O_APPEND goes on at its old offset after copytruncate, and
        # the file begins with a hole (logrotate/logrotate#286: 22 MB of NULs).
        # Compared as a whole first: lstrip goes byte by byte.
        if block == bytes(len(block)):
            return len(block)
        return len(block) - len(block.lstrip(b"\0"))
    if mode == "skip":
        end = block.find(b"\n")
        return len(block) if end < 0 else end + 1
    return 0
