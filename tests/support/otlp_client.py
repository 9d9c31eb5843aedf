"""An output for OTLP with delays that tests can bear, and what became of its events."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import pytest

from esa_auth.outputs.otlp import Item, OtlpOutput, packer
from esa_auth.outputs.otlp.settings import OtlpSettings
from esa_auth.retry import Timing
from tests.support.otlp_receiver import Receiver

Json = dict[str, Any]
NOW = 1_700_000_000_123_456_789
each_encoding = pytest.mark.parametrize("encoding", ["json", "protobuf"])


class Client:
    """An output for a receiver, with delays that tests can bear."""

    made: ClassVar[list["Client"]] = []

    def __init__(
        self,
        receiver: Receiver,
        stop: Callable[[], bool] = lambda: False,
        asleep: Callable[[], None] = lambda: None,
        **changes: Any,
    ) -> None:
        self._asleep = asleep
        self.slept: list[float] = []
        self.poison: list[tuple[str, str]] = []
        values: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": receiver.port,
            "first_delay": 0.001,
            "max_delay": 0.01,
            "max_batch_events": 10,
            **changes,
        }
        timing = Timing(sleep=self._sleep, random=lambda: 0.0, slice=0.02)
        self.output = OtlpOutput(OtlpSettings(**values), self._bury, stop, timing)
        self.made.append(self)
        self._pack = packer(self.output.encoding.record, lambda: NOW)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._asleep()

    def send(self, events: Sequence[Json]) -> None:
        self.output.send([self._pack(event) for event in events])
        counters = self.output.counters
        assert counters.sent == counters.acked + counters.poisoned

    def _bury(self, item: Item, reason: str) -> None:
        self.poison.append((item.event_id, reason))


def closing() -> Iterator[None]:
    """Close every output that a test made; a fixture of its module."""
    yield
    while Client.made:
        Client.made.pop().output.close()


def ids(events: Sequence[Json]) -> list[str]:
    return [event["event"]["id"] for event in events]
