"""A dead letter is never lost, whatever becomes of its file."""

import json
import multiprocessing
import os
import resource
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.support.archive_runs import Ran, auth, command, letters_in

from esa_auth.errors import ConfigError, TemporaryError
from esa_auth.outputs.dead_letters import DeadLetters
from esa_auth.retry import LONGEST_PAUSE


def letter(number: int, size: int = 100) -> dict[str, Any]:
    return {"number": number, "text": "x" * size}


def numbers(*paths: Path) -> list[int]:
    return [found["number"] for found in letters_in(*paths)]


def family(path: Path, keep: int) -> list[Path]:
    """The files that there are, oldest first."""
    older = [path.with_name(f"{path.name}.{n}") for n in range(keep, 0, -1)]
    return [p for p in [*older, path] if p.exists()]


def test_full_files_are_kept_under_older_names_in_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "dead"
    letters = DeadLetters(str(path), max_bytes=1000, keep=50)
    for start in range(0, 60, 6):
        letters.write([letter(n) for n in range(start, start + 6)])
    files = family(path, 50)
    assert numbers(*files) == list(range(60))
    assert len(files) > 5
    assert all(600 < p.stat().st_size <= 1000 for p in files[:-1])
    assert {stat.S_IMODE(p.stat().st_mode) for p in files} == {0o600}


def test_only_the_oldest_of_the_files_kept_is_deleted_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "dead"
    letters = DeadLetters(str(path), max_bytes=300, keep=3)
    letters.write([letter(n) for n in range(6)])
    assert caplog.messages == []
    letters.write([letter(n) for n in range(6, 8)])
    assert numbers(*family(path, 9)) == list(range(2, 8))
    assert caplog.messages == [f"{path}.2: deleted, the letters in it are gone"]


def test_a_letter_larger_than_a_file_has_one_for_itself(tmp_path: Path) -> None:
    path = tmp_path / "dead"
    letters = DeadLetters(str(path), max_bytes=500, keep=9)
    letters.write([letter(0), letter(1, 5000), letter(2)])
    assert [numbers(p) for p in family(path, 9)] == [[0], [1], [2]]


def test_the_last_file_kept_alone_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "dead"
    DeadLetters(str(path), max_bytes=300, keep=1).write([letter(n) for n in range(3)])
    assert [p.name for p in tmp_path.iterdir()] == ["dead"]
    assert numbers(path) == [2]


def test_a_file_that_somebody_rotates_away_is_left_to_him(tmp_path: Path) -> None:
    path, away = tmp_path / "dead", tmp_path / "archive"
    letters = DeadLetters(str(path))
    letters.write([letter(0)])
    path.rename(away)
    letters.write([letter(1)])
    path.unlink()
    letters.write([letter(2)])
    assert numbers(away) == [0]
    assert numbers(path) == [2]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_somebody_truncates_begins_at_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "dead"
    letters = DeadLetters(str(path))
    letters.write([letter(0)])
    os.truncate(path, 0)
    letters.write([letter(1)])
    assert numbers(path) == [1]


def test_half_a_line_of_a_crash_is_closed_before_the_next_letter(
    tmp_path: Path,
) -> None:
    path = tmp_path / "dead"
    path.write_bytes(b'{"number": 0}\n{"numb')
    DeadLetters(str(path)).write([letter(1)])
    first, half, last = path.read_bytes().splitlines()
    assert (first, half) == (b'{"number": 0}', b'{"numb')
    assert json.loads(last)["number"] == 1


@pytest.mark.parametrize("name", ["dead", "dead.1"])
def test_no_symbolic_link_is_followed(tmp_path: Path, name: str) -> None:
    target = tmp_path / "target"
    target.write_text("theirs")
    (tmp_path / name).symlink_to(target)
    path = tmp_path / "dead"
    if name == "dead":
        with pytest.raises(ConfigError, match="symbolic link"):
            DeadLetters(str(path))
    else:
        letters = DeadLetters(str(path), max_bytes=300, keep=2)
        letters.write([letter(n) for n in range(3)])
    assert target.read_text() == "theirs"


def test_a_link_put_in_its_place_while_running_is_waited_out(tmp_path: Path) -> None:
    path, target = tmp_path / "dead", tmp_path / "target"
    target.write_text("theirs")
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            path.unlink()

    letters = DeadLetters(str(path), sleep=sleep)
    path.unlink()
    path.symlink_to(target)
    letters.write([letter(0)])
    assert len(pauses) == 3
    assert numbers(path) == [0]
    assert target.read_text() == "theirs"


