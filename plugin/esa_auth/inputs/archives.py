"""Plain and compressed files -> blocks of bytes, by their first bytes."""

import bz2
import gzip
import lzma
import os
import sys
import zlib
from collections.abc import Callable
from typing import BinaryIO, Protocol, TypeAlias

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BLOCK = 256 << 10
_ENOUGH = 1 << 18


class _Uncompressed(Protocol):
    def read1(self, size: int, /) -> bytes:
        """Return some bytes, b"" at the end."""


_Opener: TypeAlias = Callable[[BinaryIO], _Uncompressed]
_BY_MAGIC: tuple[tuple[bytes, _Opener], ...] = (
    (b"\x1f\x8b", lambda file: gzip.GzipFile(fileobj=file)),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ\0", lzma.LZMAFile),
    (b"\x28\xb5\x2f\xfd", zstd.ZstdFile),
    # A skippable frame, as pzstd writes one first.
    (b"\x50\x2a\x4d\x18", zstd.ZstdFile),
)
_BREAKS = (OSError, EOFError, zlib.error, lzma.LZMAError, zstd.ZstdError)


class Archive:
    """The text of one file, several compressed parts one after the other included."""

    def __init__(self, path: str) -> None:
        """Open ``path``.

        Raises:
            OSError: it cannot be opened or its first bytes not be read.
        """
        self.path = path
        # Why the text ends before the file's end; None if it does not.
        self.broken: str | None = None
        self._file = open(path, "rb")  # noqa: SIM115 - closed by `close`
        try:
            magic = self._file.read(6)
            self._file.seek(0)
        except OSError:
            self._file.close()
            raise
        openers = [opener for start, opener in _BY_MAGIC if magic.startswith(start)]
        self._text: _Uncompressed = openers[0](self._file) if openers else self._file

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def position(self) -> int:
        """How many bytes of the file are read."""
        return self._file.tell()

    @property
    def status(self) -> os.stat_result:
        """Size and time of the file on the disk."""
        return os.fstat(self._file.fileno())

    def read(self) -> bytes:
        """Return a block of text, b"" at the end or where nothing more can be read."""
        parts: list[bytes] = []
        size = 0
        while self.broken is None and size < _ENOUGH:
            try:
                # `read` would drop what it has when the file breaks off.
                part = self._text.read1(BLOCK)
            except _BREAKS as error:
                self.broken = " ".join(str(error).split()) or type(error).__name__
                break
            if not part:
                break
            parts.append(part)
            size += len(part)
        return b"".join(parts)


def beginning(one: str, other: str) -> int | None:
    """Tell whether the text of one file is the beginning of the other's.

    Returns 0 if both are the same, -1 if all of ``one`` begins ``other``, 1 if it is
    the other way round, None if they differ.

    Raises:
        OSError: a file cannot be opened.
    """
    with Archive(one) as left, Archive(other) as right:
        a = b = b""
        while True:
            a = a or left.read()
            b = b or right.read()
            if not a or not b:
                return (not b) - (not a) if a or b else 0
            common = min(len(a), len(b))
            if a[:common] != b[:common]:
                return None
            a, b = a[common:], b[common:]


def size_of(path: str) -> int:
    """Return the bytes of the file on the disk."""
    return os.stat(path).st_size
