"""The follower: looks for files, reads them in the order of their log."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from os.path import dirname
from typing import Any

from esa_auth.inputs.follow import record as saved
from esa_auth.inputs.follow.counters import Counters
from esa_auth.inputs.follow.discovery import look
from esa_auth.inputs.follow.followed import Followed, ReplacedError
from esa_auth.inputs.follow.names import in_log_order
from esa_auth.inputs.follow.record import Chunk
from esa_auth.inputs.follow.registry import Registry
from esa_auth.inputs.follow.watch import Watcher

_BLOCK = 256 * 1024
# While there is much to read, looking at all directories each time would cost more than
# the reading; with thousands of files in them it would at any time.
_POLLS_PER_LOOK = 16
_PAUSE_PER_LOOK = 10
_HELD_OPEN = 64
# Seconds without news for which a deleted file is kept open.
_LINGER = 5.0


class Follower:
    """Hands on the lines of files that grow, are rotated, truncated and replaced.

    A log is all files of one rotation. Its files are read one after the other in the
    order in which they were written. One writer per log is assumed: when it has begun a
    new file, the one before is complete, its last line too, newline or not. (What still
    comes is read all the same.) Not for use by several threads at once.

    Positions are to be saved once at the start, before the first line is dealt with:
    what is rotated away before that cannot be told from what is old.
    """

    #: The appliance that the path of a log names, by log.
    appliances: dict[str, str]
    #: Patterns that named no file at the last look.
    unmatched: frozenset[str]

    def __init__(
        self,
        patterns: Sequence[str],
        positions: Mapping[str, Any] | None = None,
        *,
        max_bytes: int = 1 << 20,
        max_line: int = 64 * 1024,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Look for the files; nothing is read yet.

        Args:
            patterns: Plain paths, globs and directories.
            positions: What `positions` gave, or nothing at the first start: then files
                that a pattern names are read from their start, and rotated files beside
                them are old and left alone.
            max_bytes: Bytes read by one call of `poll` at most.
            max_line: Longest line in bytes; of a longer one that much is handed on.
            clock: Seconds that never go back.

        Raises:
            StateVersionError: the positions are of a newer version.
        """
        before = saved.decode(positions, patterns)
        self.counters = Counters(errors=before.malformed)
        self._patterns = list(dict.fromkeys(patterns))
        self._max_bytes, self._max_line = max_bytes, max_line
        self._clock = clock
        self._registry = Registry(before.records, self.counters, clock)
        self._watcher = Watcher()
        self._logs: list[list[Followed]] = []
        self.appliances = {}
        self._succeeded: set[Followed] = set()
        self._behind = False
        self._polls_until_look = 0
        self._look_due = 0.0
        self._looked = True
        self._look(frozenset(self._patterns) - before.patterns)

    def poll(self, max_bytes: int | None = None) -> list[Chunk]:
        """Return what is new, of at most ``max_bytes`` bytes, without waiting.

        An empty list does not mean that all is read: see `behind`.
        """
        due = not self._behind and self._clock() >= self._look_due
        self._looked = due or self._polls_until_look <= 0
        if self._looked:
            self._look()
        self._polls_until_look -= self._behind
        chunks: list[Chunk] = []
        left = self._max_bytes if max_bytes is None else max_bytes
        for files in self._logs:
            left = self._read_log(files, left, chunks)
        self._behind = left <= 0 or self._polls_until_look <= 0
        # The next call begins with another log, so that one that never ends does not
        # keep the others waiting.
        self._logs = self._logs[1:] + self._logs[:1]
        self._let_go()
        self._count_open()
        return chunks

    @property
    def behind(self) -> bool:
        """Whether the last `poll` stopped at its limit: there is more to read."""
        return self._behind

    def wait(self, timeout: float) -> bool:
        """Wait until there may be something new; return False if nothing was seen.

        Args:
            timeout: Seconds at most; it may return earlier. `poll` is due in any case.
        """
        return self._behind or self._watcher.wait(timeout)

    def positions(self) -> dict[str, Any]:
        """Return what a new follower needs to go on behind the last line handed on."""
        return saved.encode(self._patterns, self._registry.records())

    def unread(self) -> dict[str, int]:
        """Return for each file that is followed how many bytes are not handed on.

        The one method that another thread may call: it looks at a list of its own.
        """
        return {
            file.path: file.unread
            for file in list(self._registry.files.values())
            if not file.ignored
        }

    def followed(self) -> tuple[int, int]:
        """Return how many files of how many logs are followed."""
        return sum(map(len, self._logs)), len(self._logs)

    def openings(self) -> Iterator[tuple[str, bytes]]:
        """Return the log and the first bytes of each file that is followed."""
        return self._registry.openings()

    def close(self) -> None:
        """Close all files. Safe to call twice."""
        for file in self._registry.files.values():
            file.close()
        self._watcher.close()
        self._count_open()

    def _look(self, new_patterns: frozenset[str] = frozenset()) -> None:
        """See which files there are; at the start, which of them are old."""
        began = self._clock()
        files = self._registry.files
        seen = look(
            self._patterns,
            {(dirname(file.path), file.base, file.log) for file in files.values()},
            {key: (file.log, file.base) for key, file in files.items()},
        )
        known = {file.log for file in files.values()}
        self.appliances = {
            log: self.appliances[log] for log in known & self.appliances.keys()
        } | seen.appliances
        self.unmatched = frozenset(self._patterns) - seen.matched
        self._watcher.watch(seen.directories)
        self._registry.update(
            seen,
            frozenset(
                log
                for log, patterns in seen.patterns.items()
                if patterns <= new_patterns and log not in known
            ),
        )
        self._sort()
        self._hold()
        self._polls_until_look = _POLLS_PER_LOOK
        ended = self._clock()
        self._look_due = ended + _PAUSE_PER_LOOK * (ended - began)

    def _sort(self) -> None:
        logs = defaultdict(list)
        for file in self._registry.files.values():
            if not file.ignored:
                logs[file.log].append(file)
        self._succeeded.clear()
        self._logs = []
        for files in logs.values():
            ordered = in_log_order(files)
            filled = sum(1 for file in ordered if file.size)
            # Empty files are last: they succeed nobody yet.
            self._succeeded.update(islice(ordered, max(0, filled - 1)))
            self._logs.append(ordered)

    def _hold(self) -> None:
        """Open what is to be read, so that it can be removed before its turn comes."""
        held = self._count_open()
        for files in self._logs:
            for file in files:
                if file.source is None and file.unread and held < _HELD_OPEN:
                    held += self._opened(file)

    def _let_go(self) -> None:
        """Close the files that have been quiet for longest if too many are open.

        With a directory for each day there is a last file in each.
        """
        excess = self._count_open() - _HELD_OPEN
        if excess > 0:
            idle = [
                file
                for file in self._registry.files.values()
                if file.source is not None and not file.changed and not file.pathless
            ]
            for file in sorted(idle, key=lambda file: file.quiet_since)[:excess]:
                file.close()

    def _opened(self, file: Followed) -> bool:
        try:
            file.open()
        except OSError as error:
            self._registry.complain(error, file.path)
            return False
        return True

    def _count_open(self) -> int:
        files = self._registry.files.values()
        self.counters.files_open = sum(file.source is not None for file in files)
        return self.counters.files_open

    def _read_log(self, files: list[Followed], left: int, chunks: list[Chunk]) -> int:
        """Read the files of one log in order; return how many bytes are left."""
        if files[0].log in self._registry.started_over:
            # First what its copy holds: that is older. The names were listed before.
            self._polls_until_look = 0
            return left
        for place, file in enumerate(files, start=1):
            if file.source is None and file.changed and not self._looked:
                # Its name, and even its inode, can be a later file's by now.
                self._polls_until_look = 0
                return left
            try:
                left = self._read_file(file, left, chunks)
            except ReplacedError:
                self._registry.replaced(file)
                self._polls_until_look = 0
                return left
            except OSError as error:
                self._failed(file, error)
                continue
            if left <= 0:
                return left
            self._leave(file, chunks)
            if file.unread and any(later.unread for later in files[place:]):
                # It has been succeeded since the last look: to be finished first.
                self._polls_until_look = 0
                return left
        return left

    def _read_file(self, file: Followed, left: int, chunks: list[Chunk]) -> int:
        while left > 0 and file.changed:
            before, reached = file.position.offset, file.reached
            chunk = file.read(min(left, _BLOCK), self._max_line)
            file.quiet_since = self._clock()
            if chunk:
                chunks.append(chunk)
            self.counters.bytes_read += file.position.offset - before
            if file.reached == reached:
                break
            left -= file.reached - reached
        return left

    def _leave(self, file: Followed, chunks: list[Chunk]) -> None:
        """Finish a file that is read to its end, if nothing more will come."""
        lingered = self._lingered(file)
        if not (file.compressed or file in self._succeeded or lingered):
            return
        if chunk := file.finish():
            self.counters.bytes_read += file.position.offset - chunk.start
            chunks.append(chunk)
        if lingered:
            self._registry.bury(file)
            self._polls_until_look = 0
        elif not file.pathless and not file.unread:
            file.close()

    def _lingered(self, file: Followed) -> bool:
        return file.pathless and self._clock() - file.quiet_since >= _LINGER

    def _failed(self, file: Followed, error: OSError) -> None:
        self._registry.complain(error, file.path)
        status = file.status
        if error.errno is None and file.compressed and status is not None:
            # The content is damaged: it is of no use to read it again as it is.
            file.settle(status)
        if not file.pathless:
            file.close()
        elif self._lingered(file):
            self._registry.bury(file)
            self._polls_until_look = 0
