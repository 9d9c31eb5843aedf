"""`--output-file`: every event is on the disk before a position is saved."""

import errno
import json
import os
import resource
import signal
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support import report_lines
from tests.support.process import Running, account_of, esa_auth

from esa_auth.errors import ConfigError, TemporaryError
from esa_auth.outputs.file import FileOutput, FileSettings
from esa_auth.outputs.rotated import Limits
from esa_auth.retry import UNSLICED

DAY = 86_400


def line(number: int, size: int = 100) -> bytes:
    return json.dumps({"number": number, "text": "x" * size}).encode() + b"\n"


def numbers(*paths: Path) -> list[int]:
    lines = [each for path in paths for each in path.read_bytes().splitlines()]
    return [json.loads(each)["number"] for each in lines]


def family(path: Path) -> list[Path]:
    """The files that there are, oldest first."""
    older = [path.with_name(f"{path.name}.{n}") for n in range(999, 0, -1)]
    return [p for p in [*older, path] if p.exists()]


def written(
    path: Path, max_bytes: int = 1 << 20, keep: int = 99, seconds: int | None = None
) -> FileOutput:
    return FileOutput(FileSettings(str(path), Limits(max_bytes, keep, seconds)))


def test_full_files_keep_their_lines_whole_and_their_number(tmp_path: Path) -> None:
    path = tmp_path / "events"
    output = written(path, max_bytes=1000)
    for start in range(0, 60, 6):
        output.send([line(n) for n in range(start, start + 6)])
    output.close()
    files = family(path)
    assert numbers(*files) == list(range(60))
    assert all(600 < p.stat().st_size <= 1000 for p in files[:-1])
    assert {stat.S_IMODE(p.stat().st_mode) for p in files} == {0o600}
    assert output.counters.written == 60
    assert output.counters.rotations == len(files) - 1
    assert output.counters.written_bytes == sum(p.stat().st_size for p in files)


def test_the_number_of_files_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "events"
    output = written(path, max_bytes=300, keep=3)
    output.send([line(n) for n in range(8)])
    output.close()
    assert numbers(*family(path)) == list(range(2, 8))
    assert caplog.messages == [f"{path}.2: deleted, the events in it are gone"]
    assert output.counters.deleted == 1


def test_a_file_is_of_one_period(tmp_path: Path) -> None:
    path = tmp_path / "events"
    chosen = FileSettings(str(path), Limits(1 << 20, 9, DAY))
    now = [10.5 * DAY]
    output = FileOutput(chosen, now=lambda: now[0])
    for number, day in enumerate((10.5, 10.9, 11.0, 11.2, 14.0)):
        now[0] = day * DAY
        output.send([line(number)])
        os.utime(path, (now[0], now[0]))
    output.close()
    assert [numbers(p) for p in family(path)] == [[0, 1], [2, 3], [4]]
    # A start goes by what is on the disk.
    now[0] = 14.5 * DAY
    output = FileOutput(chosen, now=lambda: now[0])
    output.send([line(5)])
    os.utime(path, (now[0], now[0]))
    now[0] = 15.5 * DAY
    output.close()
    output = FileOutput(chosen, now=lambda: now[0])
    output.send([line(6)])
    output.close()
    assert [numbers(p) for p in family(path)] == [[0, 1], [2, 3], [4, 5], [6]]


def test_a_reader_of_a_full_file_loses_nothing(tmp_path: Path) -> None:
    """What was written is never cut: a shipper that is behind goes on in its file."""
    path = tmp_path / "events"
    output = written(path, max_bytes=500)
    output.send([line(0)])
    with path.open("rb") as reader:
        reader.readline()
        output.send([line(n) for n in range(1, 20)])
        behind = reader.read()
    output.close()
    assert [json.loads(each)["number"] for each in behind.splitlines()] == [1, 2]


def test_half_an_event_of_a_crash_is_ended_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_bytes(line(0) + line(1)[:40])
    output = written(path)
    output.send([line(1)])
    output.close()
    first, half, last = path.read_bytes().splitlines(keepends=True)
    assert (first, half, last) == (line(0), line(1)[:40] + b"\n", line(1))


def test_no_link_is_followed(tmp_path: Path) -> None:
    target, path = tmp_path / "target", tmp_path / "events"
    target.write_text("theirs")
    path.symlink_to(target)
    with pytest.raises(ConfigError, match=r"output\.file: .*symbolic link"):
        written(path)
    assert target.read_text() == "theirs"


