"""The only place where the stages meet. No I/O."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import filterfalse
from typing import Any, Generic, TypeAlias

from esa_auth.envelope import NATIVE
from esa_auth.model.counters import Counters
from esa_auth.model.dead_letter import Letter, Recall
from esa_auth.model.document import Document
from esa_auth.pipeline.appliance import ImplausibleTimeError, Settings
from esa_auth.pipeline.connections import Handler
from esa_auth.pipeline.emitter import Out
from esa_auth.pipeline.heads import INFO, Heads
from esa_auth.pipeline.odd import OddLines
from esa_auth.pipeline.patient import stages
from esa_auth.pipeline.population import Population
from esa_auth.pipeline.reader import Reader
from esa_auth.pipeline.snapshot import Give, load_appliance, save_appliance
from esa_auth.pipeline.unusual import PERHAPS, Unusual

# What is said of a line around it: (message, host or None, time or None).
Record: TypeAlias = tuple[bytes, str | None, str | None]

__all__ = ["Pipeline", "Settings"]

_NATIVE_INFO = b" Info: "
_INFO_BYTES = len(INFO)
_BLANK = ord(" ")
# A syslog header can be as long as a native stamp, "Mar 17 18:24:37 esahost1", so the
# year before the level tells them apart, of lines that begin with a weekday.
_NATIVE_STAMP = re.compile(NATIVE)
_MOST_YEARS = 100
# Of the lines of a message only "MID n ICID m ..." and "MID n ready ..." matter.
_IGNORED = re.compile(
    rb".{23}[^:] Info: (?:MID [0-9]+ [!-HJ-qs-~]|Message f)", re.DOTALL
)


class Pipeline(Generic[Out]):
    """Lines in, encoded events and dead letters out; the caller takes both."""

    def __init__(
        self,
        settings: Settings,
        encode: Callable[[Document], Out],
        read_time: Callable[[], str],
    ) -> None:
        """Take the settings, an encoder of events and the clock for dead letters."""
        self.settings = settings
        self._emit, make = stages(encode, read_time, settings)
        self.population = Population(self._emit, settings, make)
        self.counters: Counters = self._emit.counters
        self._reader = Reader(self._emit, self.population)
        self._leads = self._reader.leads()
        self._odd = OddLines(self._emit, self._reader, self._leads, self._forget_native)
        self.population.came_back = self._odd.came_back
        # A native line of level Info has its body at byte 31 and needs no parsing of
        # what stands before it to be passed over. By year, level and first word.
        self._native: dict[bytes, Handler] = {}
        self._years: set[bytes] = set()
        self._heads = Heads()
        self._unusual = Unusual(
            self._emit, self.population, self._reader, self._leads, self._heads
        )

    def belongs_to(self, name: str) -> None:
        """Take what comes as of appliance ``name``, unless it names another."""
        if name != self.settings.appliance:
            self.settings = replace(self.settings, appliance=name)
            held = self.population
            held.settings = replace(held.settings, appliance=name)

    def feed(self, lines: Sequence[bytes]) -> None:
        """Take physical lines without their newline, in log order."""
        self.counters.lines += len(lines)
        appliance = self.population.named(self.settings.appliance)
        native = self._native
        framed = bool(lines) and lines[0][24:31] != _NATIVE_INFO
        unread = self._unfamiliar(lines) if framed else lines
        # Half of all native lines end here, without a step of the interpreter.
        for line in filterfalse(_IGNORED.match, unread):
            lead = line[19:35]
            handle = native.get(lead)
            if handle is not None and line[3] == _BLANK:
                try:
                    handle(appliance, line, 31, None)
                except ImplausibleTimeError as found:
                    self._odd.take(found)
            elif handle is not None or self._unusual_lead(line, lead):
                self._framed(line, None, None)

    def feed_records(self, records: Sequence[Record]) -> None:
        """Take JSON or msgpack records, in log order."""
        self.counters.lines += len(records)
        named, default = self.population.named, self.settings.appliance
        native, ignored = self._native, _IGNORED.match
        for raw, host, time in records:
            if ignored(raw):
                continue
            lead = raw[19:35]
            handle = native.get(lead)
            if handle is not None and raw[3] == _BLANK:
                try:
                    handle(named(host or default), raw, 31, None)
                except ImplausibleTimeError as found:
                    self._odd.take(found)
            elif handle is not None or self._unusual_lead(raw, lead):
                self._framed(raw, host, time)

    def refuse(self, raw: bytes, why: str, reason: str) -> None:
        """Count and keep an input record that is not even a line."""
        self.counters.unknown_heads += 1
        self.bury(Letter(raw, why, (reason,), self.settings.appliance, Recall()))

    def bury(self, letter: Letter) -> None:
        """Count and keep a line that is refused before it is read."""
        self.counters.lines += 1
        self._emit.reject(letter)

    def at(self, now: int) -> None:
        """Take the present, epoch seconds, for the lines that come next."""
        if self.population.present:
            self.population.present.now = now

    def settle(self) -> None:
        """Read what was put off: the file that the lines came from is at its end."""
        for appliance in self.population.appliances.values():
            if appliance.odd:
                self._odd.settle(appliance)

    def drain(self) -> None:
        """Write the end of every session still open, as not closed."""
        self.settle()
        for appliance in self.population.appliances.values():
            for table in (appliance.inbound, appliance.outbound):
                for session in table.live.values():
                    self._emit.abandoned(session, appliance, "input_ended")
                table.live.clear()
            for held in appliance.waiting.take_all():
                self._emit.release(held, appliance)

    def snapshot(self, give: Give = list) -> dict[str, Any]:
        """Return what the next start needs to go on as if there had been no stop."""
        appliances = self.population.appliances
        saved: dict[str, Any] = {
            "until_look": self.population.until_look,
            "appliances": {n: save_appliance(a, give) for n, a in appliances.items()},
        }
        if self._emit.veil:
            saved["privacy"] = self._emit.veil.about
        return saved

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up a snapshot, before the first line.

        Raises:
            ValueError, TypeError, LookupError, AttributeError: it is none.
        """
        if not saved:
            return
        veil = self._emit.veil
        if saved.get("privacy") != (veil and veil.about):
            raise ValueError("of other settings of privacy")
        try:
            for name, appliance in saved["appliances"].items():
                load_appliance(self.population.named(name), appliance)
            self.population.look_in(saved["until_look"])
            if any(a.odd for a in self.population.appliances.values()):
                self._odd.keep_order()
            self.resume()
        except (ValueError, TypeError, LookupError, AttributeError):
            # All of it or nothing.
            self.population.appliances.clear()
            raise

    def resume(self) -> None:
        """Write what an earlier start held, if nothing is to wait any more."""
        if not self.settings.waits:
            for appliance in self.population.appliances.values():
                for held in appliance.waiting.take_all():
                    self._emit.release(held, appliance)

    def take_events(self) -> list[Out]:
        """Return the events made since the last call."""
        taken, self._emit.out = self._emit.out, []
        return taken

    def take_dead(self) -> list[dict[str, Any]]:
        """Return the dead letters made since the last call."""
        taken, self._emit.dead = self._emit.dead, []
        return taken

    def _unfamiliar(self, lines: Sequence[bytes]) -> Iterator[bytes]:
        """Read the lines whose head is known; give the others, all in log order.

        No native line has a head that is known: its level has no colon before it.
        """
        known, leads = self._heads.known, self._leads
        appliances, named = self.population.appliances, self.population.named
        default, perhaps = self.settings.appliance, PERHAPS.search
        for line in lines:
            at = line.find(INFO) + _INFO_BYTES
            prefix = known.get(line[:at])
            if prefix is None:
                yield line
                continue
            handle = leads.get(line[at : at + 4])
            if handle is not None:
                name = prefix.host or default
                try:
                    handle(appliances.get(name) or named(name), line, at, prefix)
                except ImplausibleTimeError as found:
                    self._odd.take(found)
            elif perhaps(line, at - 2):
                yield line

    def _unusual_lead(self, line: bytes, lead: bytes) -> bool:
        """Return whether a line that is not known as native must be looked at."""
        if lead[5:12] != _NATIVE_INFO:
            return True
        year = lead[:5]
        if year in self._years:
            return PERHAPS.search(line, 29) is not None
        if _NATIVE_STAMP.fullmatch(line, 0, 24):
            if len(self._years) >= _MOST_YEARS:
                self._forget_native()
            self._years.add(year)
            for word, handle in self._leads.items():
                self._native[year + _NATIVE_INFO + word] = handle
        return True

    def _forget_native(self) -> None:
        self._years.clear()
        self._native.clear()

    def _framed(self, line: bytes, host: str | None, time: str | None) -> None:
        """Read a line that is not native at level Info."""
        try:
            self._known_or_parsed(line, host, time)
        except ImplausibleTimeError as found:
            self._odd.take(found)

    def _known_or_parsed(self, line: bytes, host: str | None, time: str | None) -> None:
        """Read it the cheap way if it can be."""
        at = line.find(INFO) + _INFO_BYTES
        prefix = self._heads.known.get(line[:at]) or self._heads.read(line, at)
        if prefix is None:
            self._unusual.read(line, host, time)
            return
        handle = self._leads.get(line[at : at + 4])
        if handle is not None:
            name = prefix.host or host or self.settings.appliance
            if time is not None:
                prefix = prefix._replace(around=time[:10])
            handle(self.population.named(name), line, at, prefix)
        elif PERHAPS.search(line, at - 2):
            self._unusual.read(line, host, time)
