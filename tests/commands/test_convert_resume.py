"""`convert --resume` after a stop at any point gives the bytes of one go."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.archive_runs import Ran, command, letters_in, run

# Every end of a file is a point to go on from, as in files that take longer to read.
OFTEN = (
    "from esa_auth.commands.convert import worker\nworker.SECONDS_BETWEEN_MARKS = 0\n"
)


# Where the process is killed: the n-th time it comes to a named point.
_POINT = """
import os, signal, time
def kill_at(owner, name, count, after=False, whom=os.getpid):
    real, left = getattr(owner, name), [count]
    def called(*args, **kwargs):
        left[0] -= 1
        done = real(*args, **kwargs) if after else None
        if left[0] == 0:
            os.kill(whom(), signal.SIGKILL)
            time.sleep(0.05)
        return done if after else real(*args, **kwargs)
    setattr(owner, name, called)
from esa_auth.commands.convert import workers
from esa_auth.commands.convert import worker as group
from esa_auth.commands.convert.result import Result
from esa_auth.state import progress
"""
POINTS = {
    "before the first progress is saved": "kill_at(progress.ProgressFile, 'save', 1)",
    "progress written, not renamed": "kill_at(progress.os, 'replace', 4)",
    "progress renamed": "kill_at(progress.os, 'replace', 3, after=True)",
    "a file read, its mark not sent": (
        "kill_at(group._Worker, '_mark', 2, whom=os.getppid)"
    ),
    "events written, the file not at its end": (
        "kill_at(group._Worker, '_put', 3, after=True, whom=os.getppid)"
    ),
    "a worker dies": "kill_at(group._Worker, '_put', 2, after=True)",
    "letters not written": "kill_at(workers.DeadLetters, 'write', 3)",
    "a part not appended": "kill_at(Result, 'append_part', 1)",
    "a part appended, not noted": "kill_at(Result, 'append_part', 1, after=True)",
    "a part noted, not dropped": "kill_at(Result, 'drop_part', 1)",
    "all written, progress not removed": "kill_at(progress.ProgressFile, 'remove', 1)",
}


@pytest.mark.parametrize("jobs", [1, 3])
def test_killed_at_every_point_and_resumed_it_gives_the_same_bytes(
    many: Path, whole: Ran, tmp_path: Path, jobs: int
) -> None:
    out, dead = tmp_path / "out", tmp_path / "dead"
    arguments = ("convert", "--resume", "--jobs", jobs, "--dead-letter", dead)
    killed, went_on = [], 0
    # A single job has no parts.
    points = {n: p for n, p in POINTS.items() if jobs > 1 or " part " not in n}
    for name, point in points.items():
        before = OFTEN + _POINT + point
        ran = run(*arguments, "-o", out, many, before=before)
        assert ran.code in (0, 75, -signal.SIGKILL), ran.err
        killed += [name] if ran.code else []
        went_on += "going on after" in ran.err
    assert killed == list(points)
    assert went_on > 1
    last = run(*arguments, "-o", out, many, before=OFTEN)
    assert last.code == 0, last.err
    assert out.read_bytes() == whole.out
    assert last.account == whole.account
    assert sorted(p.name for p in tmp_path.iterdir()) == ["dead", "out"]
    kept = {json.dumps(x["cisco_esa"], sort_keys=True) for x in letters_in(dead)}
    assert len(kept) == whole.account["dead_letters"], "at least once, not fewer"


def test_killed_while_it_writes_and_resumed(
    many: Path, whole: Ran, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    arguments = ("convert", "--resume", "--jobs", 2, "-o", out, many)
    for tenths in (2, 5, 8):
        process = subprocess.Popen(
            command(*arguments, before=OFTEN), stderr=subprocess.DEVNULL
        )
        enough = len(whole.out) * tenths // 10
        while process.poll() is None and written(tmp_path) < enough:
            time.sleep(0.001)
        process.kill()
        process.wait()
    last = run(*arguments)
    assert last.code == 0, last.err
    assert out.read_bytes() == whole.out
    assert last.account == whole.account


def written(folder: Path) -> int:
    """How much there is of the output, in its parts too."""
    total = 0
    for path in folder.iterdir():
        if ".progress" not in path.name:
            total += path.stat().st_size if path.exists() else 0
    return total


def test_told_to_stop_it_says_so_and_can_go_on(
    many: Path, whole: Ran, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    before = OFTEN + _POINT.replace("SIGKILL", "SIGTERM")
    before += "kill_at(progress.ProgressFile, 'save', 5)"
    ran = run("convert", many, "-o", out, before=before)
    assert ran.code == 75
    assert "stopped by signal 15" in ran.err
    assert "Traceback" not in ran.err
    assert run("convert", many, "-o", out, "--resume").code == 0
    assert out.read_bytes() == whole.out


def begun(many: Path, out: Path) -> None:
    before = OFTEN + _POINT + "kill_at(progress.ProgressFile, 'save', 6)"
    assert run("convert", many, "-o", out, before=before).code == -signal.SIGKILL


def test_another_plan_is_not_gone_on_with(
    many: Path, whole: Ran, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    begun(many, out)
    files = sorted(many.rglob("*.s"))[1:]
    for other in (
        files,
        [many, "--appliance", "other"],
        [many, "--output", "msgpack"],
    ):
        ran = run("convert", *other, "-o", out, "--resume")
        assert ran.code == 2
        assert "files or options are not those" in ran.err
    os.truncate(out, 5)
    ran = run("convert", many, "-o", out, "--resume")
    assert ran.code == 2
    assert "shorter than" in ran.err
    # Without --resume it starts from the beginning.
    assert run("convert", many, "-o", out).code == 0
    assert out.read_bytes() == whole.out


def test_damaged_progress_means_to_start_anew(
    many: Path, whole: Ran, tmp_path: Path
) -> None:
    out, progress = tmp_path / "out", tmp_path / "out.progress"
    begun(many, out)
    data = bytearray(progress.read_bytes())
    data[len(data) // 2] ^= 1
    progress.write_bytes(data)
    ran = run("convert", many, "-o", out, "--resume")
    assert ran.code == 0
    assert "wrong checksum: starting without it" in ran.err
    assert out.read_bytes() == whole.out


def test_sessions_that_are_evicted_are_the_same_after_a_stop(
    many: Path, tmp_path: Path
) -> None:
    config, out = tmp_path / "c.yaml", tmp_path / "out"
    config.write_text("sessions: {cap: 3, max_age: 5}")
    arguments = ("convert", "--config", config, many / "4")
    one_go = run(*arguments)
    evicted = [e for e in one_go.events if "session_evicted" in str(e["cisco_esa"])]
    assert evicted
    before = OFTEN + _POINT + "kill_at(progress.ProgressFile, 'save', 4)"
    assert run(*arguments, "-o", out, before=before).code == -signal.SIGKILL
    last = run(*arguments, "-o", out, "--resume")
    assert "going on after" in last.err
    assert out.read_bytes() == one_go.out
    assert last.account == one_go.account
