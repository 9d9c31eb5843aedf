"""The only place where the stages meet. No I/O."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import filterfalse
from typing import Any, Generic, TypeAlias

from esa_auth.counters import Counters
from esa_auth.document import Document
from esa_auth.envelope import read_prefix
from esa_auth.letter import Letter, Recall
from esa_auth.pipeline.appliance import Line, Settings
from esa_auth.pipeline.emitter import Out
from esa_auth.pipeline.heads import INFO, Heads
from esa_auth.pipeline.patient import stages
from esa_auth.pipeline.population import Population
from esa_auth.pipeline.reader import Reader
from esa_auth.pipeline.snapshot import load_appliance, save_appliance

# What is said of a line around it: (message, host or None, time or None).
Record: TypeAlias = tuple[bytes, str | None, str | None]

__all__ = ["Pipeline", "Settings"]

_NATIVE_INFO = b" Info: "
_INFO_BYTES = len(INFO)
# Ends a syslog header where a native stamp ends in a year: "Mar 17 18:24:37 esalogs:"
# is as long as a native stamp.
_COLON = ord(":")
# Of the lines of a message only "MID n ICID m ..." and "MID n ready ..." matter.
_IGNORED = re.compile(
    rb".{23}[^:] Info: (?:MID [0-9]+ [!-HJ-qs-~]|Message f)", re.DOTALL
)
# A new stamp or level must be seen: a few words, then the AUTH family's own.
_AUTH_BEHIND = re.compile(rb"(?:\S{1,40} {1,2}){1,6}SMTP Auth:? \(ICID [0-9]")


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
        # A native line of level Info has its body at byte 31 and needs no parsing of
        # what stands before it to be passed over.
        self._native = {_NATIVE_INFO + k: h for k, h in self._leads.items()}
        self._heads = Heads()

    def feed(self, lines: Sequence[bytes]) -> None:
        """Take physical lines without their newline, in log order."""
        self.counters.lines += len(lines)
        appliance = self.population.named(self.settings.appliance)
        native = self._native
        framed = bool(lines) and lines[0][24:31] != _NATIVE_INFO
        unread = self._unfamiliar(lines) if framed else lines
        # Half of all native lines end here, without a step of the interpreter.
        for line in filterfalse(_IGNORED.match, unread):
            lead = line[24:35]
            handle = native.get(lead)
            if handle is not None and line[23] != _COLON:
                handle(appliance, line, 31, None)
            elif handle is not None or lead[:7] != _NATIVE_INFO:
                self._framed(line, None, None)

    def feed_records(self, records: Sequence[Record]) -> None:
        """Take JSON or msgpack records, in log order."""
        self.counters.lines += len(records)
        named, default = self.population.named, self.settings.appliance
        native, ignored = self._native, _IGNORED.match
        for raw, host, time in records:
            if ignored(raw):
                continue
            lead = raw[24:35]
            handle = native.get(lead)
            if handle is not None and raw[23] != _COLON:
                handle(named(host or default), raw, 31, None)
            elif handle is not None or lead[:7] != _NATIVE_INFO:
                self._framed(raw, host, time)

    def refuse(self, raw: bytes, why: str, reason: str) -> None:
        """Count and keep an input record that is not even a line."""
        self.counters.unknown_heads += 1
        self.bury(Letter(raw, why, (reason,), self.settings.appliance, Recall()))

    def bury(self, letter: Letter) -> None:
        """Count and keep a line that is refused before it is read."""
        self.counters.lines += 1
        self._emit.reject(letter)

    def drain(self) -> None:
        """Write the end of every session still open, as not closed."""
        for appliance in self.population.appliances.values():
            for table in (appliance.inbound, appliance.outbound):
                for session in table.live.values():
                    self._emit.abandoned(session, appliance, "input_ended")
                table.live.clear()
            for held in appliance.waiting.take_all():
                self._emit.release(held, appliance)

    def snapshot(self) -> dict[str, Any]:
        """Return what the next start needs to go on as if there had been no stop."""
        appliances = self.population.appliances
        saved: dict[str, Any] = {
            "until_look": self.population.until_look,
            "appliances": {n: save_appliance(a) for n, a in appliances.items()},
        }
        if self._emit.veil:
            saved["privacy"] = self._emit.veil.about
        return saved

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up a snapshot, before the first line.

        Raises:
            ValueError, TypeError, KeyError, AttributeError: it is none.
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
            self.resume()
        except (ValueError, TypeError, KeyError, AttributeError):
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
        default = self.settings.appliance
        for line in lines:
            at = line.find(INFO) + _INFO_BYTES
            prefix = known.get(line[:at])
            if prefix is None:
                yield line
                continue
            handle = leads.get(line[at : at + 4])
            if handle is not None:
                name = prefix.host or default
                handle(appliances.get(name) or named(name), line, at, prefix)

    def _framed(self, line: bytes, host: str | None, time: str | None) -> None:
        """Read a line that is not native at level Info, the cheap way if it can be."""
        at = line.find(INFO) + _INFO_BYTES
        prefix = self._heads.known.get(line[:at]) or self._heads.read(line, at)
        if prefix is None:
            self._parsed(line, host, time)
            return
        handle = self._leads.get(line[at : at + 4])
        if handle is not None:
            name = prefix.host or host or self.settings.appliance
            handle(self.population.named(name), line, at, prefix)

    def _parsed(self, line: bytes, host: str | None, time: str | None) -> None:
        prefix = read_prefix(line)
        self._heads.remember(line, prefix)
        if prefix.level is None and time is None:
            self.counters.unknown_heads += 1
        name = prefix.host or host or self.settings.appliance
        handle = self._leads.get(line[prefix.body_at : prefix.body_at + 4])
        if handle is None:
            if prefix.level != "info" and _AUTH_BEHIND.match(line, prefix.body_at):
                appliance = self.population.named(name)
                self._reader.refuse_prefix(Line(appliance, line, 0, prefix))
            return
        if prefix.stamp is None:
            prefix = prefix._replace(stamp=time)
        if prefix.stamp is None:
            # Somebody's text behind a line feed: it tells nothing of a session, and
            # is refused if it looks like AUTH.
            handle = self._leads[b"SMTP"]
        handle(self.population.named(name), line, prefix.body_at, prefix)
