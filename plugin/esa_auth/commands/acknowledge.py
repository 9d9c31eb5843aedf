"""`filter --ack rsyslog`: says ``OK`` when a line is safe.

rsyslog's omprog with ``confirmMessages="on"`` hands over a line and waits for ``OK``; a
line that was not confirmed is handed over again, to the process that comes next. An OK
that a dying process wrote counts: omprog reads it from the pipe before it sees the end
(`readStatus` in plugins/omprog/omprog.c).

A line is safe when its event is acknowledged by the receiver, or its dead letter is on
the disk, and what it says of its session is in the journal. From there until its OK is
written it is *unconfirmed*: it will come again, and then it gets its OK and is not read
a second time.
"""

import logging
import sys
from typing import Any

from esa_auth.commands.answers import Answers
from esa_auth.commands.delivery import Run
from esa_auth.fields import reader
from esa_auth.inputs.decode import Decoder, LineSplitter
from esa_auth.inputs.stream import Stream
from esa_auth.state import CheckpointStore, Journal, StateDirectory

# What a start reads again at most.
LINES_BETWEEN_CHECKPOINTS = 50_000
BYTES_BETWEEN_CHECKPOINTS = 64 << 20
# A host that dies may leave one each time, which never comes again.
MOST_UNCONFIRMED = 16

_log = logging.getLogger("esa_auth")


class Acknowledger:
    """Reads a line, makes it safe, confirms it."""

    def __init__(
        self,
        run: Run[Any],
        decoder: Decoder,
        checkpoints: CheckpointStore,
        directory: StateDirectory,
        stream: Stream,
    ) -> None:
        """Take up where the last process was, the line in its hand included."""
        self._run, self._decoder, self._checkpoints = run, decoder, checkpoints
        self._stream = stream
        saved = checkpoints.load()
        run.restore(saved)
        number, self._unconfirmed = _of_journal(saved)
        # The line handed over last, if it is the last record of the journal.
        self._last: bytes | None = None
        self._journal = Journal(directory, number)
        self._answers = Answers(directory, sys.stdout.fileno(), lambda: stream.over)
        for record in self._journal.read():
            self._take_up(record)
        self._doubt_last()

    def follow(self) -> None:
        """Confirm lines until stdin ends."""
        lines = LineSplitter(self._decoder.longest)
        self._answers.say()
        while block := self._stream.read():
            self._run.renew()
            for line in lines.feed(block):
                self._take(line)
        for half in lines.finish():
            self._run.pipeline.reject(half, "cut", "stdin ends inside this line")
            self._run.deliver()
        if self._last is not None and self._answers.unread():
            # The host died before it read the OK: its queue may still have the line.
            self._take_up(None)
        self._checkpoint()

    def _take(self, line: bytes) -> None:
        # Before the line and not behind it: the lines up to here are confirmed.
        if (
            self._journal.count >= LINES_BETWEEN_CHECKPOINTS
            or self._journal.size + len(line) > BYTES_BETWEEN_CHECKPOINTS
        ):
            self._checkpoint()
        again = line in self._unconfirmed
        if again:
            self._unconfirmed.remove(line)
        elif not self._counts(line):
            self._last = None
            self._answers.say()
            return
        number, self._last = self._journal.count, line
        self._answers.withhold(number)
        self._journal.append([line] if again else line)
        self._answers.give(number)

    def _counts(self, line: bytes) -> bool:
        """Deliver what a line makes; return whether the next lines depend on it."""
        counters = self._run.pipeline.counters
        before = counters.ignored
        self._decoder.feed(line + b"\n")
        self._run.deliver()
        self._run.sync()
        return counters.ignored == before

    def _take_up(self, record: bytes | list[bytes] | None) -> None:
        """Bring everything to where it was after a record of the journal."""
        if isinstance(record, bytes):
            self._decoder.feed(record + b"\n")
            # The events left long ago.
            self._run.forget()
            self._last = record
        elif record is not None:
            (self._last,) = record
            if self._last in self._unconfirmed:
                self._unconfirmed.remove(self._last)
        elif self._last is not None:
            self._unconfirmed.append(self._last)
            del self._unconfirmed[:-MOST_UNCONFIRMED]
            self._last = None

    def _doubt_last(self) -> None:
        if self._last is None or self._answers.given(self._journal.count - 1):
            return
        # In the journal, because other lines may come before this one does.
        self._journal.append(None)
        self._take_up(None)

    def _checkpoint(self) -> None:
        old, self._journal = self._journal, self._journal.successor()
        checkpoint = self._run.snapshot()
        checkpoint["journal"] = self._journal.number
        checkpoint["unconfirmed"] = self._unconfirmed
        self._checkpoints.save(checkpoint)
        old.discard()
        self._last = None


def _of_journal(saved: dict[str, Any]) -> tuple[int, list[bytes]]:
    """Return the number of the journal and the lines that were not confirmed."""
    try:
        number = reader(int)(saved.get("journal", 0))
        lines = reader(tuple[bytes, ...])(saved.get("unconfirmed", []))
    except ValueError as error:
        _log.warning(
            "the saved journal cannot be read (%s): starting without it", error
        )
        return 0, []
    return number, list(lines)
