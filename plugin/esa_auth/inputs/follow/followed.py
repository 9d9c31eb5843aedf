"""One file that is being read."""

import os
from contextlib import suppress

from esa_auth.inputs.follow.discovery import Found
from esa_auth.inputs.follow.names import FirstStamp, first_stamp, take_apart
from esa_auth.inputs.follow.record import (
    OPENING,
    WINDOW,
    Chunk,
    Fingerprint,
    Position,
    Record,
)
from esa_auth.inputs.follow.source import Archive, Source, cut, open_source

Signature = tuple[int, int, int]


class ReplacedError(Exception):
    """The file was truncated or rewritten: what was read of it is not in it now."""


class Followed:
    """A file, its position, and the beginning of a line that is not complete.

    The bytes of an incomplete line are kept (never more than the longest line allowed)
    so that they are not read again; the position stays before them.
    """

    def __init__(self, record: Record, status: os.stat_result | None = None) -> None:
        name = take_apart(os.path.basename(record.path))
        self.key, self.path = record.key, record.path
        self.log, self.base = record.log, record.base
        self.rank, self.name_stamp = min(name.rank, 0), name.stamp
        self.compressed = name.compressed
        self.position, self.head = record.position, record.head
        self.seen, self.ignored = record.seen, record.ignored
        self.first_stamp: FirstStamp | None = None
        #: Its first bytes as they were when it was last read.
        self.opening = b""
        self.source: Source | None = None
        #: The file has no name any more, at least none that is looked at.
        self.pathless = False
        #: Bytes that were unread when its turn was over.
        self.rest = 0
        #: How often its first lines were read too early.
        self.put_back = 0
        #: Time of the last news, on the follower's clock.
        self.quiet_since = 0.0
        self._tail_print = record.tail
        self._tail: bytes | None = None
        self._pending = b""
        self._status = status
        self._settled: Signature | None = None
        self._checked = False
        # The system refuses to tell about the open file: a network file system whose
        # server has deleted it, a failing disk. Reading meets the same and says so.
        self._refused = False

    def locate(self, found: Found) -> None:
        """Note the name under which it was found now."""
        self.path, self._status = found.path, found.status
        self.rank, self.name_stamp = found.rank, found.stamp
        self.pathless = False

    def record(self) -> Record:
        """Return what is to be remembered."""
        tail = self._tail_print if self._tail is None else Fingerprint.of(self._tail)
        return Record(
            key=self.key,
            path=self.path,
            log=self.log,
            base=self.base,
            position=self.position,
            head=self.head,
            tail=tail,
            seen=self.seen,
            ignored=self.ignored,
        )

    @property
    def status(self) -> os.stat_result | None:
        """The newest status there is; of a file not open that of the last look."""
        if self.source is not None:
            try:
                self._status = self.source.status()
            except OSError:
                self._refused = True
        return self._status

    @property
    def reached(self) -> int:
        """Offset up to which it was read, an incomplete line included."""
        return self.position.offset + len(self._pending)

    @property
    def changed(self) -> bool:
        """Whether it has changed since it was last read, or looked at, to its end."""
        status = self.status
        if self._refused:
            return True
        return status is not None and signature(status) != self._settled

    @property
    def size(self) -> int:
        """Its size in bytes, of an archive the compressed size."""
        status = self.status
        return status.st_size if status else 0

    @property
    def modified(self) -> int:
        """Time of the last change in nanoseconds."""
        status = self.status
        return status.st_mtime_ns if status else 0

    @property
    def unread(self) -> int:
        """Bytes not handed on; of an archive the rest as far as it is known."""
        if self.ignored:
            return 0
        size = self.size
        if not self.compressed:
            return max(0, size - self.position.offset)
        if self.seen == size:
            return 0
        claimed = 0
        if isinstance(self.source, Archive):
            with suppress(OSError):
                claimed = self.source.uncompressed_size()
        return max(1, claimed - self.position.offset)

    def open(self) -> Source:
        """Return its source, opened if need be.

        Raises:
            OSError: it cannot be opened, or the name is another file's now.
        """
        if self.source is None:
            self.source = open_source(self.path, self.key, self.compressed)
            self._checked = False
        return self.source

    def close(self) -> None:
        """Close it; the position stays, an incomplete line will be read again."""
        if self.source is not None:
            source, self._status, self.source = self.source, self.status, None
            self._refused = False
            with suppress(OSError):
                source.close()
        if self._tail is not None:
            self._tail_print, self._tail = Fingerprint.of(self._tail), None
        self._pending = b""

    def start_over(self, now: float) -> "Followed":
        """Return the same file, open if it was, with nothing read of it."""
        fresh = Followed(Record(self.key, self.path, self.log, self.base), self._status)
        fresh.rank, fresh.name_stamp = self.rank, self.name_stamp
        fresh.pathless, fresh.quiet_since = self.pathless, now
        fresh.source, self.source = self.source, None
        return fresh

    def check(self) -> bool:
        """Say whether what was read of it is still there; learn more of its head.

        Raises:
            OSError: it cannot be read.
        """
        source = self.open()
        if self.compressed and self._checked:
            # An archive is not rewritten in place, and looking at its head again would
            # uncompress all of it.
            return True
        head = source.read(0, WINDOW)
        if not self.head.begins(head) or not self._tail_is_there(source):
            return False
        if len(head) > self.head.length:
            self.head = Fingerprint.of(head)
        self.first_stamp = first_stamp(head)
        self.opening = head[:OPENING]
        if not self.compressed:
            self.seen = max(self.seen, source.status().st_size)
        self._checked = True
        return True

    def settle(self, status: os.stat_result) -> None:
        """Note that there is nothing more to read until ``status`` changes."""
        self._settled = signature(status)

    def read(self, limit: int, longest: int) -> Chunk | None:
        """Return the next lines, or None if no line is complete.

        Args:
            limit: Bytes to read at most.
            longest: Longest line in bytes.

        Raises:
            ReplacedError: another file, or other content, has taken its place.
            OSError: reading failed.
        """
        source = self.open()
        status = source.status()
        offset = self.reached
        data = source.read(offset, limit)
        # Looked at after reading: what was there afterwards was there before, too.
        shrunk = not self.compressed and status.st_size < offset
        if shrunk or not self.check():
            raise ReplacedError
        at_end = len(data) < limit and not getattr(source, "torn", False)
        if at_end:
            self.settle(status)
            if self.compressed:
                self.seen = status.st_size
        return self._take(self._pending + data, longest) if data else None

    def finish(self) -> Chunk | None:
        """Return the last line though it has no newline: no more will come."""
        if not self._pending or self.position.mode == "skip":
            return None
        start, line = self.position.offset, self._pending
        self._advance(line, len(line))
        return self._chunk([line], (), start)

    def _take(self, block: bytes, longest: int) -> Chunk | None:
        result = cut(block, self.position.mode, longest)
        start = self.position.offset + result.skipped
        self._advance(block, result.consumed)
        self.position = Position(self.position.offset, result.mode)
        if not result.lines:
            return None
        return self._chunk(result.lines, result.truncated, start)

    def _advance(self, block: bytes, consumed: int) -> None:
        last = block[max(0, consumed - WINDOW) : consumed]
        self._tail = ((self._tail or b"") + last)[-WINDOW:]
        self.position = Position(self.position.offset + consumed, self.position.mode)
        self._pending = block[consumed:]

    def _chunk(
        self, lines: list[bytes], truncated: tuple[int, ...], start: int
    ) -> Chunk:
        where, opening = self.position, self.opening
        return Chunk(lines, truncated, self.path, self.log, start, where, opening)

    def _tail_is_there(self, source: Source) -> bool:
        if self._tail is None:
            length = self._tail_print.length
            found = source.read(self.position.offset - length, length)
            if len(found) != length or not self._tail_print.begins(found):
                return False
            self._tail = found
            return True
        # The beginning of a line counts, too: it may be all that there is but NULs.
        expected = (self._tail + self._pending)[-WINDOW:]
        return source.read(self.reached - len(expected), len(expected)) == expected


def signature(status: os.stat_result) -> Signature:
    """Return what changes whenever a file is written to, renamed or replaced."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
