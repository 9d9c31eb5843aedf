"""What the bytes of a checkpoint hold, if they hold no memory."""

import time
from pathlib import Path

import msgpack
import pytest

from esa_auth.state import Memory, StateDirectory


@pytest.mark.parametrize(
    "payload", [b"", b"\xc1", b"\x93", b"\x81\x80\x01", b"\x81\x90\x01", b"\x01"]
)
def test_a_payload_that_is_no_memory_is_forgotten(
    tmp_path: Path, payload: bytes
) -> None:
    with StateDirectory.open(str(tmp_path)) as directory:
        directory.save(payload)
        memory = Memory(directory, 1)
        assert memory.recall() == {}
        assert memory.lost
        directory.save(msgpack.packb({"a": 1}))
        assert memory.recall() == {"a": 1}


def test_saves_take_a_twentieth_of_the_time_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0

    def takes_a_while(payload: bytes) -> None:
        nonlocal now
        now += 3.0

    with StateDirectory.open(str(tmp_path)) as directory:
        monkeypatch.setattr(time, "monotonic", lambda: now)
        monkeypatch.setattr(directory, "save", takes_a_while)
        memory = Memory(directory, 5.0)
        memory.keep({})
        now += 59.0
        assert not memory.due()
        now += 1.0
        assert memory.due()
