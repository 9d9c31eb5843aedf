"""The OTLP destination itself: every event acknowledged, or given to ``on_poison``.

At least once: `send` returns when the receiver has answered 200 for every event. What
that is worth depends on the receiver; the collector's defaults keep what they took in
memory. An event can arrive twice, under the same ``log.record.uid``.

What an answer means is said by "OTLP Specification 1.x", section OTLP/HTTP:

* 200, `partialSuccess` empty: all were taken. A 200 that is no answer of OTLP (of a
  portal, of a wrong URL) counts as none.
* 200 with rejected records: the request must not be repeated, and which records were
  meant is not said. All of that request become dead letters with the receiver's text;
  a replay gives those that had been taken their old ids.
* 429, 502, 503, 504: try again, not before ``Retry-After``.
* 400, 413 and 422 say that the content is at fault. The request is sent in halves, down
  to one event. That event is given up only when the receiver takes an empty request:
  one that refuses everything is at fault itself.
* All other answers are of the settings of one side (401, 404, a redirect): it is said,
  and tried again, until a person mends it.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from esa_auth.outputs.counters import DeliveryCounters
from esa_auth.outputs.otlp.client import Answer, Client, NoAnswerError
from esa_auth.outputs.otlp.requests import Verdict, compressed, encoding
from esa_auth.outputs.otlp.settings import OtlpSettings
from esa_auth.retry import Backoff, Retry, Timing, Words

_TAKEN = 2
_AT_FAULT = frozenset({400, 413, 422})
_BUSY = frozenset({429, 502, 503, 504})

_log = logging.getLogger("esa_auth")


class Item(NamedTuple):
    """One event ready to be sent; ``record`` is what it was made of."""

    event_id: str
    record: dict[str, Any]
    packed: bytes


class _Batch:
    """Events of one request."""

    def __init__(self, items: Sequence[Item], *, written: bool = False) -> None:
        self.items = items
        self.written = written

    def halves(self) -> tuple["_Batch", "_Batch"]:
        middle = len(self.items) // 2
        return (
            _Batch(self.items[:middle], written=True),
            _Batch(self.items[middle:], written=True),
        )


class _Failed(Exception):
    """A try failed and may be made again, not within so many seconds."""

    def __init__(self, why: str, at_least: float = 0.0) -> None:
        super().__init__(why)
        self.at_least = at_least


class OtlpOutput:
    """Sends to one receiver; for one thread. Connects when it first sends.

    ``on_poison`` gets an event that the receiver will not take and the reason; when
    it returns, the event counts as dealt with.

    Raises:
        ConfigError: a TLS file cannot be used.
        ModuleNotFoundError: protobuf needs the package opentelemetry-proto.
    """

    def __init__(
        self,
        settings: OtlpSettings,
        on_poison: Callable[[Item, str], None],
        stop: Callable[[], bool] = lambda: False,
        timing: Timing | None = None,
    ) -> None:
        self.counters = DeliveryCounters()
        self.encoding = encoding(settings.encoding, settings.service_name)
        self._settings = settings
        self._on_poison = on_poison
        self._timing = timing or Timing()
        self._retry = Retry(
            f"otlp to {settings.address}",
            stop,
            self._timing,
            Backoff(settings.first_delay, settings.max_delay, self._timing.random),
            Words(
                "{what}: {why}; retrying",
                "{what}: acknowledges again",
                f"stopped while {settings.address} had events to acknowledge",
            ),
        )
        self._client = Client(
            settings,
            self.encoding.content_type,
            self._timing,
            self._retry.check_patience,
        )

    @property
    def trouble(self) -> str:
        """Why the last try failed; empty if it did not. For any thread."""
        return self._retry.trouble

    def send(self, batch: Sequence[Item]) -> None:
        """Return when each event is acknowledged or was handed to ``on_poison``.

        Tries for ever. The order of events is kept.

        Raises:
            TemporaryError: ``stop`` said so while the receiver did not take events; any
                of them may or may not have arrived, so send all of them again.
        """
        pending = deque(self._cut(batch))
        while pending:
            try:
                instead = self._deliver(pending[0])
            except _Failed as failure:
                self.counters.retries += 1
                self._retry.failed(str(failure), failure.at_least)
            else:
                pending.popleft()
                pending.extendleft(reversed(instead))

    def sync(self) -> None:
        """Do nothing: `send` returns when the receiver has everything."""

    def check(self) -> None:
        """Do nothing: a receiver that is gone comes back."""

    def close(self) -> None:
        """Release the connection. Safe to call twice."""
        self._client.disconnect()

    def _cut(self, items: Sequence[Item]) -> Iterator[_Batch]:
        start, size = 0, 0
        for at, item in enumerate(items):
            full = (
                at - start >= self._settings.max_batch_events
                or size + len(item.packed) > self._settings.max_batch_bytes
            )
            if full and at > start:
                yield _Batch(items[start:at])
                start, size = at, 0
            size += len(item.packed)
        if start < len(items):
            yield _Batch(items[start:])

    def _deliver(self, batch: _Batch) -> tuple[_Batch, ...]:
        """Send one batch, the first that is pending; return what to send instead.

        Raises:
            _Failed: nothing is known of it.
        """
        items = batch.items
        if batch.written:
            self.counters.resent += len(items)
        else:
            self.counters.sent += len(items)
        batch.written = True
        begun = self._timing.clock()
        answer = self._post([item.packed for item in items])
        if answer.status in _AT_FAULT:
            return self._judge(batch, f"HTTP {answer.status}")
        verdict = self._verdict(answer)
        self._retry.worked()
        if verdict.rejected:
            self._give_up(
                items,
                f"receiver rejected {verdict.rejected} of a request of {len(items)}"
                f" events: {verdict.message}",
            )
        else:
            if verdict.message:
                _log.warning("otlp to %s: %s", self._settings.address, verdict.message)
            self.counters.acknowledged(len(items), self._timing.clock() - begun)
        return ()

    def _judge(self, batch: _Batch, why: str) -> tuple[_Batch, ...]:
        """Return what to send instead of a batch whose content is said to be wrong."""
        if len(batch.items) > 1:
            return batch.halves()
        # Raises if the receiver does not take that either.
        self._verdict(self._post([]), f"{why}, and nothing else is taken either")
        self._give_up(batch.items, f"receiver refused it: {why}")
        return ()

    def _give_up(self, items: Sequence[Item], reason: str) -> None:
        for item in items:
            self._on_poison(item, reason)
            self.counters.poisoned += 1
            _log.error(
                "otlp to %s: gave up %s: %s",
                self._settings.address,
                item.event_id,
                reason,
            )

    def _post(self, records: Sequence[bytes]) -> Answer:
        body = self.encoding.body(records)
        before = self._client.connects
        try:
            return self._client.post(compressed(body) if self._settings.gzip else body)
        except NoAnswerError as error:
            raise _Failed(str(error)) from error
        finally:
            self.counters.connects += self._client.connects - before

    def _verdict(self, answer: Answer, why: str = "") -> Verdict:
        """Return what an answer says of the records.

        Raises:
            _Failed: it does not say that the request was taken.
        """
        status = answer.status
        if status // 100 != _TAKEN:
            busy = answer.retry_after if status in _BUSY else 0.0
            raise _Failed(why or f"receiver answers HTTP {status}", busy)
        known = answer.content_type == self.encoding.content_type
        try:
            if answer.body and not known:
                raise ValueError(answer.content_type)  # noqa: TRY301 - one way out
            return self.encoding.verdict(answer.body)
        except ValueError as error:
            text = f"the answer is not of OTLP: HTTP {status}"
            raise _Failed(text) from error
