"""Whole archives give the events of the live log, whatever they are packed in."""

import bz2
import gzip
import json
import lzma
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.archive_runs import (
    Appliance,
    Ran,
    auth,
    command,
    letters_in,
    on_a_terminal,
    opening,
    run,
)

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MARCH = datetime(2024, 3, 1)  # noqa: DTZ001 - the appliance's clock
# Every end of a file is a point to go on from, as in files that take longer to read.
OFTEN = (
    "from esa_auth.commands.convert import worker\nworker.SECONDS_BETWEEN_MARKS = 0\n"
)


def syslog(host: str, stamp: str, *bodies: str) -> bytes:
    lines = (f"<22>{stamp} {host} mail_logs: Info: {body}\n" for body in bodies)
    return "".join(lines).encode()


def pzstd(data: bytes) -> bytes:
    """Pack as pzstd does: before each frame, a skippable one that tells its size."""
    frame = zstd.compress(data)
    return struct.pack("<III", 0x184D2A50, 4, len(frame)) + frame


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Five files of one appliance, in log order."""
    folder = tmp_path_factory.mktemp("one")
    return Appliance(1, "SERIAL-1", MARCH).files(folder, 5, 60)


@pytest.fixture(scope="module")
def live(one: list[Path]) -> Ran:
    """What the same lines give live."""
    text = b"".join(path.read_bytes() for path in one)
    ran = run("filter", "--appliance", "esa01", stdin=text)
    sessions = [e for e in ran.events if e["event"]["action"] == "smtp-session-end"]
    assert len(sessions) > 100
    assert ran.account["rejected"] > 2
    return ran


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of four appliances, one of them without file headers."""
    folder = tmp_path_factory.mktemp("many")
    for seed, serial in enumerate(["SERIAL-1", None, "SERIAL-3", "SERIAL-4"], start=1):
        Appliance(seed, serial, MARCH).files(folder / str(seed), 2 + seed, 40)
    return folder


@pytest.fixture(scope="module")
def whole(many: Path) -> Ran:
    """What one go over all of them gives."""
    return run("convert", many)


def test_same_events_as_live_in_any_order_of_files(one: list[Path], live: Ran) -> None:
    ran = run("convert", "--appliance", "esa01", *one[::-1])
    assert ran.code == 0, ran.err
    assert ran.out == live.out
    assert ran.account == live.account
    crossing = {e["event"]["id"] for e in ran.events} - {
        event_id
        for path in one
        for event_id in run(
            "filter", "--appliance", "esa01", stdin=path.read_bytes()
        ).ids
    }
    assert crossing, "no session crosses files: the corpus shows nothing"


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd.compress,
}


def test_how_a_file_is_packed_its_first_bytes_say_not_its_name(
    one: list[Path], live: Ran, tmp_path: Path
) -> None:
    names = ["mail.gz", "mail", "mail.txt", "mail.zst", "mail.xz"]
    for path, name, pack in zip(one, names, PACKERS.values(), strict=True):
        text = path.read_bytes()
        # Parts that follow each other are one text; they are cut within a line.
        parts = [text[:1000], text[1000:7777], text[7777:]]
        (tmp_path / name).write_bytes(b"".join(map(pack, parts)))
    ran = run("convert", "--appliance", "esa01", tmp_path)
    assert ran.out == live.out
    assert ran.account == live.account


def test_an_archive_of_pzstd_is_no_text(
    one: list[Path], live: Ran, tmp_path: Path
) -> None:
    for path in one:
        (tmp_path / path.name).write_bytes(pzstd(path.read_bytes()))
    ran = run("convert", "--appliance", "esa01", tmp_path)
    assert ran.out == live.out
    assert ran.account == live.account


def test_globs_and_directories(one: list[Path], live: Ran, tmp_path: Path) -> None:
    shutil.copytree(one[0].parent, tmp_path / "logs" / "2024")
    (tmp_path / "logs" / ".hidden").write_bytes(one[0].read_bytes() + b"x\n")
    glob = tmp_path / "logs" / "20*" / "*.s"
    assert run("convert", "--appliance", "esa01", glob).out == live.out
    assert run("convert", "--appliance", "esa01", tmp_path / "logs").out == live.out


