"""A dead letter waits for space on its disk, and is on stderr when it may not wait."""

import json
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.support.archive_runs import Ran, auth, command, letters_in
from tests.support.rotated_files import letter, numbers

from esa_auth.errors import TemporaryError
from esa_auth.outputs.dead_letters import DeadLetters
from esa_auth.retry import LONGEST_PAUSE


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


def test_a_full_device_is_not_a_wrong_configuration(
    caplog: pytest.LogCaptureFixture,
) -> None:
    letters = DeadLetters("/dev/full", stopped=lambda: True)
    with pytest.raises(TemporaryError, match="No space left"):
        letters.write([letter(0)])
    assert len(caplog.messages) == 1


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
