"""What was read of files that are there no more, until an heir turns up."""

from collections.abc import Callable, Set
from dataclasses import dataclass, replace

from esa_auth.inputs.follow.counters import Counters
from esa_auth.inputs.follow.discovery import Found
from esa_auth.inputs.follow.followed import Followed
from esa_auth.inputs.follow.record import WINDOW, Fingerprint, Position, Record
from esa_auth.inputs.follow.source import Archive, Source

# A copy or an archive is made before the original goes, so it is there at the second
# look at the latest. What is remembered for longer is for files that are moved back.
_LOOKS_FOR_AN_HEIR = 2
_REMEMBERED_SECONDS = 3600.0
# Of a log of which no file is there: its whole directory may be away, as a file system
# that is not mounted yet.
_REMEMBERED_SECONDS_AWAY = 30 * 86_400.0
_REMEMBERED_FILES = 10_000


@dataclass(slots=True)
class _Gone:
    record: Record
    since: float
    file: Followed | None = None
    looks: int = 0


class Gone:
    """Records of lost content, each inherited at most once, the oldest forgotten."""

    def __init__(self, counters: Counters, clock: Callable[[], float]) -> None:
        self._counters = counters
        self._clock = clock
        self._all: list[_Gone] = []

    def add(self, record: Record, file: Followed | None = None) -> None:
        """Remember what was read of a file, here as ``file``."""
        self._all.append(_Gone(replace(record, gone=True), self._clock(), file))

    def records(self) -> list[Record]:
        """Return all that is remembered."""
        return [gone.record for gone in self._all]

    def looked(self, present: Set[str]) -> None:
        """Note that a look is over: count what nobody has inherited, forget the old.

        Args:
            present: The logs of which there is a file.
        """
        for gone in self._all:
            gone.looks += 1
            if gone.looks == _LOOKS_FOR_AN_HEIR:
                self._counters.bytes_possibly_lost += gone.record.unread
                gone.record = replace(gone.record, seen=0)
        now = self._clock()
        oldest, oldest_away = now - _REMEMBERED_SECONDS, now - _REMEMBERED_SECONDS_AWAY
        kept = [
            gone
            for gone in self._all
            if gone.since >= (oldest if gone.record.log in present else oldest_away)
        ]
        self._all = kept[-_REMEMBERED_FILES:]

    def knows(self, found: Found) -> bool:
        """Say whether a file that is found may be one that was lost, come back."""
        return any(_is_again(gone.record, found) for gone in self._all)

    def come_back(self, found: Found, heir: Record, source: Source) -> Record | None:
        """As `inherit`, for a file that was lost itself and goes on where it was."""
        again = [gone for gone in self._all if _is_again(gone.record, found)]
        return self._first(again, heir, source)

    def inherit(self, heir: Record, source: Source) -> Record | None:
        """Return the heir's record with the position where it goes on.

        Args:
            heir: A file that nothing has been read of.
            source: The same, open.

        Returns:
            None if it holds nothing that was read before.

        Raises:
            OSError: it cannot be read.
        """
        same_log = [gone for gone in self._all if gone.record.log == heir.log]
        # Small archives can be alike: the one made of this very path comes first.
        same_log.sort(key=lambda gone: f"{gone.record.path}.gz" != heir.path)
        return self._first(same_log, heir, source)

    def _first(
        self, candidates: list[_Gone], heir: Record, source: Source
    ) -> Record | None:
        for gone in candidates:
            if inherits(source, gone.record):
                return self._hand_over(gone, heir, source)
        return None

    def inherit_from(
        self, file: Followed, heir: Record, source: Source
    ) -> Record | None:
        """As `inherit`, for a file known to be a copy of ``file``."""
        for gone in self._all:
            if gone.file is file:
                return self._hand_over(gone, heir, source)
        return None

    def _hand_over(self, gone: _Gone, heir: Record, source: Source) -> Record:
        self._all.remove(gone)
        record, position, tail = gone.record, gone.record.position, gone.record.tail
        size, seen = source.status().st_size, 0
        if not isinstance(source, Archive):
            lost = min(record.unread, max(0, record.seen - size))
            self._counters.bytes_possibly_lost += lost
            if size < position.offset:
                # The copy was made before our last reading of the original.
                position, tail = Position(size, "line"), heir.tail
        elif source.uncompressed_size() == position.offset % 2**32:
            seen = size
        return replace(
            heir,
            position=position,
            head=record.head if position == record.position else heir.head,
            tail=tail,
            seen=seen,
            ignored=record.ignored,
        )


def _is_again(record: Record, found: Found) -> bool:
    # Without the device: a file system that is mounted again can have another number.
    return record.key[1] == found.key[1] and record.log == found.log


def inherits(source: Source, gone: Record) -> bool:
    """Say whether the file holds all that was read of one that is gone.

    Raises:
        OSError: it cannot be read.
    """
    if gone.head.blank and gone.tail.blank:
        return False
    if not gone.head.begins(source.read(0, WINDOW)):
        return False
    if gone.ignored or gone.position.offset == 0:
        return True
    size = gone.position.offset
    if isinstance(source, Archive) and source.uncompressed_size() == size % 2**32:
        # The archive's own word for it, so that a large one need not be uncompressed
        # only to learn that all of it has been read.
        return True
    length = gone.tail.length
    found = source.read(size - length, length)
    return len(found) == length and gone.tail.begins(found)


def is_copy(source: Source, of: Followed) -> bool:
    """Say whether the file holds a beginning of what ``of``, still there, holds.

    Raises:
        OSError: one of the two cannot be read.
    """
    original = of.open()
    head = source.read(0, WINDOW)
    if original.read(0, len(head)) != head:
        return False
    blank = Fingerprint.of(head).blank
    if not blank and (isinstance(source, Archive) or isinstance(original, Archive)):
        return True
    # A writer without O_APPEND leaves NULs where its log was truncated: such a head
    # proves nothing.
    common = min(_text_size(source), _text_size(original))
    start = max(0, common - WINDOW)
    tail = source.read(start, common - start)
    if blank and Fingerprint.of(tail).blank:
        return False
    return tail == original.read(start, common - start)


def _text_size(source: Source) -> int:
    if isinstance(source, Archive):
        return source.uncompressed_size()
    return source.status().st_size
