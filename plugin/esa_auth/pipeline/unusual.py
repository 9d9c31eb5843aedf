"""Lines whose head has to be read in full: of a new second, rare, or unknown."""

import re
from collections.abc import Callable
from itertools import islice

from esa_auth import grammar
from esa_auth.envelope import LEVELS, end_of, read_prefix, start_of
from esa_auth.model.facts import Envelope
from esa_auth.pipeline.appliance import ImplausibleTimeError
from esa_auth.pipeline.dispatch import Dispatcher, Handler
from esa_auth.pipeline.emitter import Emitter
from esa_auth.pipeline.line import Line
from esa_auth.pipeline.registry import ApplianceRegistry

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
REPEATED = "message repeated "
_BLANK_BODY = rb"(?<=: )[ \t\0]|" + REPEATED.encode()


class Unusual:
    """Reads a line from its first byte; what looks like AUTH or a login is kept."""

    def __init__(
        self,
        emitter: Emitter,
        registry: ApplianceRegistry,
        dispatch: Dispatcher,
        take: Callable[[Handler, Line, int], bool],
    ) -> None:
        """``take`` has a line read so many times, and says if it is not ignored."""
        self._count = emitter.counters
        self._private = emitter.pseudonymizer is not None
        self._registry = registry
        self._dispatch = dispatch
        self._take = take
        self._phrases = grammar.GRAMMAR.phrases
        # What makes a line with a known head and an unknown first word worth a second
        # look.
        self.perhaps = re.compile(
            self._phrases.beginning.pattern + b"|" + _BLANK_BODY, re.IGNORECASE
        )

    def read(self, line: bytes, host: str | None, time: str | None) -> None:
        """Read ``line``; a record around it may say its host and time."""
        line = line[start_of(line) :]
        envelope = read_prefix(line)
        if envelope.stamp is None:
            # What looks like a host may be of a name that a line feed broke in two.
            own_host = None if self._private and time is None else envelope.host
            envelope = envelope._replace(stamp=time, host=own_host)
        elif time is not None:
            envelope = envelope._replace(around=time[:10])
        name = envelope.host or host or self._registry.settings.appliance
        repeated = _REPEATED.match(line, envelope.body_at)
        if repeated is not None:
            self._repeated(line, envelope, name, repeated)
        elif not self._said(line, envelope, name):
            self._passed_over(line, envelope, name, time)

    def _said(self, line: bytes, envelope: Envelope, name: str) -> bool:
        """Hand a body on to what reads it; return whether that is the end of it."""
        handle = self._dispatch.of(line, envelope.body_at)
        if handle is None or _may_be_head(line, envelope):
            return False
        if envelope.stamp is None:
            # Somebody's text behind a line feed: it tells nothing of a session, and
            # is refused if it looks like AUTH.
            handle = self._dispatch.read
        appliance = self._registry.named(name)
        used = self._take(handle, Line(appliance, line, envelope), 1)
        # Without a level the first word may be one of the head.
        return used or (envelope.level is not None and envelope.stamp is not None)

    def _passed_over(
        self, line: bytes, envelope: Envelope, name: str, time: str | None
    ) -> None:
        """Keep a line that may be one of ours; count what is not even a log line."""
        at = envelope.body_at
        last = _LAST_REPEATED.match(line, at)
        if last is not None:
            self._count.repeats_unread += int(last[1])
        stamped = envelope.stamp is not None and envelope.stamp != time
        ours = envelope.level is not None or self._dispatch.is_certain(line, at)
        if not ours and time is None and line.strip():
            self._count.unknown_heads += 1
        kept = self._phrases.within(line, of_any_wording=not (ours or stamped))
        if kept or (not ours and _new_wording(line)):
            reason = "unknown head: behind it stands what looks like AUTH or a login"
            self._reject(line, envelope, name, "unknown_head", reason)

    def _reject(
        self, line: bytes, envelope: Envelope, name: str, why: str, reason: str
    ) -> None:
        appliance = self._registry.named(name)
        try:
            self._dispatch.reject(Line(appliance, line, envelope), why, reason)
        except ImplausibleTimeError as found:
            found.odd = found.odd._replace(rejected=(why, reason))
            raise

    def _repeated(
        self, line: bytes, envelope: Envelope, name: str, said: re.Match[bytes]
    ) -> None:
        """Read a line that says how often another one came; each time is an attempt."""
        times = int(said[1])
        inner = line[said.end() : end_of(line)].rstrip().removesuffix(b"]")
        if not 0 < times <= MOST_REPEATS or len(inner) >= _LONGEST_REPEATED:
            if self._phrases.within(inner) or _new_wording(inner):
                reason = f"repeated more than {MOST_REPEATS} times, or cut"
                self._reject(line, envelope, name, "unread", reason)
            return
        single = line[: envelope.body_at] + inner
        own = read_prefix(single)
        own = own._replace(
            stamp=own.stamp or envelope.stamp, repeated=line[: end_of(line)]
        )
        handle = self._dispatch.of(single, own.body_at)
        appliance = self._registry.named(name)
        each = Line(appliance, single, own)
        if _may_be_head(single, own):
            handle = None
        try:
            used = handle is not None and self._take(handle, each, times)
        except ImplausibleTimeError as found:
            found.odd = found.odd._replace(times=times)
            raise
        if not used and self._phrases.within(inner):
            reason = "unknown head: what is repeated looks like AUTH or a login"
            self._reject(line, envelope, name, "unknown_head", reason)


def _may_be_head(line: bytes, envelope: Envelope) -> bool:
    """Return whether what seems to be the body may be more of the head, and a body."""
    if envelope.level is not None:
        return False
    body = line[envelope.body_at : end_of(line)]
    return grammar.reads_a_head(body.decode("utf-8", "backslashreplace"))


def _new_wording(line: bytes) -> bool:
    """Return whether behind a level stands what looks like AUTH or a login."""
    return any(
        grammar.GRAMMAR.looks_like_auth(body.decode("utf-8", "backslashreplace"))
        for found in islice(_LEVEL.finditer(line), _MOST_LEVELS)
        if (body := line[found.end() : found.end() + _LONGEST_BODY])
    )
