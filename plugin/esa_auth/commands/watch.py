"""`esa-auth watch`: a live view of events in a terminal."""

import argparse
import logging
import os
import select
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

import orjson

from esa_auth.commands.keys import Wishes
from esa_auth.errors import ConfigError
from esa_auth.formats import refuse_foreign
from esa_auth.inputs.decode import LineSplitter
from esa_auth.inputs.follow import Follower
from esa_auth.inputs.stream import StopSignal
from esa_auth.validation import EventSchema

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

    from esa_auth.commands.options import Subcommands

_LONGEST_EVENT = 1 << 20
_REFRESH_SECONDS = 0.25

log = logging.getLogger("esa_auth")

_ABOUT = """Show a stream of events while it comes: attempts and failures a second, the
last failures, and sources in alarm, by the figures of the rules of conf/sigma: ten
failures within five minutes, ten users who did not get in within ten minutes, or a
success after five failures of the user. An IPv6 /64 is one source. Reads stdin to its
end, or follows a file over rotation. Times are those of the log, in UTC. Keys: p or
blank to pause, / to show only what holds a text, ? for help, q or Ctrl-C to quit."""


def add_parser(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    text = "a live view of events in a terminal"
    parser = subcommands.add_parser("watch", help=text, description=_ABOUT)
    parser.add_argument("file", nargs="?", metavar="EVENTS", help="default: stdin (-)")
    parser.set_defaults(run=run, stops_in_order=True)


class _Source(Protocol):
    """Where lines come from; ``old`` while they were there before we came."""

    old: bool

    def read(self, keys: int | None) -> list[bytes] | None:
        """Return what came within a moment or until a key; None at the end."""


def run(args: argparse.Namespace) -> int:
    """Watch until the end or until told to quit; return the exit code."""
    if not sys.stdout.isatty():
        raise ConfigError("watch: stdout is no terminal")
    if args.file == "-":
        args.file = None
    if args.file is None and sys.stdin.isatty():
        raise ConfigError("watch: stdin is a terminal: pipe events, or name a file")
    if args.file is not None and not os.path.isfile(args.file):
        raise ConfigError(f"{args.file}: no such file")
    source: _Source = _File(args.file) if args.file else _Stdin()
    stop = StopSignal()
    view = _View()
    with ExitStack() as held:
        keys = held.enter_context(_keys())
        held.enter_context(view.shown())
        while not stop() and not view.pressed(_pressed(keys)):
            lines = source.read(keys)
            if lines is None:
                break
            view.take(lines, source.old)
    now = view.now
    log.info("%d attempts, %d failures watched", now.attempts, now.failures)
    if view.refused and not view.known:
        log.warning(
            "none of %d lines is an event; of a log: esa-auth filter < LOG |"
            " esa-auth watch",
            view.refused,
        )
    return 0


class _View:
    """The screen, drawn now and then."""

    def __init__(self) -> None:
        from esa_auth.commands.live import Now

        self.now = Now()
        # Lines that are events, and that are none.
        self.known = self.refused = 0
        self._wishes = Wishes()
        # What is held still, and how many events there were then.
        self._held: tuple[RenderableType, int] | None = None
        self._schema = EventSchema()
        self._next = 0.0
        self._live: Live

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Take the terminal's other screen, and give the first one back."""
        # Here, because it is half of the start-up time of all the other commands.
        from rich.live import Live

        with Live(screen=True, auto_refresh=False) as self._live:
            self._draw()
            yield

    def pressed(self, keys: bytes) -> bool:
        """Take keys and show what they ask for; return whether that is to quit."""
        if keys:
            wishes = self._wishes
            before = wishes.filter
            wishes.press(keys)
            if not wishes.paused or wishes.filter != before:
                self._held = None
            self._draw()
        return self._wishes.quit

    def _draw(self) -> None:
        from rich.console import Group

        from esa_auth.commands.screen import body, foot, help_panel

        wishes, height = self._wishes, self._live.console.size.height
        if self._held is None or not wishes.paused:
            picture = body(self.now, time.monotonic(), wishes.filter, height)
            self._held = picture, self.known
        picture, known = self._held
        last = foot(wishes, self.refused, self.known - known)
        whole = Group(help_panel() if wishes.help else picture, last)
        self._live.update(whole, refresh=True)

    def take(self, lines: list[bytes], old: bool) -> None:
        """Count the lines, and draw if it is time."""
        arrived = time.monotonic()
        for line in lines:
            try:
                event = orjson.loads(line)
            except orjson.JSONDecodeError:
                self.refused += bool(line.strip())
                continue
            if self._schema.valid(event):
                self.known += 1
                self.now.add(event, None if old else arrived)
            else:
                refuse_foreign(event, "watch")
                self.refused += 1
        if arrived >= self._next:
            self._draw()
            self._next = arrived + _REFRESH_SECONDS


class _Stdin:
    """Events from a pipe."""

    old = False

    def __init__(self) -> None:
        self._lines = LineSplitter(_LONGEST_EVENT)

    def read(self, keys: int | None) -> list[bytes] | None:
        waited = [sys.stdin.fileno(), *([] if keys is None else [keys])]
        ready, _, _ = select.select(waited, [], [], _REFRESH_SECONDS)
        if sys.stdin.fileno() not in ready:
            return []
        block = os.read(sys.stdin.fileno(), 1 << 18)
        return self._lines.feed(block) if block else None


class _File:
    """Events of a file that grows; what is in it already counts in no rate."""

    def __init__(self, path: str) -> None:
        self._follower = Follower([path], max_line=_LONGEST_EVENT)
        self.old = True

    def read(self, keys: int | None) -> list[bytes] | None:
        chunks = self._follower.poll()
        if not chunks:
            self.old = False
            if keys is None:
                time.sleep(_REFRESH_SECONDS)
            else:
                select.select([keys], [], [], _REFRESH_SECONDS)
        return [line for chunk in chunks for line in chunk.lines]


@contextmanager
def _keys() -> Iterator[int | None]:
    """Give the terminal's keys one by one, without showing them; None if it has none.

    Stdin may be the events, so the terminal is asked for by its own name.
    """
    import termios
    import tty

    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        yield None
        return
    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal)
        yield terminal
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
        os.close(terminal)


def _pressed(keys: int | None) -> bytes:
    if keys is not None:
        with suppress(BlockingIOError):
            return os.read(keys, 64)
    return b""
