"""`filter --reply`: one answer for each line, in which are the events that it made.

For hosts that write a line to a child and wait for one line back: rsyslog's mmexternal
(plugins/external/INTERFACE.md there) and the processor ``subprocess`` of Benthos.
"""

import fcntl
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from esa_auth.commands.delivery import Run
from esa_auth.config import Config
from esa_auth.errors import ConfigError
from esa_auth.inputs.decode import Decoder, LineSplitter
from esa_auth.inputs.stream import Stream
from esa_auth.outputs import STDOUT
from esa_auth.outputs.stdout import check_reader, write_all
from esa_auth.state import Journal

if TYPE_CHECKING:
    from esa_auth.state import CheckpointStore, StateDirectory

# What a start reads again at most.
LINES_BETWEEN_CHECKPOINTS = 50_000
BYTES_BETWEEN_CHECKPOINTS = 64 << 20


def _mmexternal(events: bytes) -> bytes:
    # What it names is changed in the message; without a name nothing is.
    return b'{"$!":{"esa_auth":[%b]}}\n' % events if events else b"{}\n"


def _array(events: bytes) -> bytes:
    return b"[%b]\n" % events


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "mmexternal": _mmexternal,
    "array": _array,
}


def check_for_replying(config: Config) -> None:
    """Refuse what would come between a line and its answer.

    Raises:
        ConfigError: the text names the key.
    """
    if not (config.dead_letter and config.log_file):
        # mmexternal of rsyslog 8.2302 reads stderr as it does stdout, and Benthos takes
        # a line on stderr for the failure of the message in hand.
        raise ConfigError("--reply: needs --dead-letter and --log-file, not stderr")
    if not config.state_directory:
        raise ConfigError("--reply: needs --state-dir: at its end no answer is left")
    if config.output.kind is not STDOUT:
        key = config.output.kind.key
        raise ConfigError(f"{key}: not with --reply: events are in the answer")
    if config.output_format != "json":
        raise ConfigError("output.format: --reply is JSON")
    if config.input_format == "msgpack":
        raise ConfigError("input.format: not msgpack with --reply: it has lines")
    if config.join_wrapped:
        raise ConfigError("input.join_wrapped: not with --reply")


class Answer:
    """Holds the events of the line in hand; an `Output`."""

    counters: object | None = None
    trouble = ""

    def __init__(self) -> None:
        self._events: list[bytes] = []

    def send(self, batch: Sequence[bytes]) -> None:
        """Keep events, each a line of JSON."""
        self._events += [event.removesuffix(b"\n") for event in batch]

    def sync(self) -> None:
        """Do nothing: an answer is as safe as its pipe."""

    def check(self) -> None:
        """See `check_reader`."""
        check_reader(sys.stdout.fileno())

    def close(self) -> None:
        """Do nothing."""

    def take(self) -> bytes:
        """Return the events that came since the last call, with commas between."""
        taken, self._events = self._events, []
        return b",".join(taken)


class Replier:
    """Reads a line, answers it, and only then looks at the next."""

    def __init__(
        self,
        run: Run[Any],
        decoder: Decoder,
        form: str,
        stream: Stream,
        checkpoints: "CheckpointStore",
        directory: "StateDirectory | None",
    ) -> None:
        """Take up where the last process was; ``form`` is one of `FORMS`.

        Lines that sessions are made of are noted in ``directory``; without one, the
        sessions are saved from time to time.
        """
        _shorten_pipe()
        self._run, self._decoder = run, decoder
        self._write = FORMS[form]
        self._stream, self._checkpoints = stream, checkpoints
        self._answer = Answer()
        run.answer_with(self._answer)
        saved = checkpoints.load()
        run.restore(saved)
        self._journal: Journal | None = None
        self._unsaved = False
        if directory:
            number = saved.get("journal", 0)
            self._journal = Journal(directory, number if type(number) is int else 0)
            for line in self._journal.read():
                # Records that are no bytes are of `--ack`, and of lines read before.
                if isinstance(line, bytes):
                    self._decoder.feed(line + b"\n")
                # The events left long ago.
                run.forget()

    def follow(self) -> None:
        """Answer lines until stdin ends, and save.

        Raises:
            OutputGoneError, TemporaryError: as `write_all`; the sessions are saved.
        """
        # What an earlier start held, if nothing waits any more: of the first answer.
        self._run.deliver()
        try:
            self._read()
        finally:
            self._save()

    def _read(self) -> None:
        lines = LineSplitter(self._decoder.longest)
        while (block := self._stream.read(self._patience())) != b"":
            if block is not None:
                self._run.renew()
                for line in lines.feed(block):
                    self._reply(line)
            if self._is_due():
                self._save()
        for half in lines.finish():
            if self._stream.broken_off:
                self._run.pipeline.reject(half, "cut", "stdin ends inside this line")
                self._run.deliver()
            else:
                self._reply(half)

    def _patience(self) -> float | None:
        timed = self._unsaved and self._journal is None
        return self._checkpoints.left() if timed else None

    def _is_due(self) -> bool:
        if self._journal is None:
            return self._unsaved and self._checkpoints.due()
        return (
            self._journal.count >= LINES_BETWEEN_CHECKPOINTS
            or self._journal.size >= BYTES_BETWEEN_CHECKPOINTS
        )

    def _reply(self, line: bytes) -> None:
        counters = self._run.pipeline.counters
        ignored = counters.ignored
        self._decoder.feed(line + b"\n")
        # The dead letter first: a host that has its answer forgets the line.
        self._run.deliver()
        # Before the answer: rsyslog does not repeat a line whose answer did not come.
        if counters.ignored == ignored:
            self._unsaved = True
            if self._journal:
                self._journal.append(line)
        answer = self._write(self._answer.take())
        write_all(sys.stdout.fileno(), answer, lambda: self._stream.over)

    def _save(self) -> None:
        checkpoint = self._run.snapshot()
        if self._journal is None:
            self._unsaved = not self._checkpoints.try_save(checkpoint)
            return
        old, self._journal = self._journal, self._journal.successor()
        checkpoint["journal"] = self._journal.number
        self._checkpoints.save(checkpoint)
        old.discard()


def _shorten_pipe() -> None:
    """Make the pipe of stdin as small as it can be.

    rsyslog 8.2302 fills the pipe of a child that was killed before it starts the next,
    and what is in it gets no answer: 56 to 82 events of 4,125 in three kills.
    """
    with suppress(OSError):
        # The system makes it one page.
        fcntl.fcntl(sys.stdin.fileno(), fcntl.F_SETPIPE_SZ, 1)
