"""The follower: looks for files, reads them in the order of their log."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from os.path import dirname
from typing import Any

from esa_auth.inputs.follow import record as saved
from esa_auth.inputs.follow.counters import Counters
from esa_auth.inputs.follow.descriptors import Descriptors
from esa_auth.inputs.follow.discovery import Look, look
from esa_auth.inputs.follow.followed import Followed, ReplacedError
from esa_auth.inputs.follow.names import in_log_order
from esa_auth.inputs.follow.record import Chunk, Key
from esa_auth.inputs.follow.registry import Registry
from esa_auth.inputs.follow.watch import Watcher

_BLOCK = 256 * 1024
# While there is much to read, looking at all directories each time would cost more than
# the reading; with thousands of files in them it would at any time.
_POLLS_PER_LOOK = 16
_PAUSE_PER_LOOK = 10
# One in which another file took a name shows two of that name.
_LISTINGS = 5
# No file waits for longer than so many looks for what is older.
_PUT_BACK = 10
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
        self._descriptors = Descriptors(self._registry, self.counters)
        self._watcher = Watcher()
        self._logs: list[list[Followed]] = []
        self.appliances = {}
        self._succeeded: set[Followed] = set()
        self._behind = False
        self._polls_until_look = 0
        self._look_due = 0.0
        self._looked = True
        self._names: dict[Key, str] = {}
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
        self._descriptors.let_go()
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
        self._descriptors.close()
        self._watcher.close()

    def _look(self, new_patterns: frozenset[str] = frozenset()) -> None:
        """See which files there are; at the start, which of them are old."""
        began = self._clock()
        seen = self._settled()
        known = {file.log for file in self._registry.files.values()}
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
        self._descriptors.hold(self._logs)
        self._polls_until_look = _POLLS_PER_LOOK
        ended = self._clock()
        self._look_due = ended + _PAUSE_PER_LOOK * (ended - began)

    def _settled(self) -> Look:
        """List the names until they stay as they are: a log is being rotated, maybe."""
        for _ in range(_LISTINGS):
            seen = self._listed(self._patterns, [*self._registry.files.values()])
            before, self._names = self._names, seen.names
            if self._names == before:
                break
        return seen

    def _listed(self, patterns: Sequence[str], files: Sequence[Followed]) -> Look:
        return look(
            patterns,
            {(dirname(file.path), file.base, file.log) for file in files},
            {file.key: (file.log, file.base) for file in files},
        )

    def _sort(self) -> None:
        logs = defaultdict(list)
        for file in self._registry.files.values():
            if not file.ignored:
                logs[file.log].append(file)
        self._succeeded.clear()
        self._logs = []
        for files in logs.values():
            filled, empty = in_log_order(files)
            # An empty file succeeds nobody yet.
            self._succeeded.update(filled[:-1])
            self._logs.append(filled + empty)

    def _read_log(self, files: list[Followed], left: int, chunks: list[Chunk]) -> int:
        """Read the files of one log in order; return how many bytes are left."""
        if files[0].log in self._registry.started_over:
            # First what its copy holds: that is older. The names were listed before.
            return self._look_first(left)
        for place, file in enumerate(files, start=1):
            if file.source is None and file.changed and not self._looked:
                # Its name, and even its inode, can be a later file's by now.
                return self._look_first(left)
            begins, before = file.position.mode == "start", len(chunks)
            failure: ReplacedError | OSError | None = None
            try:
                left = self._read_file(file, left, chunks)
            except (ReplacedError, OSError) as error:
                failure = error
            if (
                begins
                and len(chunks) > before
                and not self._is_due(file, files[: place - 1])
            ):
                del chunks[before:]
                self._registry.put_back(file)
                return self._look_first(left)
            if isinstance(failure, ReplacedError):
                self._registry.replaced(file)
                return self._look_first(left)
            if failure is not None:
                self._failed(file, failure)
                continue
            if left <= 0:
                return left
            self._leave(file, chunks)
            if file.changed and any(later.unread for later in files[place:]):
                # It has been succeeded since the last look: to be finished first.
                return self._look_first(left)
        return left

    def _look_first(self, left: int) -> int:
        self._polls_until_look = 0
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
        file.rest = file.unread
        return left

    def _is_due(self, file: Followed, older: list[Followed]) -> bool:
        """Say whether the first lines of ``file`` come next in its log.

        After the names were listed, it can have been copied and truncated, or one more
        line have been written to a file before it.
        """
        if file.put_back >= _PUT_BACK:
            return True
        if any(before.unread > before.rest for before in older):
            return False
        names = self._listed((), [*older, file]).names
        return names.items() <= self._names.items()

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
        status, file.rest = file.status, file.unread
        if error.errno is None and file.compressed and status is not None:
            # The content is damaged: it is of no use to read it again as it is.
            file.settle(status)
        if not file.pathless:
            file.close()
        elif self._lingered(file):
            self._registry.bury(file)
            self._polls_until_look = 0
