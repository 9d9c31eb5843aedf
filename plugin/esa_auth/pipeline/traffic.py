"""Handlers of message and delivery lines, which matter once a session has AUTH."""

from esa_auth import grammar
from esa_auth.envelope import end_of
from esa_auth.model.counters import Counters
from esa_auth.model.facts import (
    Bounced,
    ConnectionFailed,
    Delayed,
    Delivered,
    DeliveryStarted,
    Envelope,
    MessageReady,
    MessageStarted,
    RecipientGiven,
    SenderGiven,
)
from esa_auth.pipeline.appliance import Appliance, Line
from esa_auth.pipeline.emitter import Emitter, Out
from esa_auth.pipeline.population import Population
from esa_auth.sessions import fold_delivery


class Traffic:
    """``MID``, ``Start MID``, ``Message``, ``Delivery``, ``Bounced`` and the like."""

    def __init__(self, emitter: Emitter[Out], population: Population[Out]) -> None:
        self._count: Counters = emitter.counters
        self._alive = population.alive
        self._veil = emitter.veil

    def mid(
        self, appliance: Appliance, raw: bytes, at: int, prefix: Envelope | None
    ) -> None:
        """Sender, recipient or end of data of a message."""
        live = appliance.inbound.live
        if not live:
            return
        end = raw.find(b" ", at + 4)
        word = raw[end + 1 : end + 6]
        if word == b"ICID ":
            # Nearly all are of connections without AUTH.
            if raw[end + 6 : raw.find(b" ", end + 6)] in live:
                self.message(appliance, raw, at, prefix)
        elif word == b"ready":
            mid = raw[at + 4 : end]
            if mid in appliance.messages:
                self._ready(mid, Line(appliance, raw, at, prefix))

    def message(
        self, appliance: Appliance, raw: bytes, at: int, prefix: Envelope | None
    ) -> None:
        """Start of a message, its sender, a recipient."""
        live = appliance.inbound.live
        if not live:
            return
        start = raw.find(b" ICID ", at) + 6
        end = raw.find(b" ", start)
        number = raw[start:end] if end > 0 else raw[start : end_of(raw)].rstrip()
        if number not in live:
            return
        line = Line(appliance, raw, at, prefix)
        fact = grammar.read(line.body)
        if not isinstance(fact, MessageStarted | SenderGiven | RecipientGiven):
            return
        instant, number = line.instant, fact.icid.encode()
        session = self._alive(appliance, appliance.inbound, number, instant)
        if session is None:
            return
        self._count.context += 1
        session.last = instant
        mid = fact.mid.encode()
        if isinstance(fact, MessageStarted) or mid not in appliance.messages:
            appliance.messages.started(mid, session)
        if isinstance(fact, RecipientGiven) and fact.accepted:
            appliance.messages.recipient(mid)

    def message_end(
        self, appliance: Appliance, raw: bytes, at: int, prefix: Envelope | None
    ) -> None:
        """``Message done`` is a delivery, ``Message aborted`` gives a message up."""
        if raw[at + 8 : at + 13] == b"done ":
            self.delivery(appliance, raw, at, prefix)
        elif raw[at + 8 : at + 20] == b"aborted MID ":
            mid = raw[at + 20 :].partition(b" ")[0]
            if mid in appliance.messages and appliance.instant(raw, prefix):
                self._count.context += 1
                appliance.messages.aborted(mid)

    def delivery(
        self, appliance: Appliance, raw: bytes, at: int, prefix: Envelope | None
    ) -> None:
        """What became of a message at the other server."""
        live = appliance.outbound.live
        if not live:
            return
        # "DCID 5", and "DCID: 5" in older wordings and in connection errors.
        start = raw.find(b"DCID", at) + 4
        if raw[start : start + 20].lstrip(b": ").split(b" ", 1)[0] not in live:
            return
        line = Line(appliance, raw, at, prefix)
        fact = grammar.read(line.body)
        if not isinstance(
            fact, DeliveryStarted | Delivered | Bounced | Delayed | ConnectionFailed
        ):
            return
        instant, number = line.instant, fact.dcid.encode()
        session = self._alive(appliance, appliance.outbound, number, instant)
        if session is not None:
            self._count.context += 1
            session.last = instant
            if self._veil and isinstance(fact, Bounced):
                fact = self._veil.bounced(fact)
            fold_delivery(session, fact)

    def _ready(self, mid: bytes, line: Line) -> None:
        if isinstance(grammar.read(line.body), MessageReady) and line.instant:
            self._count.context += 1
            line.appliance.messages.ready(mid)
