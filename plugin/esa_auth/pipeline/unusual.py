"""Lines whose head has to be read in full: of a new second, rare, or unknown."""

import re
from collections.abc import Mapping
from itertools import islice
from typing import Generic

from esa_auth import grammar
from esa_auth.envelope import LEVELS, end_of, read_prefix, start_of
from esa_auth.model.facts import Envelope
from esa_auth.pipeline.appliance import ImplausibleTimeError, Line
from esa_auth.pipeline.connections import Handler
from esa_auth.pipeline.emitter import Emitter, Out
from esa_auth.pipeline.heads import Heads
from esa_auth.pipeline.population import Population
from esa_auth.pipeline.reader import Reader

# rsyslog, $RepeatedMsgReduction: "message repeated %d times: [%.800s]".
_REPEATED = re.compile(rb"message repeated ([0-9]{1,9}) times: \[")
_LONGEST_REPEATED = 800
# One line must not become any number of events.
MOST_REPEATS = 1000
# syslogd of BSD and of Solaris. Which line was the last one of its sender is not known
# behind a collector, where lines of others come between: it is joined to none.
_LAST_REPEATED = re.compile(rb"(?:-+ )?last message repeated ([0-9]{1,9}) times?\b")
# A level, as others may have changed it: "[INFO] ". A line with a stamp may be of any
# program; behind a level it is kept for a wording that no rule has.
_LEVEL = re.compile(
    rb"(?<![A-Za-z])(?:" + LEVELS + rb")[^A-Za-z0-9]{1,8}", re.IGNORECASE
)
_MOST_LEVELS = 16
_LONGEST_BODY = 4096
_BLANK_BODY = rb"(?<=: )[ \t\0]|message repeated "
# What makes a line with a known head and an unknown first word worth a second look.
PERHAPS = re.compile(
    grammar.PHRASES.beginning.pattern + b"|" + _BLANK_BODY, re.IGNORECASE
)


class Unusual(Generic[Out]):
    """Reads a line from its first byte; what looks like AUTH or a login is kept."""

    def __init__(
        self,
        emitter: Emitter[Out],
        population: Population[Out],
        reader: Reader[Out],
        leads: Mapping[bytes, Handler],
        heads: Heads,
    ) -> None:
        self._count = emitter.counters
        self._veiled = emitter.veil is not None
        self._population = population
        self._reader = reader
        self._leads = leads
        self._heads = heads

    def read(self, line: bytes, host: str | None, time: str | None) -> None:
        """Read ``line``; a record around it may say its host and time."""
        line = line[start_of(line) :]
        prefix = read_prefix(line)
        self._heads.remember(line, prefix)
        if prefix.stamp is None:
            # What looks like a host may be of a name that a line feed broke in two.
            own_host = None if self._veiled and time is None else prefix.host
            prefix = prefix._replace(stamp=time, host=own_host)
        elif time is not None:
            prefix = prefix._replace(around=time[:10])
        name = prefix.host or host or self._population.settings.appliance
        repeated = _REPEATED.match(line, prefix.body_at)
        if repeated is not None:
            self._repeated(line, prefix, name, repeated)
        elif not self._said(line, prefix, name):
            self._passed_over(line, prefix, name, time)

    def _said(self, line: bytes, prefix: Envelope, name: str) -> bool:
        """Hand a body on to what reads it; return whether that is the end of it."""
        handle = self._leads.get(line[prefix.body_at : prefix.body_at + 4])
        if handle is None:
            return False
        if prefix.stamp is None:
            # Somebody's text behind a line feed: it tells nothing of a session, and
            # is refused if it looks like AUTH.
            handle = self._leads[b"SMTP"]
        appliance = self._population.named(name)
        used = self._reader.each_time(
            handle, Line(appliance, line, prefix.body_at, prefix), 1
        )
        # Without a level the first word may be one of the head.
        return used or (prefix.level is not None and prefix.stamp is not None)

    def _passed_over(
        self, line: bytes, prefix: Envelope, name: str, time: str | None
    ) -> None:
        """Keep a line that may be one of ours; count what is not even a log line."""
        at = prefix.body_at
        last = _LAST_REPEATED.match(line, at)
        if last is not None:
            self._count.repeats_unread += int(last[1])
        stamped = prefix.stamp is not None and prefix.stamp != time
        handle = self._leads.get(line[at : at + 4])
        # Other texts begin with the words of a login, too: "The", "Failed".
        ours = prefix.level is not None or handle not in (None, self._leads[b"SMTP"])
        if not ours and time is None and line.strip():
            self._count.unknown_heads += 1
        kept = grammar.PHRASES.within(line, of_any_wording=not (ours or stamped))
        if kept or (not ours and _new_wording(line)):
            reason = "unknown head: behind it stands what looks like AUTH or a login"
            self._keep(line, prefix, name, "unknown_head", reason)

    def _keep(
        self, line: bytes, prefix: Envelope, name: str, why: str, reason: str
    ) -> None:
        appliance = self._population.named(name)
        try:
            self._reader.refuse(Line(appliance, line, 0, prefix), why, reason)
        except ImplausibleTimeError as found:
            found.odd = found.odd._replace(refused=(why, reason))
            raise

    def _repeated(
        self, line: bytes, prefix: Envelope, name: str, said: re.Match[bytes]
    ) -> None:
        """Read a line that says how often another one came; each time is an attempt."""
        times = int(said[1])
        inner = line[said.end() : end_of(line)].rstrip().removesuffix(b"]")
        if not 0 < times <= MOST_REPEATS or len(inner) >= _LONGEST_REPEATED:
            if grammar.PHRASES.within(inner) or _new_wording(inner):
                reason = f"repeated more than {MOST_REPEATS} times, or cut"
                self._keep(line, prefix, name, "unread", reason)
            return
        single = line[: prefix.body_at] + inner
        own = read_prefix(single)
        own = own._replace(
            stamp=own.stamp or prefix.stamp, repeated=line[: end_of(line)]
        )
        handle = self._leads.get(single[own.body_at : own.body_at + 4])
        appliance = self._population.named(name)
        each = Line(appliance, single, own.body_at, own)
        try:
            used = handle is not None and self._reader.each_time(handle, each, times)
        except ImplausibleTimeError as found:
            found.odd = found.odd._replace(times=times)
            raise
        if not used and grammar.PHRASES.within(inner):
            reason = "unknown head: what is repeated looks like AUTH or a login"
            self._keep(line, prefix, name, "unknown_head", reason)


def _new_wording(line: bytes) -> bool:
    """Return whether behind a level stands what looks like AUTH or a login."""
    return any(
        grammar.auth_like(body.decode("utf-8", "backslashreplace"))
        for found in islice(_LEVEL.finditer(line), _MOST_LEVELS)
        if (body := line[found.end() : found.end() + _LONGEST_BODY])
    )
