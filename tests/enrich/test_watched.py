"""A file that comes, changes, breaks, goes: said once, counted, the old table stays."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from esa_auth.enrich.files import WatchedFile
from esa_auth.enrich.tables import SECONDS_BETWEEN_LOOKS, Tables

GOOD = b"198.51.100.0/24 internal Office\n"
OTHER = b"198.51.100.0/24 external Elsewhere\n"


class Looks:
    """Tables whose next look is always due."""

    def __init__(self, path: Path) -> None:
        clock: Iterator[int] = iter(range(0, 1 << 30, int(SECONDS_BETWEEN_LOOKS)))
        self.tables = Tables({"zones.file": str(path)}, lambda: float(next(clock)))

    @property
    def file(self) -> WatchedFile:
        """The one file."""
        (file,) = self.tables.files
        return file

    def name(self) -> str | None:
        """Look, and return the name of a network."""
        self.tables.refresh()
        table = self.file.enricher.table
        found = table.find("198.51.100.7") if table else None
        return found["network"]["name"] if found else None


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    lines = [record.getMessage() for record in caplog.records]
    caplog.clear()
    return lines


@pytest.fixture(autouse=True)
def _log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "esa_auth")


def test_a_file_may_come_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "zones"
    looks = Looks(path)
    assert [looks.name() for _ in range(3)] == [None] * 3
    assert said(caplog) == [
        f"enrich.zones.file: {path}: No such file or directory: nothing is added"
    ]
    assert looks.file.failures == 4
    assert (looks.file.failing, looks.file.written) == (True, None)
    path.write_bytes(GOOD)
    assert looks.name() == "Office"
    assert said(caplog) == [f"enrich.zones.file: {path}: in use"]
    assert (looks.file.failing, looks.file.written) == (False, path.stat().st_mtime)


def test_a_bad_file_leaves_the_old_table(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "zones"
    path.write_bytes(GOOD)
    looks = Looks(path)
    digest = looks.tables.digest
    said(caplog)
    path.write_bytes(b"198.51.100.7/24 internal\n")
    assert [looks.name() for _ in range(3)] == ["Office"] * 3
    path.write_bytes(b"worse\n")
    assert looks.name() == "Office"
    path.unlink()
    assert looks.name() == "Office"
    why = "line 1: 198.51.100.7/24 has host bits set"
    assert said(caplog) == [f"enrich.zones.file: {path}: {why}: as before"]
    assert looks.file.failures == 3
    assert looks.tables.digest == digest
    path.write_bytes(OTHER)
    assert looks.name() == "Elsewhere"
    assert looks.tables.digest != digest
    path.write_bytes(b"bad again\n")
    assert looks.name() == "Elsewhere"
    assert [line.split(": ")[2] for line in said(caplog)] == ["in use", "line 1"]


def test_another_file_of_the_same_size_and_time_is_seen(tmp_path: Path) -> None:
    path, new = tmp_path / "zones", tmp_path / "new"
    path.write_bytes(b"198.51.100.0/24 internal AAA\n")
    looks = Looks(path)
    new.write_bytes(b"198.51.100.0/24 internal BBB\n")
    status = path.stat()
    os.utime(new, ns=(status.st_atime_ns, status.st_mtime_ns))
    new.replace(path)
    assert looks.name() == "BBB"


def test_a_file_written_over_that_looks_as_old_as_before_is_seen(
    tmp_path: Path,
) -> None:
    path = tmp_path / "zones"
    path.write_bytes(b"198.51.100.0/24 internal AAA\n")
    looks = Looks(path)
    status = path.stat()
    while path.stat().st_ctime_ns == status.st_ctime_ns:
        path.write_bytes(b"198.51.100.0/24 internal BBB\n")
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert looks.name() == "BBB"


def test_a_file_that_did_not_change_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "zones"
    path.write_bytes(GOOD)
    looks = Looks(path)

    def read(_: object) -> object:
        pytest.fail("it was read")

    monkeypatch.setattr(WatchedFile, "_read", read)
    assert looks.name() == "Office"


def test_it_is_looked_for_only_now_and_then(tmp_path: Path) -> None:
    path = tmp_path / "zones"
    path.write_bytes(GOOD)
    now = 0.0
    tables = Tables({"zones.file": str(path)}, lambda: now)
    (file,) = tables.files
    first = file.enricher.table
    path.write_bytes(OTHER)
    now = SECONDS_BETWEEN_LOOKS - 0.1
    tables.refresh()
    assert file.enricher.table is first
    now = SECONDS_BETWEEN_LOOKS
    tables.refresh()
    assert file.enricher.table is not first


def test_a_file_that_changes_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "zones"
    path.write_bytes(GOOD)
    looks = Looks(path)
    path.write_bytes(OTHER)
    fstat, changes = os.fstat, [b"half"]

    def changing(descriptor: int) -> os.stat_result:
        status = fstat(descriptor)
        if changes:
            with path.open("ab") as file:
                file.write(b"# " + changes.pop() + b"\n")
        return status

    monkeypatch.setattr("esa_auth.enrich.files.os.fstat", changing)
    assert looks.name() == "Office"
    assert looks.name() == "Elsewhere"
    assert "it changed while it was read" in "".join(said(caplog))


@pytest.mark.parametrize("kind", ["directory", "pipe", "too large", "no right"])
def test_what_is_no_file_to_read_is_bad(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "zones"
    match kind:
        case "directory":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "too large":
            with path.open("wb") as file:
                file.truncate((16 << 20) + 1)
        case _:
            path.symlink_to(path)
    looks = Looks(path)
    assert looks.name() is None
    (line,) = said(caplog)
    assert line.startswith(f"enrich.zones.file: {path}: ")


def test_damage_found_in_use_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "zones"
    path.write_bytes(GOOD)
    looks = Looks(path)
    said(caplog)
    table = looks.file.enricher.table
    assert table is not None
    table.damage = "damaged: x"  # type: ignore[misc]  # as a look-up leaves it
    looks.name()
    looks.name()
    assert said(caplog) == [f"enrich.zones.file: {path}: damaged: x: as before"]
    assert looks.file.failures == 1
    path.write_bytes(OTHER)
    assert looks.name() == "Elsewhere"
    assert not looks.file.failing