def test_a_text_that_is_given_twice_is_read_once(
    one: list[Path], live: Ran, tmp_path: Path
) -> None:
    twin, packed, begun, linked = (tmp_path / n for n in ("twin", "gz", "cut", "link"))
    twin.write_bytes(one[1].read_bytes())
    packed.write_bytes(gzip.compress(one[2].read_bytes()))
    # A copy made while the appliance was writing, and one that broke off.
    begun.write_bytes(one[3].read_bytes()[:2000])
    broken = tmp_path / "broken"
    broken.write_bytes(gzip.compress(one[4].read_bytes())[:-300])
    linked.hardlink_to(one[0])
    ran = run("convert", "--appliance", "esa01", tmp_path, *one, one[0])
    assert ran.code == 0
    assert ran.out == live.out
    assert ran.account == live.account
    said = [x for x in ran.err.splitlines() if "left out" in x]
    assert len(said) == 6
    assert sum("the same text as" in x for x in said) == 4
    assert f"{begun}: left out, it is the beginning of {one[3]}" in ran.err
    assert f"{broken}: left out, it is the beginning of {one[4]}" in ran.err


def test_files_are_grouped_by_serial_number(many: Path, tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(
        "appliance: headless\n"
        "appliances: {esa01: {serial: SERIAL-1}, esa03: {serial: SERIAL-3}}\n"
    )
    ran = run("convert", "--config", config, many)
    assert ran.code == 0, ran.err
    names = {1: "esa01", 2: "headless", 3: "esa03", 4: "SERIAL-4"}
    for seed, name in names.items():
        paths = sorted((many / str(seed)).iterdir())
        text = b"".join(path.read_bytes() for path in paths)
        alone = run("filter", "--appliance", name, stdin=text)
        assert alone.ids == [
            e["event"]["id"] for e in ran.events if e["observer"]["name"] == name
        ]
    assert {e["observer"]["name"] for e in ran.events} == set(names.values())
    assert "serial SERIAL-4 has no name" in ran.err


@pytest.mark.parametrize("jobs", [2, 4])
def test_the_same_bytes_for_any_number_of_jobs(
    many: Path, whole: Ran, tmp_path: Path, jobs: int
) -> None:
    file = tmp_path / "out"
    on_stdout = run("convert", "--jobs", jobs, many)
    in_file = run("convert", "--jobs", jobs, many, "-o", file)
    assert whole.out == on_stdout.out == file.read_bytes()
    assert whole.account == on_stdout.account == in_file.account
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_syslog_files_name_their_appliance_by_line(tmp_path: Path) -> None:
    stamp = "2024-03-01T10:00:00Z"
    (tmp_path / "b").write_bytes(
        syslog("esa08", stamp, opening(5)) + syslog("esa09", stamp, auth(5, "ann"))
    )
    later = "2024-03-01T10:00:09Z"
    (tmp_path / "a").write_bytes(syslog("esa08", later, auth(5, "bob"), "ICID 5 close"))
    (tmp_path / "c").write_bytes(
        b'{"message": "%b", "host": "esa10", "time": 1709287200}\n'
        % auth(5, "eve").encode()
    )
    ran = run("convert", tmp_path)
    by_name = {(e["observer"]["name"], e["event"]["action"]): e for e in ran.events}
    assert len(ran.events) == len(by_name) == 6
    assert by_name["esa08", "smtp-auth"]["source"]["ip"] == "198.51.100.7"
    assert "source" not in by_name["esa09", "smtp-auth"]
    assert by_name["esa10", "smtp-auth"]["user"]["name"] == "eve"


def test_a_year_that_is_not_said_comes_from_the_time_of_the_file(
    tmp_path: Path,
) -> None:
    lines = {
        # Nearest to the line before it would be December 2018.
        "a": ("Jan  5 10:00:00", (2019, 1, 6)),
        "b": ("Dec 20 10:00:00", (2019, 12, 21)),
        "c": ("Dec 31 23:00:00", (2021, 1, 1)),
    }
    for name, (stamp, day) in lines.items():
        path = tmp_path / f"{name}.gz"
        path.write_bytes(gzip.compress(syslog("esa08", stamp, auth(5, name))))
        when = datetime(*day, tzinfo=UTC).timestamp()
        os.utime(path, (when, when))
    events = run("convert", tmp_path).events
    verdicts = [e for e in events if e["event"]["action"] == "smtp-auth"]
    assert [(e["user"]["name"], e["@timestamp"][:10]) for e in verdicts] == [
        ("a", "2019-01-05"),
        ("b", "2019-12-20"),
        ("c", "2020-12-31"),
    ]


def test_broken_archives_are_used_as_far_as_they_go(
    one: list[Path], live: Ran, tmp_path: Path
) -> None:
    dead = tmp_path / "dead"
    packers = list(PACKERS.values())[1:]
    for path, pack in zip(one[1:], packers, strict=True):
        # In two parts, because bzip2 gives nothing of a block that is not whole.
        text = path.read_bytes()
        tail = text.index(b"using AUTH", 4000)
        broken = pack(text[:tail]) + pack(text[tail:])[:-300]
        (tmp_path / path.name).write_bytes(broken)
    options = ("--appliance", "esa01", "--dead-letter", dead)
    ran = run("convert", *options, one[0], tmp_path)
    assert ran.code == 75
    for path in one[1:]:
        assert f"{tmp_path / path.name}: broken off" in ran.err
    ids = {e["event"]["id"] for e in ran.events if e["event"]["type"] == ["start"]}
    assert len(ids) > 100
    assert ids <= set(live.ids), "what is left of a last line became an event"
    cut = [x for x in letters_in(dead) if x["error"]["type"] == "cut"]
    assert len(cut) == 4
    assert ran.account["dead_letters"] == len(letters_in(dead))


def test_what_cannot_be_read_at_all_is_said_and_the_rest_is_done(
    one: list[Path], live: Ran, tmp_path: Path
) -> None:
    (tmp_path / "no.gz").write_bytes(b"\x1f\x8b\x08nonsense")
    (tmp_path / "empty").write_bytes(b"")
    ran = run("convert", "--appliance", "esa01", tmp_path, *one)
    assert ran.code == 75
    assert f"{tmp_path / 'no.gz'}: cannot be read" in ran.err
    assert ran.out == live.out


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


def test_one_serial_cannot_have_two_names(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("appliances: {a: {serial: X}, b: {serial: X}}")
    ran = run("check", "--config", config)
    assert ran.code == 2
    assert "appliances.b.serial: X is that of a too" in ran.err


def test_settings_of_an_appliance_may_be_of_either_kind(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("appliances: {a: {serial: X}, b: {timezone: UTC}, c: {}}")
    assert run("check", "--config", config).code == 0


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


def test_the_bar_is_on_a_terminal_only(one: list[Path]) -> None:
    shown = on_a_terminal("convert", "--jobs", 2, *one)
    quiet = on_a_terminal("convert", "--quiet", *one)
    assert "convert" in shown.err
    assert "\x1b[" in shown.err
    assert "\x1b[" not in quiet.err
    assert shown.out == quiet.out
    assert shown.account == quiet.account


def test_equal_lines_of_one_second_have_ids_of_their_own_in_every_packing(
    tmp_path: Path,
) -> None:
    """T30, small: the bench has the full figure."""
    line = f"Fri Mar  1 00:00:00 2024 Info: {auth(7, 'ann')}\n".encode()
    live = run("filter", "--appliance", "esa01", stdin=line * 3000)
    packed = tmp_path / "mail"
    packed.write_bytes(lzma.compress(line * 1000) + lzma.compress(line * 2000))
    ran = run("convert", "--appliance", "esa01", packed)
    assert len(set(ran.ids)) == 3001
    assert ran.ids == live.ids
