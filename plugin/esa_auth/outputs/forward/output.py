"""The forward destination itself: every event acknowledged, or handed to ``on_poison``.

At least once: what this promises, and what an acknowledgement is worth, stands in
`esa_auth.outputs.forward`; when an event is poison stands in `forward.trial`.
"""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from esa_auth.outputs.counters import DeliveryCounters
from esa_auth.outputs.forward.chunks import Chunk, Entry, cut, pack_chunk
from esa_auth.outputs.forward.failures import DeliveryFailure, Unacknowledged
from esa_auth.outputs.forward.sender import AckSender
from esa_auth.outputs.forward.settings import ForwardSettings
from esa_auth.outputs.forward.trial import Trial
from esa_auth.retry import Backoff, Retry, Timing, Words

_log = logging.getLogger("esa_auth")


@dataclass(frozen=True, slots=True)
class _Offer:
    """A chunk under way: when its writing began, and when its ack is overdue."""

    chunk: Chunk
    begun: float
    deadline: float


class ForwardOutput:
    """Sends to one receiver; for one thread. Connects when it first sends.

    ``on_poison`` gets an event that the receiver will not take and the reason; when
    it returns, the event counts as dealt with. ``stop`` is asked before each new try
    and about four times a second while waiting for anything but a connection.

    Raises:
        ConfigError: a TLS file cannot be used.
    """

    def __init__(
        self,
        settings: ForwardSettings,
        on_poison: Callable[[Entry, str], None],
        stop: Callable[[], bool] = lambda: False,
        timing: Timing | None = None,
    ) -> None:
        self.counters = DeliveryCounters()
        self._settings = settings
        self._on_poison = on_poison
        self._timing = timing or Timing()
        self._retry = Retry(
            f"forward to {settings.address}",
            stop,
            self._timing,
            Backoff(settings.first_delay, settings.max_delay, self._timing.random),
            Words(
                "{what}: {why}; retrying",
                "{what}: acknowledges again",
                f"stopped while {settings.address} had events to acknowledge",
            ),
        )
        self._sender = AckSender(settings, self._timing, self._retry.check_patience)
        self._trial = Trial(settings.max_batch_bytes)

    @property
    def trouble(self) -> str:
        """Why the last try failed; empty if it did not. For any thread."""
        return self._retry.trouble

    def send(self, entries: Sequence[Entry]) -> None:
        """Return when each entry is acknowledged or was handed to ``on_poison``.

        Tries for ever. One try lasts at most the connect and ack timeouts. The order
        of events is kept unless a try fails.

        Raises:
            TemporaryError: ``stop`` said so while the receiver did not answer; any
                of the entries may or may not have arrived, so send all of them again.
        """
        pending = deque(
            cut(entries, self._settings.max_batch_events, self._trial.max_bytes)
        )
        try:
            while pending:
                try:
                    self._proceed(pending)
                except DeliveryFailure as failure:
                    self._failed(str(failure))
        except BaseException:
            # Acknowledgements still on their way belong to chunks forgotten here.
            self._sender.disconnect()
            raise

    def sync(self) -> None:
        """Do nothing: `send` returns when the receiver has everything."""

    def check(self) -> None:
        """Do nothing: a receiver that is gone comes back."""

    def close(self) -> None:
        """Release the connection. Safe to call twice."""
        self._sender.disconnect()

    def _proceed(self, pending: deque[Chunk]) -> None:
        if pending[0].accused:
            self._try_accused(pending)
        else:
            self._deliver(pending)

    def _try_accused(self, pending: deque[Chunk]) -> None:
        chunk = pending[0]
        witness = self._trial.witness()
        if witness is None:
            pending.extend(self._trial.unproven(pending.popleft()))
            return
        self._connect()
        try:
            self._deliver(deque([witness]))
        except Unacknowledged:
            chunk.accused = False
            chunk.strikes = 0
            raise
        pending.popleft()
        instead = self._trial.strike(chunk)
        pending.extendleft(reversed(instead))
        if not instead:
            self._give_up(chunk)

    def _give_up(self, chunk: Chunk) -> None:
        (entry,) = chunk.entries
        reason = f"not acknowledged while other events are: {chunk.reason}"
        self._on_poison(entry, reason)
        self.counters.poisoned += 1
        _log.error(
            "forward to %s: gave up %s: %s", self._settings.address, entry[0], reason
        )

    def _deliver(self, pending: deque[Chunk]) -> None:
        """Send until nothing is pending; on failure put back what was under way."""
        under_way: dict[str, _Offer] = {}
        try:
            while pending or under_way:
                self._fill(pending, under_way)
                self._collect(under_way)
        except DeliveryFailure as failure:
            for offer in under_way.values():
                offer.chunk.suspect = True
                offer.chunk.reason = str(failure)
                offer.chunk.accused = len(under_way) == 1 and isinstance(
                    failure, Unacknowledged
                )
            raise
        finally:
            pending.extendleft(o.chunk for o in reversed(under_way.values()))

    def _fill(self, pending: deque[Chunk], under_way: dict[str, _Offer]) -> None:
        if not under_way:
            self._connect()
        while pending and self._has_room(pending[0], under_way):
            chunk = pending.popleft()
            now = self._timing.clock()
            deadline = now + self._settings.ack_timeout
            under_way[chunk.id] = _Offer(chunk, now, deadline)
            if chunk.written:
                self.counters.resent += len(chunk)
            else:
                self.counters.sent += len(chunk)
            chunk.written = True
            packet = pack_chunk(
                self._settings.tag,
                chunk.id,
                chunk.entries,
                compress=self._settings.gzip,
            )
            self._sender.write(packet, _oldest(under_way).deadline)

    def _has_room(self, chunk: Chunk, under_way: dict[str, _Offer]) -> bool:
        if not under_way:
            return True
        if not self._sender.keepalive or len(under_way) >= self._settings.max_in_flight:
            return False
        # Two chunks of the same events have one id; an ack could not tell them apart.
        if chunk.id in under_way:
            return False
        return not (chunk.suspect or _oldest(under_way).chunk.suspect)

    def _collect(self, under_way: dict[str, _Offer]) -> None:
        for chunk_id in self._sender.acks(_oldest(under_way).deadline):
            offer = under_way.pop(chunk_id, None)
            if offer is None:
                self.counters.stray_acks += 1
            elif not offer.chunk.is_witness:
                self._acknowledged(offer)
        if not under_way and not self._sender.keepalive:
            self._sender.disconnect()

    def _acknowledged(self, offer: _Offer) -> None:
        seconds = self._timing.clock() - offer.begun
        self.counters.acknowledged(len(offer.chunk), seconds)
        self._retry.worked()
        if self._trial.acknowledged(offer.chunk):
            _log.warning(
                "forward to %s: larger chunks are not acknowledged,"
                " keeping to %d bytes",
                self._settings.address,
                self._trial.max_bytes,
            )

    def _connect(self) -> None:
        if self._sender.connect():
            self.counters.connects += 1

    def _failed(self, trouble: str) -> None:
        self._sender.disconnect()
        self.counters.retries += 1
        self._retry.failed(trouble)


def _oldest(under_way: dict[str, _Offer]) -> _Offer:
    return next(iter(under_way.values()))
