"""What lines tell of the mail of a connection, once that has AUTH."""

import re
from collections.abc import Callable
from functools import cache, cached_property

from esa_auth import grammar
from esa_auth.envelope import NATIVE_INFO
from esa_auth.model.facts import (
    Bounced,
    ConnectionFailed,
    Delayed,
    Delivered,
    DeliveryStarted,
    Instant,
    MessageAborted,
    MessageReady,
    MessageStarted,
    RecipientGiven,
    SenderGiven,
)
from esa_auth.model.session import Session
from esa_auth.pipeline.appliance import Appliance, Settings
from esa_auth.pipeline.emitter import Emitter
from esa_auth.pipeline.line import Line
from esa_auth.sessions import Table, is_due

# Whom a line may name, in so many of its first bytes: the rest may be text of others.
# Inside a word, too: the row decides, and a first letter is found faster than a word.
_NAMED = re.compile(rb"(MID|ICID|DCID):? ([0-9]{1,12})\b")
_NAMED_WITHIN = 100


@cache
def ignored_lines(rows: grammar.Grammar) -> re.Pattern[bytes]:
    """Return what matches native lines on mail that none of ``rows`` reads."""
    bodies = rows.mail_to_ignore().encode()
    return re.compile(b"%b(?:%b)" % (NATIVE_INFO, bodies), re.DOTALL)


class Mail:
    """Counts messages and deliveries of live sessions."""

    def __init__(
        self,
        emitter: Emitter,
        settings: Settings,
        advance: Callable[[Line], Instant | None],
    ) -> None:
        """See `Dispatcher` for ``advance``."""
        self._emit = emitter
        self._count = emitter.counters
        self._every = settings.report_every if settings.reports else None
        self._advance = advance
        self._pseudonymizer = emitter.pseudonymizer

    @cached_property
    def _ignored(self) -> re.Pattern[bytes]:
        return re.compile(grammar.GRAMMAR.mail_to_ignore().encode())

    def concerns(self, appliance: Appliance, raw: bytes, at: int) -> bool:
        """Return whether a body names a connection with AUTH, or a message of one.

        While lines are put off, any may: what they say of a session is not known yet.
        """
        inbound, outbound = appliance.inbound.live, appliance.outbound.live
        if not (inbound or outbound):
            return bool(appliance.odd)
        if self._ignored.match(raw, at) and not appliance.odd:
            return False
        for kind, number in _NAMED.findall(raw, at, at + _NAMED_WITHIN):
            if kind == b"MID":
                known = number in appliance.messages
            else:
                known = number in (inbound if kind == b"ICID" else outbound)
            if known:
                return True
        return bool(appliance.odd)

    def message(
        self, fact: MessageStarted | SenderGiven | RecipientGiven, line: Line
    ) -> None:
        """Take the start of a message, its sender or a recipient."""
        appliance, instant = line.appliance, self._advance(line)
        session = self._alive(appliance, appliance.inbound, fact.icid.encode(), instant)
        if session is None:
            return
        self._count.context += 1
        session.last = instant
        mid = fact.mid.encode()
        if isinstance(fact, MessageStarted) or mid not in appliance.messages:
            appliance.messages.started(mid, session)
        if isinstance(fact, RecipientGiven) and fact.accepted:
            appliance.messages.recipient(mid)

    def message_end(self, fact: MessageReady | MessageAborted, line: Line) -> None:
        """Take that a message was received whole, or given up."""
        mid, messages = fact.mid.encode(), line.appliance.messages
        if mid not in messages or (instant := self._advance(line)) is None:
            return
        self._count.context += 1
        if isinstance(fact, MessageAborted):
            messages.aborted(mid)
        elif (session := messages.ready(mid)) is not None:
            self._report(session, line, instant)

    def delivery(
        self,
        fact: DeliveryStarted | Delivered | Bounced | Delayed | ConnectionFailed,
        line: Line,
    ) -> None:
        """Take what became of a message at the other server."""
        appliance, instant = line.appliance, self._advance(line)
        session = self._alive(
            appliance, appliance.outbound, fact.dcid.encode(), instant
        )
        if session is None or instant is None:
            return
        self._count.context += 1
        session.last = instant
        if self._pseudonymizer and isinstance(fact, Bounced):
            fact = self._pseudonymizer.bounced(fact)
        session.fold_delivery(fact)
        if not isinstance(fact, DeliveryStarted):
            self._report(session, line, instant)

    def _alive(
        self, appliance: Appliance, table: Table, number: bytes, instant: Instant | None
    ) -> Session | None:
        """Return the live session of ``number``, if it is not too old for a line."""
        if instant is None:
            return None
        if (ended := table.expire(number, instant.epoch)) is not None:
            self._emit.ended(ended, appliance)
        return table.session_of(number)

    def _report(self, session: Session, line: Line, instant: Instant) -> None:
        """Report a session whose counts this line has changed, if that is due."""
        if self._every and is_due(session, instant.epoch, self._every):
            # Its end, if no line says that, is not to be earlier.
            session.last = instant
            self._emit.progress(session, line.unseen_source(instant), line.appliance)
