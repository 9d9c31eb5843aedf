"""Two generations: what is spoilt costs one of them, never both, never a traceback."""

import errno
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from esa_auth.errors import StateVersionError, TemporaryError
from esa_auth.state import StateDirectory
from esa_auth.state.generation import (
    HEADER_SIZE,
    VERSION,
    Generation,
    Head,
    checked,
    header,
)

NEWEST = "checkpoint.b"


def load(path: Path) -> bytes | None:
    with StateDirectory.open(path) as state:
        return state.load()


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A state directory with the generations ``old`` (a) and ``new`` (b)."""
    with StateDirectory.open(tmp_path / "state") as state:
        state.save(b"old")
        state.save(b"new")
    return tmp_path / "state"


def test_a_first_start_has_no_checkpoint(tmp_path: Path) -> None:
    assert load(tmp_path / "state") is None


def test_the_last_saved_comes_back(saved: Path) -> None:
    assert load(saved) == b"new"


def test_generations_are_written_in_turn(saved: Path) -> None:
    with StateDirectory.open(saved) as state:
        state.save(b"newer")
        assert b"newer" in (saved / "checkpoint.a").read_bytes()
        assert b"new" in (saved / "checkpoint.b").read_bytes()
    assert load(saved) == b"newer"


def test_every_flipped_byte_falls_back_to_the_generation_before(saved: Path) -> None:
    whole = (saved / NEWEST).read_bytes()
    for at in range(len(whole)):
        spoilt = bytearray(whole)
        spoilt[at] ^= 0xFF
        (saved / NEWEST).write_bytes(spoilt)
        assert load(saved) == b"old"
        assert (saved / f"{NEWEST}.corrupt").read_bytes() == spoilt


def test_every_torn_length_falls_back_to_the_generation_before(saved: Path) -> None:
    whole = (saved / NEWEST).read_bytes()
    for length in range(len(whole)):
        (saved / NEWEST).write_bytes(whole[:length])
        assert load(saved) == b"old"


@pytest.mark.parametrize("foreign", [b"", b"{}", b"\0" * 4096, b"esa" * 1000])
def test_a_foreign_file_is_kept_and_reported_in_one_line(
    saved: Path, foreign: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (saved / NEWEST).write_bytes(foreign)
    with caplog.at_level(logging.WARNING):
        assert load(saved) == b"old"
    assert len(caplog.messages) == 1
    assert "\n" not in caplog.messages[0]
    assert NEWEST in caplog.messages[0]
    assert (saved / f"{NEWEST}.corrupt").read_bytes() == foreign


def test_both_spoilt_is_a_start_without_checkpoint(saved: Path) -> None:
    for slot in ("checkpoint.a", "checkpoint.b"):
        (saved / slot).write_bytes(b"torn")
    assert load(saved) is None
    assert len(list(saved.glob("*.corrupt"))) == 2


def test_swapped_files_do_not_bring_back_the_older_one(saved: Path) -> None:
    a, b = saved / "checkpoint.a", saved / "checkpoint.b"
    a.rename(saved / "x")
    b.rename(a)
    (saved / "x").rename(b)
    assert load(saved) == b"new"


def test_a_save_after_a_fallback_leaves_the_good_generation_alone(saved: Path) -> None:
    (saved / NEWEST).write_bytes(b"torn")
    with StateDirectory.open(saved) as state:
        assert state.load() == b"old"
        state.save(b"next")
    assert b"old" in (saved / "checkpoint.a").read_bytes()
    assert load(saved) == b"next"


def test_a_save_without_a_load_does_not_write_over_the_newest(saved: Path) -> None:
    with StateDirectory.open(saved) as state:
        state.save(b"next")
    assert b"new" in (saved / NEWEST).read_bytes()
    assert load(saved) == b"next"


def test_a_left_over_temporary_file_is_no_checkpoint(saved: Path) -> None:
    newest = Generation(99, b"never finished")
    (saved / "checkpoint.tmp").write_bytes(header(newest) + newest.payload)
    assert load(saved) == b"new"
    with StateDirectory.open(saved) as state:
        state.save(b"next")
    assert load(saved) == b"next"


def test_only_a_whole_file_of_a_newer_version_is_refused(saved: Path) -> None:
    newer = Generation(3, b"of tomorrow", version=VERSION + 1)
    whole = header(newer) + newer.payload
    (saved / "checkpoint.a").write_bytes(whole)
    with pytest.raises(StateVersionError, match=f"version {VERSION + 1}"):
        load(saved)
    assert (saved / "checkpoint.a").read_bytes() == whole
    (saved / "checkpoint.a").write_bytes(whole[:-1])
    assert load(saved) == b"new"


def test_a_sparse_file_of_any_size_is_not_read_into_memory(saved: Path) -> None:
    os.truncate(saved / NEWEST, 1 << 40)
    assert load(saved) == b"old"


@pytest.mark.parametrize(("more", "why"), [(0, "not a checkpoint"), (1, "larger than")])
def test_the_largest_checkpoint_is_read_and_a_larger_one_is_not(
    saved: Path, more: int, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    (saved / NEWEST).write_bytes(b"\0")
    os.truncate(saved / NEWEST, HEADER_SIZE + (4 << 30) + more)
    assert load(saved) == b"old"
    assert why in caplog.text


def test_an_unreadable_block_costs_one_generation(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter([None, OSError(errno.EIO, "Input/output error")])

    def failing(file: BinaryIO, size: int) -> Head:
        if error := next(calls, None):
            raise error
        return checked(file, size)

    monkeypatch.setattr("esa_auth.state.directory.checked", failing)
    assert load(saved) == b"old"


def test_closing_twice_is_safe(saved: Path) -> None:
    state = StateDirectory.open(saved)
    state.close()
    state.close()


def test_a_full_disk_is_temporary_and_the_next_save_works(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StateDirectory.open(saved) as state:
        with monkeypatch.context() as full:
            full.setattr(os, "write", _failing(errno.ENOSPC))
            with pytest.raises(TemporaryError, match="No space left"):
                state.save(b"too much")
        assert not (saved / "checkpoint.tmp").exists()
        state.save(b"next")
    assert load(saved) == b"next"


def _failing(number: int) -> Callable[..., int]:
    def call(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    return call
