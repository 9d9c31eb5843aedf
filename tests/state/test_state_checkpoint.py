"""What the bytes of a checkpoint hold, if they hold no checkpoints."""

import time
from collections.abc import Iterable
from pathlib import Path

import msgpack
import pytest

from esa_auth.errors import TemporaryError
from esa_auth.state import CheckpointStore, StateDirectory


@pytest.mark.parametrize(
    "payload", [b"", b"\xc1", b"\x93", b"\x81\x80\x01", b"\x81\x90\x01", b"\x01"]
)
def test_a_payload_that_is_no_memory_is_forgotten(
    tmp_path: Path, payload: bytes
) -> None:
    with StateDirectory.open(str(tmp_path)) as directory:
        directory.save(payload)
        checkpoints = CheckpointStore(directory, 1)
        assert checkpoints.load() == {}
        assert checkpoints.lost
        directory.save(msgpack.packb({"a": 1}))
        assert checkpoints.load() == {"a": 1}


def test_journals_that_no_checkpoint_names_are_removed_once(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        (tmp_path / f"journal.{number}").touch()
    with StateDirectory.open(str(tmp_path)) as directory:
        checkpoints = CheckpointStore(directory, 1)
        checkpoints.save({})
        assert len(list(tmp_path.glob("journal.*"))) == 3
        checkpoints.save({"journal": 2})
        assert {path.name for path in tmp_path.glob("journal.*")} == {
            "journal.2",
            "journal.3",
        }
        # From here on, whoever writes journals removes them.
        checkpoints.save({"journal": 3})
        assert len(list(tmp_path.glob("journal.*"))) == 2


class Timed:
    """A memory whose saves take as long as is said, on a clock of its own."""

    def __init__(
        self, path: Path, patch: pytest.MonkeyPatch, seconds: float, cost: float
    ) -> None:
        self.now, self._cost = 1000.0, cost
        self._directory = StateDirectory.open(str(path))
        patch.setattr(time, "monotonic", lambda: self.now)
        patch.setattr(self._directory, "write", self._write)
        self.checkpoints = CheckpointStore(self._directory, seconds)

    def _write(self, pieces: Iterable[bytes]) -> None:
        self.now += self._cost

    def saves(self, until: float) -> list[float]:
        """Save whenever it is due; return when that was, from the start."""
        found = []
        with self._directory:
            while self.now < 1000.0 + until:
                if self.checkpoints.due():
                    found.append(self.now - 1000.0)
                    self.checkpoints.save({})
                self.now += 1 / 1024
        return found


def test_saves_take_a_twentieth_of_the_time_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Timed(tmp_path, monkeypatch, seconds=5.0, cost=3.0).saves(600.0)
    last, before = found[-1], found[-2]
    assert 63.0 <= last - before < 63.1


def test_a_start_of_a_second_saves_more_than_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Timed(tmp_path, monkeypatch, seconds=1.0, cost=0.05).saves(10.0)
    assert len([at for at in found if at < 0.5]) >= 3
    assert found[-1] - found[-2] >= 1.0


def test_an_attempt_that_fails_is_said_once_and_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(pieces: Iterable[bytes]) -> None:
        raise TemporaryError("checkpoint: no space")

    with StateDirectory.open(str(tmp_path)) as directory:
        checkpoints = CheckpointStore(directory, 30.0)
        with monkeypatch.context() as patch:
            patch.setattr(directory, "write", full)
            assert not checkpoints.try_save({})
            assert not checkpoints.due()
            assert 0.5 < checkpoints.left() <= 1.0
            assert not checkpoints.try_save({})
        assert checkpoints.try_save({"a": 1})
        assert checkpoints.load() == {"a": 1}
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "checkpoint: no space; going on without",
        "the checkpoint is saved again",
    ]