@pytest.fixture
def limit() -> Iterator[Callable[[int], None]]:
    """A size of files that the system refuses to go beyond, for a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_waited_out(
    tmp_path: Path, limit: Callable[[int], None], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "events"
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        assert output.trouble == "File too large"
        if len(pauses) == 5:
            limit(resource.RLIM_INFINITY)

    chosen = FileSettings(str(path), Limits(1 << 20, 9))
    output = FileOutput(chosen, timing=replace(UNSLICED, sleep=sleep))
    limit(1000)
    output.send([line(n) for n in range(20)])
    output.sync()
    output.close()
    assert numbers(path) == list(range(20))
    assert output.trouble == ""
    assert caplog.messages == [
        f"events: {path}: File too large: waiting until it can be written",
        f"events: {path}: written again after 5 tries",
    ]


def test_a_stop_ends_the_wait(tmp_path: Path, limit: Callable[[int], None]) -> None:
    path = tmp_path / "events"
    chosen = FileSettings(str(path), Limits(1 << 20, 9))
    output = FileOutput(chosen, stopped=lambda: True)
    path.write_bytes(b"x" * 2000 + b"\n")
    limit(1000)
    with pytest.raises(TemporaryError, match="File too large"):
        output.send([line(0)])
    limit(resource.RLIM_INFINITY)
    output.close()


def test_what_was_sent_is_synced_and_a_file_before_it_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode):
            synced.append(status.st_ino)

    monkeypatch.setattr(os, "fsync", fsync)
    path = tmp_path / "events"
    output = written(path, max_bytes=300)
    output.send([line(0)])
    assert synced == []
    output.sync()
    output.sync()
    assert synced == [path.stat().st_ino]
    output.send([line(n) for n in range(1, 5)])
    older = {p.stat().st_ino for p in family(path)} - {path.stat().st_ino}
    assert older <= set(synced)
    output.sync()
    assert path.stat().st_ino in synced
    output.close()


def test_a_disk_that_failed_once_is_not_believed_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux says so once; to go on would be to save a position behind lost events."""
    path = tmp_path / "events"
    output = written(path, max_bytes=300)
    output.send([line(0)])
    real, failures = os.fsync, [errno.EIO]

    def fsync(descriptor: int) -> None:
        if failures and stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(failures.pop(), "Input/output error")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(TemporaryError, match="not known what is on the disk"):
        output.sync()
    failures.append(errno.EIO)
    with pytest.raises(TemporaryError, match="not known what is on the disk"):
        output.send([line(n) for n in range(1, 5)])
    output.close()


# ---- the commands -------------------------------------------------------------------


def events_in(*paths: Path) -> list[dict[str, Any]]:
    lines = [each for path in paths for each in path.read_bytes().splitlines()]
    return [json.loads(each) for each in lines]


LINES = "\n".join(report_lines.log(40)).encode() + b"\n"


def test_filter_writes_there_what_stdout_would_have(tmp_path: Path) -> None:
    plain = esa_auth("filter", stdin=LINES)
    path, config = tmp_path / "events", tmp_path / "config.yaml"
    config.write_text("output: {max_bytes: 8192, keep: 50}\n")
    words = ("filter", "--output-file", str(path), "--config", str(config))
    ended = esa_auth(*words, stdin=LINES)
    assert (ended.code, ended.stdout) == (0, b"")
    assert ended.account == plain.assert_complete()
    files = family(path)
    assert len(files) > 3
    assert events_in(*files) == plain.events


def test_tail_goes_on_behind_what_the_disk_has(tmp_path: Path) -> None:
    log, path = tmp_path / "mail_logs", tmp_path / "events"
    plain = esa_auth("filter", "--state-dir", str(tmp_path / "other"), stdin=LINES)
    lines = LINES.splitlines(keepends=True)
    middle = len(lines) // 2
    words = ("tail", str(log), "--state-dir", str(tmp_path / "state"))
    for part in (lines[:middle], lines[middle:]):
        with log.open("ab") as file:
            file.writelines(part)
        last = path.stat().st_size if path.exists() else 0
        with Running(*words, "--output-file", str(path)) as tail:
            while not path.exists() or path.stat().st_size == last:
                time.sleep(0.01)
            tail.signal(signal.SIGTERM)
            ended = tail.finish()
        assert ended.code == 0
        account_of(ended.stderr)
    assert events_in(path) == plain.events


def test_convert_writes_there_too_in_the_order_of_the_appliances(
    tmp_path: Path,
) -> None:
    for name in ("esa01", "esa02", "esa03"):
        folder = tmp_path / "logs" / name
        folder.mkdir(parents=True)
        (folder / "mail_logs").write_bytes(
            LINES.replace(b"reverse dns host", b"reverse dns host " + name.encode())
        )
    config = tmp_path / "config.yaml"
    config.write_text("output: {max_bytes: 8192, keep: 99}\n")
    words = ("convert", "--quiet", str(tmp_path / "logs"), "--config", str(config))
    plain = esa_auth(*words)
    for jobs in ("1", "3"):
        path = tmp_path / f"events{jobs}"
        ended = esa_auth(*words, "--jobs", jobs, "--output-file", str(path))
        assert (ended.code, ended.stdout) == (0, b""), ended.stderr
        assert ended.account == plain.account
        files = family(path)
        assert len(files) > 3
        assert events_in(*files) == plain.events


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--output", "msgpack"), "output.format: msgpack: not with output.file"),
        (("--forward", "127.0.0.1:9"), "output.file: not with forward.address"),
        (("--ack", "rsyslog"), "--ack rsyslog: needs --forward"),
    ],
)
def test_what_does_not_go_together_is_said(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    path = tmp_path / "events"
    esa_auth("filter", "--output-file", str(path), *words).assert_refused(said)


@pytest.mark.parametrize("option", ["-o", "--resume"])
def test_convert_has_one_file_only(tmp_path: Path, option: str) -> None:
    words = [option, str(tmp_path / "x")] if option == "-o" else [option]
    path = tmp_path / "events"
    esa_auth("convert", "--output-file", str(path), *words, __file__).assert_refused(
        "--output-file"
    )


def test_convert_does_not_read_what_it_writes(tmp_path: Path) -> None:
    (tmp_path / "mail_logs").write_bytes(LINES)
    path = tmp_path / "events"
    for name in ("events", "events.1"):
        (tmp_path / name).write_bytes(b"")
    ended = esa_auth("convert", "--output-file", str(path), str(tmp_path))
    assert "1 file of 1 appliance" in ended.stderr
