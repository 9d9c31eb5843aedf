"""The only place where the stages meet. No I/O."""

import re
from collections.abc import Callable, Sequence
from itertools import filterfalse
from typing import Any, Generic

from esa_auth.counters import Counters
from esa_auth.document import Document
from esa_auth.envelope import is_stamp, read_prefix
from esa_auth.facts import Envelope
from esa_auth.letter import Letter, Recall
from esa_auth.pipeline.appliance import Line, Settings
from esa_auth.pipeline.emitter import Out
from esa_auth.pipeline.patient import stages
from esa_auth.pipeline.population import Population
from esa_auth.pipeline.reader import Reader
from esa_auth.pipeline.snapshot import load_appliance, save_appliance

__all__ = ["Pipeline", "Settings"]

_NATIVE_INFO = b" Info: "
# Ends a syslog header where a native stamp ends in a year: "Mar 17 18:24:37 esalogs:"
# is as long as a native stamp.
_COLON = ord(":")
_MID = b"MID "
_MAX_HEADERS = 4096
# No line has it.
_NO_HEAD = b"\n"
# Of the lines of a message only "MID n ICID m ..." and "MID n ready ..." matter.
_IGNORED = re.compile(
    rb".{23}[^:] Info: (?:MID [0-9]+ [!-HJ-qs-~]|Message f)", re.DOTALL
)
_MID_IGNORED = frozenset(b" %c" % c for c in range(33, 127) if c not in b"Ir")

_PRIORITY = re.compile(rb"<[0-9]{1,3}>")
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
        self._headers: dict[bytes, Envelope] = {}
        # What stood before the body of the last line that names its appliance: lines of
        # one appliance and second all have the same, and say the same by it.
        self._head, self._prefix, self._name = _NO_HEAD, Envelope(0), ""
        self._stamp = b""

    def feed(self, lines: Sequence[bytes]) -> None:
        """Take physical lines without their newline, in log order."""
        self.counters.lines += len(lines)
        appliance = self.population.named(self.settings.appliance)
        native = self._native
        # Half of all lines end here, without a step of the interpreter.
        for line in filterfalse(_IGNORED.match, lines):
            lead = line[24:35]
            handle = native.get(lead)
            if handle is not None and line[23] != _COLON:
                handle(appliance, line, 31, None)
            elif handle is not None or lead[:7] != _NATIVE_INFO:
                self._framed(line, None, None)

    def feed_records(
        self, records: Sequence[tuple[bytes, str | None, str | None]]
    ) -> None:
        """Take (message, host or None, time or None) of JSON or msgpack records."""
        self.counters.lines += len(records)
        named, default = self.population.named, self.settings.appliance
        native = self._native
        for raw, host, time in records:
            if _IGNORED.match(raw):
                continue
            lead = raw[24:35]
            handle = native.get(lead)
            if handle is not None and raw[23] != _COLON:
                handle(named(host or default), raw, 31, None)
            elif handle is not None or lead[:7] != _NATIVE_INFO:
                self._framed(raw, host, time)

    def refuse(self, raw: bytes, why: str, reason: str) -> None:
        """Count and keep an input record that is not even a line."""
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

    def _framed(self, line: bytes, host: str | None, time: str | None) -> None:
        """Read a line that is not native at level Info, the cheap way if it can be."""
        if line.startswith(self._head):
            at = len(self._head)
            lead = line[at : at + 4]
            if lead == _MID:
                after = line.find(b" ", at + 5)
                if line[after : after + 2] in _MID_IGNORED:
                    return
            handle = self._leads.get(lead)
            if handle is not None:
                handle(self.population.named(self._name), line, at, self._prefix)
            return
        at = line.find(b": Info: ", 0, 256)
        start = line.find(b">", 0, 6) + 1
        cut = start + 15
        if line[start : start + 1].isdigit():
            cut = line.find(b" ", start, start + 40)
        known = self._headers.get(line[cut:at]) if at > cut else None
        if known is None or not self._begins_well(line, start, cut):
            self._parsed(line, host, time)
            return
        handle = self._leads.get(line[at + 8 : at + 12])
        if handle is not None:
            priority = line[1 : start - 1]
            prefix = Envelope(
                at + 8,
                line[start:cut].decode("ascii", "replace"),
                "info",
                known.host,
                known.program,
                int(priority) if priority.isdigit() else None,
            )
            name = known.host or host or self.settings.appliance
            if known.host:
                self._head, self._prefix, self._name = line[: at + 8], prefix, name
            handle(self.population.named(name), line, at + 8, prefix)

    def _begins_well(self, line: bytes, start: int, cut: int) -> bool:
        """Return whether a line is what it would be without knowing its header."""
        if start and not _PRIORITY.fullmatch(line, 0, start):
            return False
        stamp = line[start:cut]
        if stamp != self._stamp:
            if not is_stamp(stamp):
                return False
            self._stamp = stamp
        return True

    def _parsed(self, line: bytes, host: str | None, time: str | None) -> None:
        prefix = read_prefix(line)
        self._remember(line, prefix)
        name = prefix.host or host or self.settings.appliance
        handle = self._leads.get(line[prefix.body_at : prefix.body_at + 4])
        if handle is None:
            if _AUTH_BEHIND.match(line, prefix.body_at):
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

    def _remember(self, line: bytes, prefix: Envelope) -> None:
        """Know this syslog header again by the bytes between stamp and level."""
        start = line.find(b">", 0, 6) + 1
        stamp = (prefix.stamp or "").encode()
        at = prefix.body_at - 8
        plain = line.startswith(stamp, start) and line[at : at + 8] == b": Info: "
        header = line[start + len(stamp) : at]
        # Not with a stamp inside, which would be another one in the next line.
        known = len(self._headers) >= _MAX_HEADERS or stamp in header
        if stamp and plain and not known:
            self._headers[header] = prefix
