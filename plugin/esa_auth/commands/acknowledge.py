"""`filter --ack rsyslog`: says ``OK`` when a line is safe.

rsyslog's omprog with ``confirmMessages="on"`` hands over a line and waits for ``OK``; a
line that was not confirmed is handed over again, to the process that comes next. A
line is safe when its event is acknowledged by the receiver and what it says of its
session is in the journal.
"""

import sys
from typing import Any

from esa_auth.commands.delivery import Run
from esa_auth.inputs.decode import Decoder
from esa_auth.inputs.lines import LineSplitter
from esa_auth.inputs.stream import Stream
from esa_auth.outputs.descriptor import write_all
from esa_auth.state import Journal, Memory, StateDirectory

# Lines that a start reads again at most.
LINES_BETWEEN_CHECKPOINTS = 50_000


class Acknowledger:
    """Reads a line, makes it safe, confirms it."""

    def __init__(
        self,
        run: Run[Any],
        decoder: Decoder,
        memory: Memory,
        directory: StateDirectory,
    ) -> None:
        """Take up where the last process was, the line in its hand included."""
        self._run, self._decoder, self._memory = run, decoder, memory
        saved = memory.recall()
        run.restore(saved)
        self._journal = Journal(directory, int(saved.get("journal", 0)))
        # Perhaps the last line was not confirmed any more, and comes again: then it
        # must find everything as it was before it, so that its event has the same id.
        lines = self._journal.lines
        self._doubtful: bytes | None = lines[-1] if lines else None
        for line in lines[:-1]:
            self._replay(line)

    def follow(self, stream: Stream, longest: int) -> None:
        """Confirm lines until stdin ends; ``longest`` bytes hold one in its framing."""
        lines = LineSplitter(longest)
        self._confirm()
        while block := stream.read():
            self._run.renew()
            for line in lines.feed(block):
                self._take(line)
                self._confirm()
        for line in lines.finish():
            self._take(line)
        if self._doubtful is not None:
            self._replay(self._doubtful)
        self._checkpoint()

    def _take(self, line: bytes) -> None:
        again = self._doubtful == line
        if self._doubtful is not None and not again:
            self._replay(self._doubtful)
        self._doubtful = None
        before = self._ignored()
        self._decoder.feed(line + b"\n")
        self._run.deliver()
        if not again and self._ignored() == before:
            self._journal.append(line)
        if self._journal.written >= LINES_BETWEEN_CHECKPOINTS:
            self._checkpoint()

    def _replay(self, line: bytes) -> None:
        """Bring the sessions to where they were; the events left long ago."""
        self._decoder.feed(line + b"\n")
        self._run.forget()

    def _checkpoint(self) -> None:
        old, self._journal = self._journal, self._journal.successor()
        checkpoint = self._run.snapshot()
        checkpoint["journal"] = self._journal.number
        self._memory.keep(checkpoint)
        old.discard()

    def _ignored(self) -> int:
        return self._run.pipeline.counters.ignored

    def _confirm(self) -> None:
        write_all(sys.stdout.fileno(), b"OK\n")
