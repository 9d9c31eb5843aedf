"""T12: a full disk under checkpoint, dead letters and output, in turn."""

import errno
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.soak.command import ENDED, Command, clean_run, wait_until
from tests.soak.events import judge, read_events
from tests.soak.letters import read_letters
from tests.soak.lines import write_source
from tests.soak.sizes import show, size
from tests.soak.writer import parts
from tests.support.engines import absent

LINES = size(1_500, 6_000)
DISK = size("1m", "4m")
WHERE = ("state", "letters", "output", "events")


@dataclass(frozen=True)
class Disk:
    """A small file system, filled and freed at will."""

    path: Path

    def fill(self) -> None:
        """Leave not a byte."""
        descriptor = os.open(self.path / "filler", os.O_WRONLY | os.O_CREAT)
        try:
            for block in (1 << 16, 1 << 12, 1):
                self._fill(descriptor, bytes(block))
        finally:
            os.close(descriptor)

    def free(self) -> None:
        """Make room again."""
        (self.path / "filler").unlink()

    def _fill(self, descriptor: int, block: bytes) -> None:
        try:
            while os.write(descriptor, block):
                continue
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    path = tmp_path / "disk"
    path.mkdir()
    options = f"size={DISK},mode=0700"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        absent("tmpfs", "a small file system cannot be mounted here")
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@pytest.mark.parametrize("full", WHERE)
def test_t12_a_full_disk_loses_nothing(disk: Disk, tmp_path: Path, full: str) -> None:
    source, live = tmp_path / "source", tmp_path / "mail.current"
    write_source(source, LINES, 2, seed=12)
    clean = clean_run(source, tmp_path)
    clean_letters, _ = read_letters(tmp_path / "clean-dead")
    first, second = parts(source.read_bytes())
    folder = {name: disk.path if name == full else tmp_path for name in WHERE}
    out, letters = folder["output"] / "out", folder["letters"] / "dead"
    arguments: tuple[object, ...] = ("--state-dir", folder["state"] / "state")
    arguments = (*arguments, "--dead-letter", letters)
    if full == "events":
        # In a file of our own, which stdout is not.
        out = folder["events"] / "events"
        arguments = (*arguments, "--output-file", out)
    with (
        (tmp_path / "stdout").open("ab")
        if full == "events"
        else out.open("ab") as stdout,
        Command(tmp_path, "tail", live, *arguments) as command,
    ):
        live.write_bytes(first)
        command.start(stdout)
        wait_until(
            lambda: out.exists() and out.stat().st_size > 0, "nothing is written"
        )
        wait_until(lambda: _saved(folder["state"] / "state"), "nothing is saved")
        for path in (out, letters):
            _pad(path)
        disk.fill()
        with live.open("ab") as file:
            file.write(second)
        wait_until(lambda: "No space left" in command.told(), "the disk is not full")
        # A stop must work on a full disk, and what was not done is done again.
        assert command.stop() in {0, 75}
        command.start(stdout)
        wait_until(lambda: command.told().count("No space left") > 1, "it goes on")
        before = command.told().count("\n")
        disk.free()
        wait_until(lambda: read_events(out).has_last, "it does not resume")
        assert command.stop() in ENDED
    verdict = judge(clean, read_events(out))
    show(f"T12 full {full}", **vars(verdict), lines_on_stderr=before)
    assert verdict.clean
    assert read_letters(letters)[0] == clean_letters
    assert before < 20
    assert "Traceback" not in command.told()


def _pad(path: Path) -> None:
    """Use up the last page of a file: it has room on a disk that has none."""
    with path.open("ab") as file:
        file.write(b"\n" * (-file.tell() % os.sysconf("SC_PAGE_SIZE")))


def _saved(state: Path) -> bool:
    return (state / "checkpoint.b").exists()
