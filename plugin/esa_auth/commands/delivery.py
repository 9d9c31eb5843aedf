"""A pipeline with its output and its dead letters: what every reading command needs."""

import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgpack
import orjson

from esa_auth.commands.enrichment import enriched
from esa_auth.commands.notices import Notices
from esa_auth.config import Config
from esa_auth.ecs import dead_letter
from esa_auth.formats import converter
from esa_auth.model.document import Document
from esa_auth.outputs import Output
from esa_auth.outputs.dead_letters import DeadLetters
from esa_auth.outputs.descriptor import check_reader, is_torn, write_all
from esa_auth.pipeline import Pipeline

if TYPE_CHECKING:
    from esa_auth.enrich.tables import Tables
    from esa_auth.metrics.pulse import Pulse
    from esa_auth.outputs.forward import ForwardOutput

Item = TypeVar("Item")

_log = logging.getLogger("esa_auth")


class Run(Generic[Item]):
    """Hands on what a pipeline made, to dead letters and output."""

    def __init__(
        self,
        pipeline: Pipeline,
        encode: Callable[[Document], Item] | None,
        output: Output[Item],
        letters: DeadLetters,
        forward: "ForwardOutput | None" = None,
        tables: "Tables | None" = None,
    ) -> None:
        """``encode`` is None if ``pipeline`` makes JSON, which is sent as it is."""
        self.pipeline = pipeline
        self.tables = tables
        # What metrics read, for whoever wants them; see `commands.monitor`.
        self.pulse: Pulse | None = None
        self.forward = forward
        self.notices = Notices(pipeline)
        self._encode = encode
        self._output = output
        self._letters = letters
        self._journal = 0

    def renew(self) -> None:
        """Look at the clock, and for newer tables; for before a block is read."""
        self.pipeline.at(int(time.time()))
        if self.tables:
            self.tables.refresh()

    def deliver(self) -> None:
        """Write the dead letters, then the events."""
        pulse = self.pulse
        if dead := self.pipeline.take_dead():
            if pulse:
                pulse.begins(0)
            self._letters.write(dead)
        if events := self._take():
            if pulse:
                pulse.begins(len(events))
            self._output.send(events)
        if pulse:
            pulse.ends(self.pipeline.counters)
        self.notices.look()

    def check(self) -> None:
        """See `Output.check`."""
        self._output.check()

    def forget(self) -> None:
        """Drop what the pipeline made: it was delivered before."""
        self.pipeline.take_dead()
        self._take()

    def _take(self) -> list[Any]:
        if self._encode is None:
            return self.pipeline.take_lines()
        return list(map(self._encode, self.pipeline.take_events()))

    def sync(self) -> None:
        """Wait until the dead letters are on the disk; see `DeadLetters.sync`."""
        self._letters.sync()

    def snapshot(self) -> dict[str, Any]:
        """Return what the next start needs, the letters before it on the disk.

        Its `Rows` are of now, so save it now.
        """
        self.sync()
        sessions = self.pipeline.snapshot(lambda rows: rows)
        return {"sessions": sessions, "journal": self._journal}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take the sessions out of ``saved`` and go on with them, if they are sound.

        What is saved from now on names another journal: that of before is of lines
        which only `--ack rsyslog` takes up, and they are old when it is back.
        """
        number = saved.get("journal", 0)
        self._journal = number + 1 if type(number) is int else 0
        try:
            self.pipeline.restore(saved.pop("sessions", {}))
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            _log.warning("the saved sessions cannot be read (%s): starting anew", error)


class Stdout:
    """Events on stdout: the operating system has them, the reader may not."""

    def __init__(
        self, stop: Callable[[], bool], form: str, patience: float = 0.0
    ) -> None:
        self._stop, self._patience = stop, patience
        # Half an event that a crash left in a file must not spoil the next one.
        torn = form == "json" and is_torn(sys.stdout.fileno())
        self._before = b"\n" if torn else b""

    def send(self, batch: Sequence[bytes]) -> None:
        """Write the batch; see `write_all` for what it raises."""
        data = self._before + b"".join(batch)
        self._before = b""
        write_all(sys.stdout.fileno(), data, self._stop, self._patience)

    def check(self) -> None:
        """See `check_reader`."""
        check_reader(sys.stdout.fileno())

    def close(self) -> None:
        """Do nothing: stdout is not ours to close."""


@contextmanager
def open_run(
    config: Config, stop: Callable[[], bool], patience: float = 0.0
) -> Iterator[Run[Any]]:
    """Open the output and the dead letters that ``config`` names.

    From ``stop`` on, one who takes our events has ``patience`` seconds to do so.

    Raises:
        ConfigError: the dead letters cannot be written, a TLS file cannot be used.
    """
    letters = dead_letters(config, stop)
    config, tables = enriched(config)
    if config.forward is None:
        encode = encoder(config.output_format, config.output_schema)
        pipeline = Pipeline(config.pipeline, read_time, as_json=encode is None)
        out = Stdout(stop, config.output_format, patience)
        yield Run(pipeline, encode, out, letters, None, tables)
        return
    # Here, because it brings TLS and the logger with it and most runs write to stdout.
    from esa_auth.commands.entries import letter_of, packer
    from esa_auth.outputs.forward import Entry, ForwardOutput, Timing

    def bury(entry: Entry, reason: str) -> None:
        letters.write([dead_letter(letter_of(entry, reason), read_time())])

    timing = Timing(patience=patience)
    with closing(ForwardOutput(config.forward, bury, stop, timing)) as output:
        pack = packer(config.output_schema)
        pipeline = Pipeline(config.pipeline, read_time)
        yield Run(pipeline, pack, output, letters, output, tables)


def dead_letters(
    config: Config, stop: Callable[[], bool] = lambda: False
) -> DeadLetters:
    """Return where ``config`` wants dead letters; ``stop`` ends a wait for space.

    Raises:
        ConfigError: the file cannot be written.
    """
    return DeadLetters(
        config.dead_letter,
        config.dead_letter_max_bytes,
        config.dead_letter_keep,
        time.sleep,
        stop,
    )


def encoder(form: str, schema: str = "ecs") -> Callable[[Document], bytes] | None:
    """Return how an event is written on stdout, framed as ``form``.

    None: as the JSON that a pipeline makes itself.
    """
    convert = converter(schema)
    if form == "msgpack":
        pack = msgpack.Packer().pack
        if convert is None:
            return lambda document: bytes(pack(document.whole()))
        return lambda document: bytes(pack(convert(document.whole())))
    if convert is None:
        return None
    dumps, newline = orjson.dumps, orjson.OPT_APPEND_NEWLINE
    return lambda document: dumps(convert(document.whole()), None, newline)


def read_time() -> str:
    """Return the present, as dead letters carry it."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return now.removesuffix("+00:00") + "Z"
