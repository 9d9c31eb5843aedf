"""Ignored lines, lines of connections and of mail, and plain AUTH, in native code.

`esa_auth._native` is built from `plugin/native` where there is a compiler. It changes
the same tables as Python, in the same way, and hands over each line that is not plain.
Of a session with AUTH that is plain, the table holds a `Plain` of native code; Python's
`Session` takes its place as soon as Python asks for it. So all else is the same with
native code and without.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from esa_auth import grammar
from esa_auth.envelope import INFO, PrefixCache
from esa_auth.model.facts import (
    Envelope,
    HatDecision,
    InboundAddress,
    Instant,
    SessionLost,
    Tls,
    Unread,
)
from esa_auth.model.session import Session
from esa_auth.pipeline.appliance import SIDES, Appliance, Settings, read_context
from esa_auth.pipeline.dispatch import Dispatcher
from esa_auth.pipeline.line import Line
from esa_auth.pipeline.mail import ignored_lines
from esa_auth.pipeline.native.events import NativeEvents
from esa_auth.pipeline.native.places import Place, Places
from esa_auth.pipeline.native.records import Record, runs
from esa_auth.pipeline.native.words import words
from esa_auth.pipeline.registry import ApplianceRegistry
from esa_auth.pipeline.writer import Writer
from esa_auth.sessions.states import State
from esa_auth.sessions.table import MAX_KEPT

try:
    from esa_auth import _native
except ImportError:
    IS_BUILT = False
else:
    IS_BUILT = True

# What `Dispatcher` keeps as lines of a client's connection.
_OF_CLIENT = (HatDecision, InboundAddress, SessionLost)
# See `NativeReader.settle`.
Counts: TypeAlias = tuple[int, int, tuple[int, int], tuple[int, int]]

# Where many appliances send at once, each line has another head than the one before.
# What it costs to tell native code of one is what it saves on about three lines: with
# more heads Python reads on, and native code tries again after some calls of `feed`,
# each time after twice as many.
_LINES_A_HEAD = 3
_MANY_LINES = 256
_LEFT, _MOST_LEFT = 15, 240


class NativeReader:
    """What native code asks and tells while it reads; `feed` is called."""

    def __init__(
        self,
        read: Callable[[list[Record]], None],
        lines: Callable[[list[bytes]], None],
        registry: ApplianceRegistry,
        prefixes: PrefixCache,
        dispatch: Dispatcher,
    ) -> None:
        """``read`` takes lines that are handed over, ``lines`` events."""
        self._read, self._registry, self._prefixes = read, registry, prefixes
        self._count, self._lines = dispatch.counters, lines
        self._places = Places(registry, _native.Appliance)
        self._advance = dispatch.advance
        # None: all events are Python's.
        self._events: NativeEvents | None = None
        # Of records around the lines.
        self._host: str | None = None
        # Of the place that was told last.
        self._appliance: Appliance | None = None
        self._head = b""
        self._envelope: Envelope | None = None
        self._told: tuple[Any, ...] = ()
        settings = registry.settings
        told = words(dispatch, settings.max_line)
        self._max_age = settings.max_age
        self._sieve = _native.Sieve(told, settings.max_age, MAX_KEPT)
        # Calls of `feed` that Python reads, of those the next time, and their lines.
        self._left, self._next_left, self._lines_left = 0, _LEFT, 0

    def write_with(self, writer: Writer | None) -> None:
        """Let native code write those events that ``writer`` has templates for."""
        if writer is not None:
            self._events = NativeEvents(writer, _native.Fragment)
            self._places.events = self._events

    @property
    def handed_over(self) -> dict[str, int]:
        """How many lines were not plain, by reason."""
        return {**self._sieve.handed_over, "many_heads": self._lines_left}

    def feed(self, lines: list[bytes]) -> None:
        """Read lines in log order."""
        if self._left:
            self._left -= 1
            self._lines_left += len(lines)
            self._read_records([(line, self._host, None) for line in lines])
            return
        before = self._sieve.handed_over["new_head"]
        self._sieve.feed(lines, self)
        heads = self._sieve.handed_over["new_head"] - before
        if len(lines) < _MANY_LINES:
            return
        if heads * _LINES_A_HEAD <= len(lines):
            self._next_left = _LEFT
        else:
            self._left = self._next_left
            self._next_left = min(2 * self._next_left, _MOST_LEFT)

    def feed_records(self, records: Sequence[Record]) -> None:
        """Read records in log order."""
        for host, lines, others in runs(records):
            self._host = host
            if lines:
                self.feed(lines)
            self._host = None
            if others:
                self._read_records(others)

    def _read_records(self, records: list[Record]) -> None:
        """Let Python read lines."""
        ignored = ignored_lines(grammar.GRAMMAR).match
        self._read([one for one in records if not ignored(one[0])])

    # ---- asked by native code -------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        """What is asked of events."""
        return getattr(self._events, name)

    def begin(self) -> tuple[Place | None, Place | None]:
        """Return the place told last, if it is as it was, and that of other lines.

        These do not name their appliance.
        """
        appliance, place = self._appliance, None
        if appliance is not None and self._room_before() is not None:
            name = self._envelope and self._envelope.host
            if appliance.name == (name or self._default()):
                place = self._places.of(self._head, appliance)
        if place is None:
            self._appliance = None
        return place, self._native()

    def read(self, line: bytes) -> int | tuple[Place | None, Place | None]:
        """Read a line; return the place of lines with its head, and that of `begin`.

        If both are as they were: how many connections may be added.
        """
        self._read([(line, self._host, None)])
        room = self._room_before()
        if room is not None and line.startswith(self._head):
            return room
        appliance, place = None, None
        head = line[: line.find(INFO) + len(INFO)]
        envelope = self._prefixes.known.get(head)
        if envelope is not None:
            name = envelope.host or self._default()
            appliance = self._registry.appliances.get(name)
            # Else its time is not that of the clock.
            if appliance is not None and appliance.head == envelope:
                place = self._places.of(head, appliance)
        if place is None and room is not None and not self._puts_off():
            # A line that did not count.
            return room
        self._appliance = None
        if place is not None and appliance is not None:
            self._appliance, self._head = appliance, head
            self._envelope = appliance.head
            self._told = self._places.told_of(appliance)
        return place, self._native()

    def is_context(self, side: int, text: bytes) -> bool:
        """Return whether a line is kept that says this behind a connection's number."""
        name = SIDES[side]
        fact = grammar.read(f"{name.upper()} 0 {text.decode()}")
        if isinstance(fact, Tls):
            return fact.side == name and fact.number == "0"
        return isinstance(fact, _OF_CLIENT) and side == 0 and fact.icid == "0"

    def delivery(self, session: Session, like: bytes, instant: Instant) -> bool:
        """Take what became of a message; False: Python is to read the line.

        ``like`` says the same of other numbers.
        """
        fact = read_context(like)
        old = abs(instant.epoch - session.start.epoch) > self._max_age
        if old or isinstance(fact, Unread):
            return False
        session.last = instant
        session.fold_delivery(fact)
        return True

    def settle(self, counts: Counts, lines: list[bytes], moved: bytes | None) -> None:
        """Take what was done with lines that have the head told last: events, counts.

        ``moved`` is the last of them if it is of a later second. The counts are of
        context lines, of connections that were opened, of those that were closed on
        each side, and of results and ends.
        """
        context, grown, (inbound, outbound), (results, ends) = counts
        appliance = self._appliance
        if appliance is None:
            return
        if moved is not None:
            self._move(appliance, moved)
        count = self._count
        count.context += context
        count.results += results
        count.session_ends += ends
        appliance.until_look -= grown
        self._registry.until_look -= grown
        appliance.inbound.ends[State.CLOSED] += inbound
        appliance.outbound.ends[State.CLOSED] += outbound
        self._lines(lines)

    def _move(self, appliance: Appliance, line: bytes) -> None:
        """Move the clock of an appliance to a line that native code has read."""
        at = line.find(INFO) + len(INFO)
        self._head = head = line[:at]
        envelope = self._prefixes.known.get(head) or self._prefixes.learn(line, at)
        if envelope is not None:
            self._advance(Line(appliance, line, envelope))
        self._envelope = appliance.head

    def _default(self) -> str:
        """Return the name of the appliance of lines that name none."""
        return self._host or self._registry.settings.appliance

    def _room_before(self) -> int | None:
        """Return the room in the place told last; None: it is not as it was."""
        appliance = self._appliance
        if appliance is None or appliance.head is not self._envelope:
            return None
        held = self._registry.appliances.get(appliance.name) is appliance
        same = held and self._places.told_of(appliance) == self._told
        return self._places.room(appliance) if same else None

    def _puts_off(self) -> bool:
        """Return whether that of lines that name none puts off lines.

        While it does, no line of it is passed over unread.
        """
        appliance = self._registry.appliances.get(self._default())
        return appliance is not None and bool(appliance.odd)

    def _native(self) -> Place | None:
        appliance = self._registry.appliances.get(self._default())
        return self._places.of(b"", appliance) if appliance else None


def native_reader(
    settings: Settings,
    read: Callable[[list[Record]], None],
    lines: Callable[[list[bytes]], None],
    registry: ApplianceRegistry,
    prefixes: PrefixCache,
    dispatch: Dispatcher,
    writer: Writer | None,
) -> NativeReader | None:
    """Return what reads lines natively; None: it is not built, or not wanted."""
    if not (settings.native and IS_BUILT):
        return None
    reader = NativeReader(read, lines, registry, prefixes, dispatch)
    # Reports on open sessions are made as their messages come.
    if not (settings.waits or settings.reports) and settings.pseudonymizer is None:
        reader.write_with(writer)
    return reader
