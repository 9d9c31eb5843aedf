"""Reading a file at an offset of its plain text, compressed or not."""

import gzip
import os
import stat
import zlib
from typing import Protocol


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
            raise FileNotFoundError(f"{path}: another file has the name now")
    except OSError:
        os.close(descriptor)
        raise
    return Archive(descriptor) if compressed else Plain(descriptor)
