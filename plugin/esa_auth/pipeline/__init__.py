"""The only place where the stages meet. No I/O.

A line goes through these steps, in this order; each is a call in `Pipeline` or in the
handler that its first word chooses:

1. head: what stands before the body, known again by its bytes (`envelope`).
2. read: the handler finds what the body says (`grammar`), or that it can be ignored.
3. time: `_advance` moves the clock of the appliance, and lets go what waited for that.
4. join: the fact meets the lines of its connection (`sessions`).
5. build: names are covered (`privacy`), and an event is built (`ecs`), or held.
6. finish: `_finish` enriches the event, validates it and puts it out.

The caller encodes and delivers what it takes.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import filterfalse, repeat
from typing import Any, TypeAlias

import orjson

from esa_auth import grammar
from esa_auth.envelope import INFO, PrefixCache
from esa_auth.model.counters import Counters
from esa_auth.model.dead_letter import DeadLetter, ReplayHints
from esa_auth.model.facts import Instant
from esa_auth.pipeline.appliance import ImplausibleTimeError, Settings
from esa_auth.pipeline.dispatch import LEAD, Dispatcher, Handler
from esa_auth.pipeline.emitter import Emitter, Written
from esa_auth.pipeline.line import Line
from esa_auth.pipeline.mail import ignored_lines
from esa_auth.pipeline.native import native_reader
from esa_auth.pipeline.odd import OddLines
from esa_auth.pipeline.registry import ApplianceRegistry
from esa_auth.pipeline.snapshot import Give, restore, snapshot
from esa_auth.pipeline.unusual import Unusual
from esa_auth.pipeline.writer import Writer
from esa_auth.sessions import Event, ReportEvery
from esa_auth.validation import EventSchema

# What is said of a line around it: (message, host or None, time or None).
Record: TypeAlias = tuple[bytes, str | None, str | None]

__all__ = ["Pipeline", "ReportEvery", "Settings"]


class Pipeline:
    """Lines in, events and dead letters out; the caller takes both."""

    def __init__(
        self, settings: Settings, read_time: Callable[[], str], *, as_json: bool = False
    ) -> None:
        """``read_time`` is the clock for dead letters.

        With ``as_json`` events are made as lines: quicker, even for who wants data.
        """
        self.settings = settings
        self._emitter = Emitter(settings, read_time)
        self.counters: Counters = self._emitter.counters
        self.registry = ApplianceRegistry(self._emitter, settings)
        self._prefixes = PrefixCache()
        self._dispatch = Dispatcher(self._emitter, self.registry, self._advance)
        dispatch = self._dispatch
        self._unusual = Unusual(self._emitter, self.registry, dispatch, self._take)
        self._odd = OddLines(self._emitter, dispatch, settings, self._take)
        self.registry.read_odd = self._odd.came_back
        self._schema = EventSchema()
        self._events, self._lines = list[dict[str, Any]](), list[bytes]()
        self._as_json = as_json
        if as_json and not settings.enrich and not settings.whole:
            self._emitter.writer = Writer(self._schema)
        more, writer = lambda lines: self._lines.extend(lines), self._emitter.writer
        tools = self._read, more, self.registry, self._prefixes, dispatch, writer
        self.native = native_reader(settings, *tools)
        # `Counters.held` when lines were counted last.
        self._held = 0

    def belongs_to(self, name: str) -> None:
        """Take what comes as of appliance ``name``, unless it names another."""
        if name != self.settings.appliance:
            self.settings = replace(self.settings, appliance=name)
            held = self.registry
            held.settings = replace(held.settings, appliance=name)

    def feed(self, lines: Sequence[bytes]) -> None:
        """Take physical lines without their newline, in log order."""
        if self.native:
            self.native.feed(lines if isinstance(lines, list) else list(lines))
        else:
            # Half of all native lines end here, without a step of the interpreter.
            unread = filterfalse(ignored_lines(grammar.GRAMMAR).match, lines)
            self._read(zip(unread, repeat(None), repeat(None), strict=False))
        self._account(len(lines))

    def feed_records(self, records: Sequence[Record]) -> None:
        """Take JSON or msgpack records, in log order."""
        if self.native:
            self.native.feed_records(records)
        else:
            ignored = ignored_lines(grammar.GRAMMAR).match
            self._read([one for one in records if not ignored(one[0])])
        self._account(len(records))

    def reject(self, raw: bytes, why: str, reason: str) -> None:
        """Make a dead letter of an input record that is not even a line."""
        self.counters.unknown_heads += 1
        self.reject_letter(
            DeadLetter(raw, why, (reason,), self.settings.appliance, ReplayHints())
        )

    def reject_letter(self, letter: DeadLetter) -> None:
        """Take a line that is a dead letter before it is read."""
        self._emitter.reject(letter)
        self._account(1)

    def at(self, now: int) -> None:
        """Take the present, epoch seconds, for the lines that come next."""
        if self.registry.present:
            self.registry.present.now = now

    @property
    def put_off(self) -> int:
        """How many lines are in no count yet: what their odd time means is not known.

        Of an archive only; `settle`, or the lines that follow, bring them into `lines`.
        """
        return sum(len(each.odd) for each in self.registry.appliances.values())

    def settle(self) -> None:
        """Read what was put off: the file that the lines came from is at its end."""
        for appliance in self.registry.appliances.values():
            if appliance.odd:
                self._odd.settle(appliance)
        self._finish()
        self._account()

    def drain(self) -> None:
        """Write the end of every session still open, as not closed."""
        self.settle()
        for appliance in self.registry.appliances.values():
            for ended in appliance.abandon(Event.INPUT_ENDED):
                self._emitter.ended(ended, appliance)
            self._emitter.release_all(appliance)
        self._finish()
        self._account()

    def snapshot(self, give: Give = list) -> dict[str, Any]:
        """Return what the next start needs to go on as if there had been no stop."""
        return snapshot(self.registry, self._emitter.pseudonymizer, give)

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up a snapshot, before the first line.

        Raises:
            StateVersionError, ValueError: see `pipeline.snapshot.restore`.
        """
        if not saved:
            return
        try:
            restore(self.registry, self._emitter.pseudonymizer, saved)
        except ValueError:
            # All of it or nothing.
            self.registry.appliances.clear()
            raise
        self.resume()

    def resume(self) -> None:
        """Go on with what the appliances were given of an earlier start.

        What it held is written, if nothing is to wait any more.
        """
        appliances = self.registry.appliances.values()
        self._held = self.counters.held = sum(
            appliance.waiting.lines + len(appliance.odd) for appliance in appliances
        )
        if not self.settings.waits:
            for appliance in appliances:
                self._emitter.release_all(appliance)
        self._finish()
        self._account()

    def take_events(self) -> list[dict[str, Any]]:
        """Return the events made since the last call; they may share parts."""
        taken, self._events = self._events, []
        return taken or [orjson.loads(line) for line in self.take_lines()]

    def take_lines(self) -> list[bytes]:
        """Return the same as lines of JSON, with their newline, if made ``as_json``."""
        taken, self._lines = self._lines, []
        return taken

    def take_dead(self) -> list[dict[str, Any]]:
        """Return the dead letters made since the last call."""
        taken, self._emitter.dead = self._emitter.dead, []
        return taken

    def _read(self, records: Iterable[Record]) -> None:
        """Take lines; a record around a line may say its host and time."""
        known, appliances = self._prefixes.known, self.registry.appliances
        handlers, mail_leads = self._dispatch.handlers, self._dispatch.mail_leads
        concerns, perhaps = self._dispatch.concerns, self._unusual.perhaps.search
        emitter = self._emitter
        envelope, prefix, at = None, b"", 0
        for line, host, time in records:
            # Most lines have the prefix of the line before.
            if envelope is None or not line.startswith(prefix):
                at = line.find(INFO) + len(INFO)
                prefix = line[:at]
                envelope = known.get(prefix) or self._prefixes.learn(line, at)
            try:
                if envelope is None:
                    self._unusual.read(line, host, time)
                elif handle := handlers.get(lead := line[at : at + LEAD]):
                    name = envelope.host or host or self.settings.appliance
                    appliance = appliances.get(name) or self.registry.named(name)
                    if lead not in mail_leads or concerns(appliance, line, at):
                        head = envelope
                        if time is not None:
                            head = envelope._replace(around=time[:10])
                        handle(Line(appliance, line, head))
                elif perhaps(line, at - 2):
                    self._unusual.read(line, host, time)
            except ImplausibleTimeError as found:
                self._odd.take(found)
            if emitter.made:
                self._finish()

    def _take(self, handle: Handler, line: Line, times: int) -> bool:
        """Read a line that came so often; return whether it is more than ignored.

        What opens, describes or closes a session does so once; and what is rejected is
        rejected as a whole, so that one dead letter reads it again.
        """
        if line.appliance.odd and times > 1:
            # What was put off before it is not to be counted with it.
            self._advance(line)
        before = self._used()
        handle(line)
        self._finish()
        after = self._used()
        if after[0] == before[0] + 1 and after[1:] == before[1:]:
            self.counters.lines += times - 1
            for _ in range(times - 1):
                handle(line)
                self._finish()
        return after != before

    def _used(self) -> tuple[int, int, int]:
        """Return what changes with a line that counts as more than ignored."""
        count = self.counters
        told = count.results + count.ancillary + count.held
        return told, count.context, count.rejected

    def _advance(self, line: Line) -> Instant | None:
        """Move the time of an appliance to ``line``; return it, or None if it has none.

        What was put off until then is read, and what has waited long enough is made.

        Raises:
            ImplausibleTimeError: it is not to be believed; nothing is moved.
        """
        appliance = line.appliance
        if line.envelope is appliance.head or line.envelope == appliance.head:
            return appliance.instant
        instant = appliance.move_to(line.raw, line.envelope)
        if instant is not None:
            if appliance.odd:
                self._odd.came_back(appliance)
            self._emitter.release_due(appliance)
            if self._emitter.made:
                self._finish()
        return instant

    def _finish(self) -> None:
        """Take what was made through the last steps: enrich, validate, and out."""
        made, self._emitter.made = self._emitter.made, []
        enrich, schema, count = self.settings.enrich, self._schema, self.counters
        newline = orjson.OPT_APPEND_NEWLINE
        for one in made:
            if isinstance(one, Written):
                self._lines.append(one.text)
            else:
                document = enrich(one.document) if enrich else one.document
                event = {**document.own, **document.context.parts}
                if not schema.valid(event):
                    self._emitter.reject_event(one, tuple(schema.reasons(event)))
                    continue
                if self._as_json:
                    self._lines.append(orjson.dumps(event, None, newline))
                else:
                    self._events.append(event)
            setattr(count, one.kind, getattr(count, one.kind) + 1)

    def _account(self, received: int = 0) -> None:
        """Count lines that came, but for those that wait, and those that waited."""
        held = self.counters.held
        self.counters.lines += received + self._held - held
        self._held = held