@pytest.fixture
def limit() -> Iterator[Callable[[int], None]]:
    """A file size that the system refuses to go beyond: a full disk without mounting.

    Like a full disk it takes the part of a write that fits and refuses the rest.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_waited_out_and_said_once(
    tmp_path: Path, limit: Callable[[int], None], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "dead"
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) in (8, 10):
            limit(resource.RLIM_INFINITY)

    letters = DeadLetters(str(path), sleep=sleep)
    limit(1000)
    letters.write([letter(n) for n in range(20)])
    limit(3000)
    letters.write([letter(n) for n in range(20, 40)])
    limit(resource.RLIM_INFINITY)
    assert numbers(path) == list(range(40))
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0, 0.1, 0.2]
    assert max(pauses) == LONGEST_PAUSE < 5
    said = [m.removeprefix(f"dead letters: {path}: ") for m in caplog.messages]
    assert said == [
        "File too large: waiting until it can be written",
        "written again after 8 tries",
        "File too large: waiting until it can be written",
        "written again after 2 tries",
    ]


def test_a_line_torn_in_a_file_that_is_taken_away_is_whole_in_the_next(
    tmp_path: Path, limit: Callable[[int], None]
) -> None:
    path, away = tmp_path / "dead", tmp_path / "away"

    def sleep(_: float) -> None:
        if not away.exists():
            path.rename(away)
        limit(resource.RLIM_INFINITY)

    letters = DeadLetters(str(path), sleep=sleep)
    limit(1000)
    letters.write([letter(n) for n in range(20)])
    whole = away.read_bytes().rpartition(b"\n")[0].splitlines()
    assert [json.loads(w)["number"] for w in whole] + numbers(path) == list(range(20))


def test_stopped_while_waiting_the_letters_are_on_stderr(
    tmp_path: Path, limit: Callable[[int], None], capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "dead"
    letters = DeadLetters(str(path), stopped=lambda: True)
    path.write_bytes(b"x" * 2000)
    limit(1000)
    with pytest.raises(TemporaryError, match="File too large"):
        letters.write([letter(n) for n in range(3)])
    limit(resource.RLIM_INFINITY)
    lines = [x for x in capfd.readouterr().err.splitlines() if x.startswith("{")]
    assert [json.loads(line)["number"] for line in lines] == [0, 1, 2]


@pytest.mark.parametrize("where", ["no/dead", "."])
def test_what_waiting_would_not_mend_is_a_wrong_configuration(
    tmp_path: Path, where: str
) -> None:
    with pytest.raises(ConfigError, match=r"dead_letter\.file"):
        DeadLetters(str(tmp_path / where))


def test_a_full_device_is_not_a_wrong_configuration(
    caplog: pytest.LogCaptureFixture,
) -> None:
    letters = DeadLetters("/dev/full", stopped=lambda: True)
    with pytest.raises(TemporaryError, match="No space left"):
        letters.write([letter(0)])
    assert len(caplog.messages) == 1


def test_without_a_file_letters_are_on_stderr(
    capfd: pytest.CaptureFixture[str],
) -> None:
    DeadLetters(None).write([letter(0), letter(1)])
    lines = capfd.readouterr().err.splitlines()
    assert [json.loads(line)["number"] for line in lines] == [0, 1]


@pytest.mark.parametrize("most", [1, 7, 4096])
def test_a_stderr_that_takes_a_part_at_a_time_gets_each_byte_once(
    most: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    write = os.write

    def partly(descriptor: int, data: memoryview) -> int:
        return write(descriptor, data[:most])

    monkeypatch.setattr(os, "write", partly)
    DeadLetters(None).write([letter(0), letter(1)])
    lines = capfd.readouterr().err.splitlines()
    assert [json.loads(line)["number"] for line in lines] == [0, 1]


def _write(path: str, start: int) -> None:
    letters = DeadLetters(path, max_bytes=2000, keep=500)
    for number in range(start, start + 300):
        letters.write([letter(number)])


def test_two_processes_that_rotate_one_file_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "dead"
    spawn = multiprocessing.get_context("fork")
    both = [spawn.Process(target=_write, args=(str(path), s)) for s in (0, 1000)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    found = numbers(*family(path, 500))
    assert sorted(found) == [*range(300), *range(1000, 1300)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk)]
    with suppress(FileNotFoundError):
        if subprocess.run(mount, capture_output=True).returncode == 0:
            yield disk
            subprocess.run(["umount", "-l", str(disk)], check=True)
            return
    pytest.skip("no tmpfs may be mounted here; RLIMIT_FSIZE stands for it above")


def test_filter_waits_for_a_full_disk_and_loses_nothing(small_disk: Path) -> None:
    """T12: the dead letters' disk is full, then has space again."""
    path = small_disk / "dead"
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 900_000)
    stamp = "Wed Apr 22 11:00:00 2009 Info: "
    bodies = [f"SMTP Auth: (ICID {n}) new words" for n in range(600)]
    lines = "".join(f"{stamp}{b}\n" for b in [*bodies, auth(7, "ann")])
    process = subprocess.Popen(
        command("filter", "--dead-letter", path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin
    assert process.stderr
    assert process.stdout
    process.stdin.write(lines.encode())
    process.stdin.close()
    started, said = process.stderr.readline(), process.stderr.readline()
    assert b"started" in started
    assert b"No space left on device: waiting" in said
    assert process.poll() is None
    torn = path.read_bytes()
    filler.unlink()
    out, err = process.stdout.read(), process.stderr.read().decode()
    ran = Ran(process.wait(), out, err)
    for pipe in (process.stdout, process.stderr):
        pipe.close()
    assert ran.code == 0, ran.err
    assert not torn.endswith(b"\n")
    originals = [found["event"]["original"] for found in letters_in(path)]
    assert originals == [stamp + body for body in bodies]
    assert ran.account["rejected"] == 600
    assert ran.account["lines"] == 601
    assert ran.account["results"] == 1
    assert len(ran.err.splitlines()) == 2


def test_a_signal_to_stop_ends_a_wait_for_space() -> None:
    # Stands for SIGTERM's 8 s: here the time to stop has come from the beginning.
    before = (
        "import esa_auth.inputs.stream as stream\n"
        "stream.Stream.over = property(lambda self: True)\n"
    )
    line = b"Wed Apr 22 11:00:00 2009 Info: SMTP Auth: (ICID 5) new words\n"
    done = subprocess.run(
        command("filter", "--dead-letter", "/dev/full", before=before),
        input=line,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 75, done.stderr
    kept = [json.loads(x) for x in done.stderr.splitlines() if x.startswith(b"{")]
    assert [k["event"]["original"] for k in kept] == [line.decode().rstrip()]
