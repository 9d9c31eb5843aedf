"""`--output-file`: the commands write there what stdout would have had."""

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from tests.support import report_lines
from tests.support.process import Running, account_of, esa_auth
from tests.support.rotated_files import family


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
