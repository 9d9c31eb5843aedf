"""The journal: whole records come back, and what is torn harms nothing that follows."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest
from tests.support.checkout import ROOT

from esa_auth.errors import TemporaryError
from esa_auth.state import Journal, StateDirectory

RELEASED = ROOT / "tests" / "released" / "state-0.1.0" / "journal.0"


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[StateDirectory]:
    with StateDirectory.open(tmp_path / "state") as directory:
        yield directory


def records(directory: StateDirectory) -> list[Any]:
    journal = Journal(directory, 0)
    found = list(journal.read())
    assert journal.count == len(found)
    journal.close()
    return found


def append(directory: StateDirectory, *added: Any) -> None:
    journal = Journal(directory, 0)
    list(journal.read())
    for record in added:
        journal.append(record)
    journal.close()


def test_records_come_back(directory: StateDirectory) -> None:
    append(directory, b"one", [b"one"], None)
    append(directory, b"two")
    assert records(directory) == [b"one", [b"one"], None, b"two"]


@pytest.mark.parametrize("torn", [b"half a line", b"x" * 300, b"y" * 70_000])
def test_what_is_appended_after_a_torn_tail_is_whole(
    directory: StateDirectory, tmp_path: Path, torn: bytes
) -> None:
    append(directory, b"one")
    path = tmp_path / "state" / "journal.0"
    good, packed = path.read_bytes(), msgpack.packb(torn)
    for length in {1, 2, len(packed) // 2, len(packed) - 1}:
        path.write_bytes(good + packed[:length])
        append(directory, b"two", b"three")
        assert records(directory) == [b"one", b"two", b"three"]


@pytest.mark.parametrize("torn", [b"\xc1", b"\x07", b"\xc6\xff\xff\xff\xff", b"\x80"])
def test_what_is_no_record_ends_the_journal(
    directory: StateDirectory, tmp_path: Path, torn: bytes
) -> None:
    append(directory, b"one")
    with (tmp_path / "state" / "journal.0").open("ab") as file:
        file.write(torn + b"tail" * 1000)
    append(directory, b"two")
    assert records(directory) == [b"one", b"two"]


def test_a_journal_of_many_pieces_comes_back(directory: StateDirectory) -> None:
    lines = [b"%d " % number + bytes(60_000) for number in range(100)]
    append(directory, *lines)
    assert records(directory) == lines


def test_a_successor_leaves_the_one_before_until_that_is_discarded(
    directory: StateDirectory, tmp_path: Path
) -> None:
    append(directory, b"one")
    journal = Journal(directory, 0)
    list(journal.read())
    following = journal.successor()
    assert records(directory) == [b"one"]
    journal.discard()
    assert [x.name for x in (tmp_path / "state").glob("journal.*")] == ["journal.1"]
    following.close()


def test_a_start_removes_what_a_crash_left_of_the_one_before(
    directory: StateDirectory, tmp_path: Path
) -> None:
    append(directory, b"one")
    list(Journal(directory, 1).read())
    assert not (tmp_path / "state" / "journal.0").exists()


def test_the_journal_of_a_released_version_comes_back(
    directory: StateDirectory, tmp_path: Path
) -> None:
    (tmp_path / "state" / "journal.0").write_bytes(RELEASED.read_bytes())
    found = records(directory)
    assert len(found) == 4
    assert b"New SMTP ICID 1" in found[0]
    assert found[2] == found[3]


def test_a_record_that_a_full_disk_cut_is_not_in_it(
    directory: StateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, write = Journal(directory, 0), os.write
    journal.append(b"one")
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))
        with pytest.raises(TemporaryError, match="the disk is full"):
            journal.append(b"half")
    journal.append(b"two")
    journal.close()
    assert records(directory) == [b"one", b"two"]
