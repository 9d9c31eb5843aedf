"""`esa-auth listen`: lines over TCP, TLS, UDP and Unix sockets, events out."""

import argparse
import gc
import logging
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from esa_auth.commands.delivery import Run
from esa_auth.commands.opening import observed, open_run, started
from esa_auth.commands.options import (
    add_config,
    add_framing,
    add_live,
    add_output,
    load_config,
)
from esa_auth.config import Config
from esa_auth.errors import ConfigError, OutputGoneError, TemporaryError
from esa_auth.inputs.framings import AUTO, FRAMINGS
from esa_auth.inputs.listen import Arrival, Forms, Server
from esa_auth.inputs.records import Broken, Lines
from esa_auth.inputs.stream import StopSignal
from esa_auth.model.dead_letter import DeadLetter, ReplayHints

if TYPE_CHECKING:
    from esa_auth.commands.options import Subcommands
    from esa_auth.state import CheckpointStore

# What a kill -9 costs of the sessions.
SECONDS_BETWEEN_SAVES = 1.0
_WAIT_SECONDS = 0.5
# At a stop, what the system has received is read on for so long, or until nothing came
# for a moment.
_DRAIN_SECONDS = 5.0
_QUIET_SECONDS = 0.5

log = logging.getLogger("esa_auth")

_ABOUT = """Receive lines as a syslog receiver does, of many senders at once, until
stopped. An ADDRESS is tcp://HOST:PORT, tls://HOST:PORT, udp://HOST:PORT or unix:/PATH.
Over TCP, TLS and Unix sockets a message ends with a newline, or its length stands
before it (RFC 6587). A line that names no appliance belongs to the address of its
sender. Syslog has no acknowledgement: what the system has received and we have not
read is lost with a kill -9, and a datagram may be lost anywhere."""


def add_parser(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    text = "receive lines over TCP, TLS, UDP and Unix sockets"
    parser = subcommands.add_parser("listen", help=text, description=_ABOUT)
    parser.add_argument(
        "address", nargs="*", metavar="ADDRESS", help="tcp://HOST:PORT and the like"
    )
    add_config(parser)
    add_framing(parser)
    add_output(parser)
    add_live(parser)
    parser.set_defaults(run=run, stops_in_order=True)


def run(args: argparse.Namespace) -> int:
    """Receive until a stop signal; return the exit code."""
    config = load_config(args, live=True)
    if config.listen is None:
        raise ConfigError("listen.addresses: listen needs one (tcp://HOST:PORT)")
    if config.join_wrapped:
        raise ConfigError("input.join_wrapped: not with listen")
    forms = _forms(config)
    gc.disable()
    stop = StopSignal()
    with ExitStack() as held:
        checkpoints = None
        if config.state_directory:
            # Here, because not everyone keeps state.
            from esa_auth.state import CheckpointStore, StateDirectory

            directory = StateDirectory.open(config.state_directory)
            held.enter_context(directory)
            checkpoints = CheckpointStore(directory, SECONDS_BETWEEN_SAVES)
        run = held.enter_context(open_run(config, stop, _DRAIN_SECONDS))
        server = Server(config.listen, forms)
        held.callback(server.close)
        run.listeners = server.counts
        held.enter_context(observed(run, config))
        log.info(started("listen", config))
        try:
            _Listening(server, run, checkpoints, stop).follow()
        finally:
            run.notices.look(time.monotonic())
            for address, counts in server.counters.items():
                log.info(counts.closing_line(address))
            log.info(run.pipeline.counters.closing_line())
    return 0


def _forms(config: Config) -> Forms:
    rows = {row.name for row in FRAMINGS if row.lines} | {AUTO}
    if config.input_format not in rows:
        text = f"not {config.input_format} with listen, whose messages are lines"
        raise ConfigError(f"input.format: {text}")
    return Forms(config.input_format, config.terms)


class _Listening:
    """The loop: receive, deliver, and only then receive more."""

    def __init__(
        self,
        server: Server,
        run: Run[Any],
        checkpoints: "CheckpointStore | None",
        stop: StopSignal,
    ) -> None:
        self._server, self._run = server, run
        self._checkpoints, self._stop = checkpoints, stop
        self._unsaved = False

    def follow(self) -> None:
        """Receive until told to stop, and then what has been received already."""
        if self._checkpoints:
            self._run.restore(self._checkpoints.load())
        self._run.deliver()
        for address in self._server.counters:
            log.info("listening at %s", address)
        try:
            while not self._stop():
                self._step(_WAIT_SECONDS)
            self._drain()
        except (OutputGoneError, TemporaryError):
            self._save()
            raise
        if self._checkpoints is None:
            self._run.pipeline.drain()
            self._run.deliver()
        self._save()

    def _step(self, seconds: float) -> bool:
        """Take what comes in so many ``seconds``; return whether anything did."""
        if self._checkpoints and self._unsaved:
            seconds = min(seconds, self._checkpoints.left())
        arrivals = self._server.poll(seconds)
        self._deliver(arrivals)
        if not arrivals:
            # A host that was killed starts another of us, at the same address.
            self._run.check()
        if self._checkpoints and self._unsaved and self._checkpoints.due():
            # Waiting for a disk would have the senders of datagrams lose more.
            self._unsaved = not self._checkpoints.try_save(self._run.snapshot())
        return bool(arrivals)

    def _drain(self) -> None:
        self._server.stop()
        deadline = time.monotonic() + _DRAIN_SECONDS
        while time.monotonic() < deadline:
            quiet = _QUIET_SECONDS if self._server.connections else 0.0
            if not self._step(quiet):
                break
        self._deliver(self._server.close())

    def _deliver(self, arrivals: list[Arrival]) -> None:
        if not arrivals:
            return
        self._run.renew()
        for arrival in arrivals:
            self._feed(arrival)
        self._run.deliver()
        self._unsaved = True

    def _feed(self, arrival: Arrival) -> None:
        pipeline, host = self._run.pipeline, arrival.host
        for piece in arrival.pieces:
            if isinstance(piece, Broken):
                name = host or pipeline.settings.appliance
                reasons = (piece.reason,)
                pipeline.reject_letter(
                    DeadLetter(piece.raw, piece.kind, reasons, name, ReplayHints())
                )
            elif not isinstance(piece, Lines):
                pipeline.feed_records([(r, h or host, t) for r, h, t in piece])
            elif host is None:
                pipeline.feed(piece.lines)
            else:
                pipeline.feed_records([(line, host, None) for line in piece.lines])

    def _save(self) -> None:
        if self._checkpoints:
            self._checkpoints.save(self._run.snapshot())
