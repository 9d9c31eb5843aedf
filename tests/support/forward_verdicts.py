"""What a test says of a receiver as a whole: all delivered, or nothing let in."""

from typing import Any

import pytest

from esa_auth.errors import TemporaryError
from esa_auth.outputs.forward import Entry, ForwardOutput
from tests.support.forward_receiver import Receiver, events, ids

KEY = "key-of-both"
PASSWORD = "word-of-ann"  # noqa: S105  made up


def refuse_poison(entry: Entry, reason: str) -> None:
    pytest.fail(f"{entry[0]} taken for poison: {reason}")


def delivers(receiver: Receiver, **changes: Any) -> ForwardOutput:
    with receiver:
        output = receiver.output(refuse_poison, **changes)
        output.send(events(25))
        output.send(events(25, start=25))
        output.close()
    assert set(receiver.stored) == ids(events(50))
    assert output.counters.retries == 0
    return output


def is_refused(
    receiver: Receiver, caplog: pytest.LogCaptureFixture, **changes: Any
) -> str:
    """Return the one line that was logged of five refused tries."""
    with receiver:
        output = receiver.output(
            refuse_poison, stop=lambda: output.counters.retries >= 5, **changes
        )
        with pytest.raises(TemporaryError):
            output.send(events(5))
        output.close()
    assert output.counters.retries >= 5
    assert output.counters.sent == 0
    assert receiver.chunks == []
    (record,) = caplog.records
    line = record.getMessage()
    assert KEY not in line
    assert PASSWORD not in line
    assert "\n" not in line
    return line
