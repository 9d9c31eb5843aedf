"""What is on the disk after a power cut: what was synced, and of the rest anything."""

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from esa_auth.errors import TemporaryError
from esa_auth.state import StateDirectory

Files = dict[str, bytes]
THE_CALLS = [
    ("write", "checkpoint.tmp"),
    ("write", "checkpoint.tmp"),
    ("pwrite", "checkpoint.tmp"),
    ("fsync", "checkpoint.tmp"),
    ("rename", "checkpoint.a"),
    ("fsync", "state"),
]


@dataclass
class Disk:
    """Notes the calls that change a disk, and gives what a power cut may leave.

    The model is the weakest that POSIX allows: data is safe after fsync of its file, a
    name after fsync of its directory; before that either may be there or not.
    """

    safe: Files
    calls: list[tuple[str, str]] = field(default_factory=list)
    fail_at: int = -1
    written: bytes = b""
    synced: bool = False
    renamed: str = ""
    after_each_call: list[list[Files]] = field(default_factory=list)

    def note(self, call: str, name: str) -> None:
        """Note a call before it is made; the one numbered ``fail_at`` fails."""
        self.calls.append((call, name))
        if len(self.calls) - 1 == self.fail_at:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def done(self) -> None:
        self.after_each_call.append(list(self.after_a_cut()))

    def after_a_cut(self) -> Iterator[Files]:
        """Yield every set of files that may be there when the power is back."""
        yield self.safe
        if self.renamed:
            whole = self.written
            torn = [] if self.synced else [b"", whole[: len(whole) // 2]]
            for content in [whole, *torn]:
                yield self.safe | {self.renamed: content}

    def sync_directory(self) -> None:
        if self.renamed and self.synced:
            self.safe = self.safe | {self.renamed: self.written}


def slots(path: Path) -> Files:
    return {slot.name: slot.read_bytes() for slot in path.glob("checkpoint.[ab]")}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A state directory that holds the generations ``one`` (a) and ``two`` (b)."""
    with StateDirectory.open(tmp_path / "state") as state:
        state.save(b"one")
        state.save(b"two")
    return tmp_path / "state"


@pytest.fixture
def disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk(safe=slots(path))
    write, fsync, rename = os.write, os.fsync, os.rename
    pwrite = os.pwrite

    def name(descriptor: int) -> str:
        return Path(os.readlink(f"/proc/self/fd/{descriptor}")).name

    def noted_write(descriptor: int, data: bytes) -> int:
        disk.note("write", name(descriptor))
        disk.written += bytes(data)
        disk.synced = False
        disk.done()
        return write(descriptor, data)

    def noted_pwrite(descriptor: int, data: bytes, at: int) -> int:
        if name(descriptor) == "lock":
            return pwrite(descriptor, data, at)
        disk.note("pwrite", name(descriptor))
        disk.written = disk.written[:at] + data + disk.written[at + len(data) :]
        disk.synced = False
        disk.done()
        return pwrite(descriptor, data, at)

    def noted_fsync(descriptor: int) -> None:
        disk.note("fsync", name(descriptor))
        if name(descriptor) == "checkpoint.tmp":
            disk.synced = True
        else:
            disk.sync_directory()
        disk.done()
        fsync(descriptor)

    def noted_rename(
        source: str, target: str, *, src_dir_fd: int, dst_dir_fd: int
    ) -> None:
        disk.note("rename", target)
        disk.renamed = target
        disk.done()
        rename(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "write", noted_write)
    monkeypatch.setattr(os, "pwrite", noted_pwrite)
    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "rename", noted_rename)
    return disk


def loaded_from(files: Files, path: Path) -> bytes | None:
    """Return what a program that finds ``files`` after the cut starts with."""
    with StateDirectory.open(path) as state:
        for name, content in files.items():
            (path / name).write_bytes(content)
        return state.load()


def save_and_cut(path: Path, disk: Disk) -> list[list[Files]]:
    """Save ``three``; return for each call on the way what a cut after it leaves."""
    with StateDirectory.open(path) as state:
        state.save(b"three")
    return list(disk.after_each_call)


def test_the_file_is_synced_before_its_rename_and_the_directory_after(
    path: Path, disk: Disk
) -> None:
    with StateDirectory.open(path) as state:
        state.load()
        disk.calls.clear()
        state.save(b"three")
    assert disk.calls == THE_CALLS


def test_a_power_cut_after_any_call_leaves_a_whole_checkpoint(
    path: Path, disk: Disk, tmp_path: Path
) -> None:
    moments = save_and_cut(path, disk)
    assert len(moments) == len(THE_CALLS)
    for number, cuts in enumerate(moments):
        for cut, files in enumerate(cuts):
            got = loaded_from(files, tmp_path / f"{number}-{cut}")
            assert got in {b"two", b"three"}


def test_a_power_cut_after_save_has_returned_costs_nothing(
    path: Path, disk: Disk, tmp_path: Path
) -> None:
    moments = save_and_cut(path, disk)
    assert disk.safe == slots(path)
    for cut, files in enumerate(moments[-1]):
        assert loaded_from(files, tmp_path / str(cut)) == b"three"


@pytest.mark.parametrize("number", range(len(THE_CALLS)))
def test_a_failed_call_leaves_the_generation_before_and_the_next_save_starts_over(
    path: Path, disk: Disk, number: int
) -> None:
    with StateDirectory.open(path) as state:
        state.load()
        disk.calls.clear()
        disk.fail_at = number
        with pytest.raises(TemporaryError, match="Input/output error"):
            state.save(b"three")
        assert b"two" in slots(path)["checkpoint.b"]
        assert not (path / "checkpoint.tmp").exists()
        disk.calls.clear()
        disk.fail_at = -1
        state.save(b"four")
        # Again the same slot: only the previous one is known to be whole.
        assert disk.calls == THE_CALLS
        assert b"two" in slots(path)["checkpoint.b"]
    with StateDirectory.open(path) as state:
        assert state.load() == b"four"


def test_a_new_directory_is_made_durable_in_its_parent(
    path: Path, disk: Disk, tmp_path: Path
) -> None:
    StateDirectory.open(tmp_path / "new").close()
    assert disk.calls[0] == ("fsync", tmp_path.name)
