"""Where `convert` writes: a file of its own, a full disk, a reader that goes away."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.archive_runs import Ran, command, on_a_terminal, run


def test_one_process_writes_a_file(one: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    before = "import esa_auth.commands.convert.result as r\nr.SECONDS_FOR_ORPHANS = 0\n"
    before += "from esa_auth.commands import convert\n"
    before += "convert.plan = lambda *_: print('held', flush=True) or input()\n"
    holder = subprocess.Popen(
        command("convert", one[0], "-o", out, before=before),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout
    assert holder.stdin
    assert holder.stdout.readline() == b"held\n"
    ran = run("convert", one[1], "-o", out, before=before)
    holder.kill()
    holder.wait()
    holder.stdout.close()
    holder.stdin.close()
    assert ran.code == 3
    assert "another process is writing it" in ran.err


def test_a_full_disk_is_waited_out(many: Path, tmp_path: Path) -> None:
    """T12: the output's disk is full, then has space again."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk)]
    mounts = shutil.which("mount")
    if not mounts or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no tmpfs may be mounted here; see test_dead_letters_full_disk")
    try:
        filler = disk / "filler"
        filler.write_bytes(b"x" * 1_000_000)
        process = subprocess.Popen(
            command("convert", many / "1", "-o", disk / "out"), stderr=subprocess.PIPE
        )
        assert process.stderr
        with process.stderr as stderr:
            while b"No space left on device: waiting" not in (
                said := stderr.readline()
            ):
                assert said, "it ended"
            assert process.poll() is None
            filler.unlink()
            rest = stderr.read().decode()
        assert process.wait() == 0, rest
        assert (disk / "out").read_bytes() == run("convert", many / "1").out
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_reader_that_goes_away_ends_it(many: Path) -> None:
    process = subprocess.Popen(
        command("convert", "--jobs", 2, many),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stderr
    process.stdout.read(100)
    process.stdout.close()
    with process.stderr as stderr:
        said = stderr.read()
    assert process.wait() == 74
    assert b"Traceback" not in said


@pytest.mark.parametrize(
    "arguments",
    [
        ["{dir}/missing"],
        ["{dir}/*.missing"],
        ["/dev/null"],
        ["{file}", "--resume"],
        ["{file}", "--jobs", "0"],
        ["{file}", "-o", "{file}"],
        ["{file}", "-o", "{dir}"],
        ["{file}", "--dead-letter", "{file}"],
        ["{file}", "-o", "{dir}/no/such/folder"],
    ],
)
def test_a_wrong_command_line_is_said_before_anything_is_done(
    one: list[Path], tmp_path: Path, arguments: list[str]
) -> None:
    file = tmp_path / "mail"
    file.write_bytes(one[0].read_bytes())
    ran = run("convert", *(a.format(dir=tmp_path, file=file) for a in arguments))
    assert ran.code == 2, ran.err
    assert "Traceback" not in ran.err
    assert file.read_bytes() == one[0].read_bytes()


def test_its_own_files_in_a_directory_are_passed_over(
    one: list[Path], live: Ran, tmp_path: Path
) -> None:
    shutil.copytree(one[0].parent, tmp_path / "logs")
    logs = tmp_path / "logs"
    own = ("--dead-letter", logs / "dead", "-o", logs / "out")
    for _ in range(2):
        run("convert", "--appliance", "esa01", logs, *own)
        assert (logs / "out").read_bytes() == live.out


def test_the_bar_is_on_a_terminal_only(one: list[Path]) -> None:
    shown = on_a_terminal("convert", "--jobs", 2, *one)
    quiet = on_a_terminal("convert", "--quiet", *one)
    assert "convert" in shown.err
    assert "\x1b[" in shown.err
    assert "\x1b[" not in quiet.err
    assert shown.out == quiet.out
    assert shown.account == quiet.account
