"""Lines whose head has to be read in full: of a new second, rare, or unknown."""

import re
from itertools import islice
from typing import Generic

from esa_auth import grammar
from esa_auth.envelope import LEVELS, end_of, read_prefix, start_of
from esa_auth.facts import Envelope
from esa_auth.pipeline.appliance import Line
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
        heads: Heads,
    ) -> None:
        self._count = emitter.counters
        self._population = population
        self._reader = reader
        self._leads = reader.leads()
        self._heads = heads

    def read(self, line: bytes, host: str | None, time: str | None) -> None:
        """Read ``line``; a record around it may say its host and time."""
        line = line[start_of(line) :]
        prefix = read_prefix(line)
        self._heads.remember(line, prefix)
        if prefix.stamp is None:
            prefix = prefix._replace(stamp=time)
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
        used = self._used(handle, line, prefix, name)
        # Without a level the first word may be one of the head.
        return used or (prefix.level is not None and prefix.stamp is not None)

    def _used(self, handle: Handler, line: bytes, prefix: Envelope, name: str) -> bool:
        before = self._told()
        handle(self._population.named(name), line, prefix.body_at, prefix)
        return self._told() != before

    def _told(self) -> tuple[int, int, int]:
        """Return what changes with a line that counts as more than ignored."""
        count = self._count
        # A line whose event is held is not counted as a line until that leaves.
        said = count.results + count.ancillary - count.lines
        return said, count.context, count.rejected

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
        self._reader.refuse(Line(appliance, line, 0, prefix), why, reason)

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
        before = self._told()
        if handle is None or not self._used(handle, single, own, name):
            if grammar.PHRASES.within(inner):
                reason = "unknown head: what is repeated looks like AUTH or a login"
                self._keep(line, prefix, name, "unknown_head", reason)
            return
        # What opens, describes or closes a session does so once; and what is refused
        # is refused as a whole, so that one letter reads it again.
        said_it = self._told()
        if said_it[0] == before[0] + 1 and said_it[1:] == before[1:]:
            for _ in range(times - 1):
                self._count.lines += 1
                self._used(handle, single, own, name)


def _new_wording(line: bytes) -> bool:
    """Return whether behind a level stands what looks like AUTH or a login."""
    return any(
        grammar.auth_like(body.decode("utf-8", "backslashreplace"))
        for found in islice(_LEVEL.finditer(line), _MOST_LEVELS)
        if (body := line[found.end() : found.end() + _LONGEST_BODY])
    )
