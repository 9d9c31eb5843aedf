"""All files that are known, and which of them a file that is found is."""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from esa_auth.inputs.follow.counters import Counters
from esa_auth.inputs.follow.discovery import Found, Look
from esa_auth.inputs.follow.followed import Followed, Signature, signature
from esa_auth.inputs.follow.gone import Gone, is_copy
from esa_auth.inputs.follow.names import LIVE
from esa_auth.inputs.follow.record import OPENING, WINDOW, Fingerprint, Key, Record
from esa_auth.inputs.follow.source import Source, open_source

_COMPLAINTS_KEPT = 1000
_log = logging.getLogger(__name__)


class _Copy(NamedTuple):
    """A file that held what another one holds that is still there."""

    signature: Signature
    original: Followed
    #: Of its first bytes: a copy may grow, and its inode may be another file's later.
    head: Fingerprint


class Registry:
    """Knows files by device, inode and content."""

    def __init__(
        self, records: Iterable[Record], counters: Counters, clock: Callable[[], float]
    ) -> None:
        self.files: dict[Key, Followed] = {}
        self._counters = counters
        self._clock = clock
        self._gone = Gone(counters, clock)
        for record in records:
            if record.gone:
                self._gone.add(record)
            else:
                self.files[record.key] = Followed(record)
        # Copies of a file that is still there: nothing of them is read as long as they
        # and it stay as they are.
        self._copies: dict[Key, _Copy] = {}
        self._complaints: set[tuple[str, int | None]] = set()
        #: Logs of which a file was started over since the last look began.
        self.started_over: set[str] = set()

    def records(self) -> list[Record]:
        """Return what is to be remembered of every file."""
        return [file.record() for file in self.files.values()] + self._gone.records()

    def update(self, look: Look, ignored_logs: frozenset[str]) -> None:
        """Take over what a look has shown.

        Args:
            look: The files that are there.
            ignored_logs: Logs whose files are not read unless a pattern names them.
        """
        for error in look.failures:
            self.complain(error)
        self.started_over.clear()
        self._follow_devices(look)
        for found in look.found.values():
            self._attempt(self._meet, found)
        if not look.failures:
            self._miss(look)
        for found in look.found.values():
            if found.key in self.files:
                continue
            if found.pattern is None and found.log in ignored_logs:
                self._attempt(self._ignore, found)
            else:
                self._attempt(self._admit, found)
        if not look.failures:
            self._gone.looked({found.log for found in look.found.values()})

    def openings(self) -> Iterator[tuple[str, bytes]]:
        """Yield the log and the first bytes of each file that is followed."""
        for file in [file for file in self.files.values() if not file.ignored]:
            closed = file.source is None
            try:
                yield file.log, file.open().read(0, OPENING)
            except OSError as error:
                self.complain(error, file.path)
            if closed:
                file.close()

    def replaced(self, file: Followed) -> None:
        """Start over with a file that was truncated or rewritten in its place."""
        self._counters.truncations += 1
        _log.warning(
            "%s: truncated or rewritten, %d bytes had been read; from its start",
            file.path,
            file.position.offset,
        )
        self._gone.add(file.record(), file)
        self.started_over.add(file.log)
        self.files[file.key] = file.start_over(self._clock())

    def put_back(self, file: Followed) -> None:
        """Forget what was read of a file, for it is to be read again."""
        fresh = self.files[file.key] = file.start_over(self._clock())
        fresh.put_back = file.put_back + 1

    def bury(self, file: Followed) -> None:
        """Close a file that has no name any more, and remember what was read of it."""
        self._gone.add(file.record(), file)
        del self.files[file.key]
        file.close()

    def complain(self, error: OSError, path: str = "") -> None:
        """Count a failure, and log it unless the same has been logged.

        Args:
            error: What the system answered.
            path: The file, if the error may not name it: one that was open does not.
        """
        self._counters.errors += 1
        where = str(error.filename or path)
        what = (where, error.errno)
        if what not in self._complaints and len(self._complaints) < _COMPLAINTS_KEPT:
            self._complaints.add(what)
            _log.warning("%s: %s; trying again", where, error.strerror or error)

    def _attempt(self, step: Callable[[Found], None], found: Found) -> None:
        try:
            step(found)
        except OSError as error:
            self.complain(error, found.path)

    def _follow_devices(self, look: Look) -> None:
        """Keep files whose device has another number since the last start.

        LVM gives its devices new numbers at boot (elastic/beats#34419).
        """
        missing = {
            (file.key[1], file.path): file
            for key, file in self.files.items()
            if key not in look.found and file.source is None
        }
        for key, found in look.found.items():
            file = missing.get((key[1], found.path))
            if file is not None and key not in self.files:
                del self.files[file.key]
                file.key = key
                self.files[key] = file

    def _meet(self, found: Found) -> None:
        """Take note of what has become of a known file."""
        file = self.files.get(found.key)
        if file is None:
            return
        was_closed = file.source is None
        was_live = file.rank == LIVE and not file.pathless
        renamed = found.path != file.path
        if found.compressed != file.compressed or _may_be_another(file, found):
            self.bury(file)
            return
        file.locate(found)
        if found.literal:
            file.log, file.base = found.log, found.base
        if was_live and file.rank < LIVE:
            self._counters.rotations += 1
        status = file.status
        if status is None or not file.changed:
            return
        try:
            if not file.check():
                if was_closed and (renamed or file.rank < LIVE):
                    # Another file, which was given the same inode: nobody writes
                    # to a rotated one.
                    self.bury(file)
                else:
                    self.replaced(file)
            elif not file.unread:
                file.settle(status)
        finally:
            if was_closed:
                file.close()

    def _miss(self, look: Look) -> None:
        """Take note of the files that have no name any more."""
        for key, file in list(self.files.items()):
            if key in look.found or file.pathless:
                continue
            if file.source is None:
                self.bury(file)
                continue
            self._counters.rotations += file.rank == LIVE
            # Of a number in its last name: others are counted on without it.
            file.rank, file.name_stamp = 0, ""
            file.pathless, file.quiet_since = True, self._clock()
            try:
                if file.changed and not file.check():
                    # It was truncated before it lost its name: a copy may be there.
                    self.replaced(file)
            except OSError as error:
                self.complain(error, file.path)
        self._copies = {
            key: copy for key, copy in self._copies.items() if key in look.found
        }

    def _ignore(self, found: Found) -> None:
        """Know a file that was rotated away before the follower's time."""
        source = open_source(found.path, found.key, found.compressed)
        try:
            head = Fingerprint.of(source.read(0, WINDOW))
        finally:
            source.close()
        record = Record(found.key, found.path, found.log, found.base, head=head)
        self._add(found, record, ignored=True)

    def _admit(self, found: Found) -> None:
        """Follow a file that was not known, from where its content was not read."""
        record = Record(found.key, found.path, found.log, found.base)
        if found.rank == LIVE and not found.compressed:
            record = self._come_back(found, record) or record
        else:
            if found.status.st_size == 0 or self._is_known_copy(found):
                return
            source = open_source(found.path, found.key, found.compressed)
            try:
                inherited = self._inherit(found, record, source)
                if inherited is None and self._copied_from(found, source):
                    return
                if inherited is None and self._truncated(found.log):
                    inherited = self._inherit(found, record, source)
            finally:
                source.close()
            record = inherited or record
        self._add(found, record, ignored=record.ignored)

    def _come_back(self, found: Found, record: Record) -> Record | None:
        """Return what was read of a live file before its directory was away."""
        if not self._gone.knows(found):
            return None
        source = open_source(found.path, found.key, found.compressed)
        try:
            return self._gone.come_back(found, record, source)
        finally:
            source.close()

    def _inherit(self, found: Found, record: Record, source: Source) -> Record | None:
        copy = self._copies.pop(found.key, None)
        if copy and copy.head.begins(source.read(0, WINDOW)):
            heir = self._gone.inherit_from(copy.original, record, source)
            if heir:
                return heir
        return self._gone.inherit(record, source)

    def _truncated(self, log: str) -> bool:
        """Start over with what was truncated after this look had come to it."""
        lost = [file for file in self._originals(log) if not file.check()]
        for file in lost:
            self.replaced(file)
        return bool(lost)

    def _is_known_copy(self, found: Found) -> bool:
        copy = self._copies.get(found.key)
        return (
            copy is not None
            and copy.signature == signature(found.status)
            and self.files.get(copy.original.key) is copy.original
        )

    def _copied_from(self, found: Found, source: Source) -> bool:
        for file in self._originals(found.log):
            # The check learns its head, by which a truncation is noticed from now on.
            if file.size and file.check() and is_copy(source, file):
                head = Fingerprint.of(source.read(0, WINDOW))
                self._copies[found.key] = _Copy(signature(found.status), file, head)
                if file.pathless:
                    # The name of its archive tells its age; it has none itself.
                    file.rank, file.name_stamp = found.rank, found.stamp
                return True
        return False

    def _originals(self, log: str) -> list[Followed]:
        """Return the files that can have been copied."""
        known = [file for file in self.files.values() if file.log == log]
        return [f for f in known if not f.ignored and (f.pathless or f.rank == LIVE)]

    def _add(self, found: Found, record: Record, *, ignored: bool) -> None:
        file = Followed(record)
        file.ignored = ignored
        file.quiet_since = self._clock()
        file.locate(found)
        self.files[file.key] = file


def _may_be_another(file: Followed, found: Found) -> bool:
    """Say whether nothing but the inode, which is used again, ties them together."""
    return file.log != found.log and file.reached == 0 and file.head.blank
