"""`filter --ack rsyslog`: what it takes, and what an OK says."""

import fcntl
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import IO

import pytest

from tests.commands.test_ack_rsyslog import command, confirmed, end, sessions, start
from tests.support.collector import Collector
from tests.support.process import PATIENCE, esa_auth


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("input: {format: msgpack}\n", "input.format"),
        ("input: {join_wrapped: true}\n", "input.join_wrapped"),
    ],
)
def test_it_takes_lines_that_stand_for_themselves(
    text: str, option: str, tmp_path: Path
) -> None:
    config = tmp_path / "input.yaml"
    config.write_text(text)
    ended = esa_auth(
        *("filter", "--ack", "rsyslog", "--forward", "127.0.0.1:1"),
        *("--state-dir", str(tmp_path / "state"), "--config", str(config)),
    )
    ended.assert_refused(option, "--ack rsyslog")


def test_a_first_line_of_odd_bytes_does_not_make_the_rest_msgpack(
    tmp_path: Path,
) -> None:
    with Collector() as collector:
        child = start(collector, tmp_path / "state")
        for line in (b"\xdf\x00 odd", *sessions(2)):
            assert confirmed(child, line)
        end(child)
        # Two attempts and the end of the session, of each.
        assert len(collector.events) == 6


# The command, which tells at each OK the sizes at which files were synced.
NOTING = """
import os, sys
from esa_auth.__main__ import main
from esa_auth.commands.answers import Answers
fsync, give, synced = os.fsync, Answers.give, set()
def noted(descriptor):
    fsync(descriptor)
    synced.add((os.fstat(descriptor).st_ino, os.fstat(descriptor).st_size))
def given(answers, number):
    status = os.stat(sys.argv[-1])
    if (status.st_ino, status.st_size) not in synced:
        sys.exit("an OK before the letter is synced")
    give(answers, number)
os.fsync, Answers.give = noted, given
sys.exit(main(sys.argv[1:]))
"""


def test_a_dead_letter_is_on_the_disk_before_the_ok(tmp_path: Path) -> None:
    with Collector() as collector:
        words = command(collector, tmp_path / "state")[3:]
        done = subprocess.run(
            [sys.executable, "-c", NOTING, *words],
            input=b"Tue Mar 17 10:00:00 2026 Info: SMTP Auth: something new\n" * 2,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        assert b"\nesa-auth: 2 lines = 0 results" in done.stderr, done.stderr
    assert done.stdout == b"OK\n" * 3


def test_a_host_that_reads_no_ok_can_stop_us(tmp_path: Path) -> None:
    """As one without `confirmMessages="on"`, whose pipe is full one day."""
    with Collector() as collector:
        child = start(collector, tmp_path / "state")
        assert child.stdin is not None
        assert child.stdout is not None
        # They fit into the pipe, their answers do not.
        child.stdin.write(b"x\n" * 30_000)
        child.stdin.flush()
        deadline = time.monotonic() + PATIENCE
        room = fcntl.fcntl(child.stdout, fcntl.F_GETPIPE_SZ)
        # No answer is put into two pages.
        while _waiting(child.stdout) < room - room // 1000:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        # The second ends now what the first ends in 8 s.
        child.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        child.send_signal(signal.SIGTERM)
        try:
            assert child.wait(PATIENCE) == 75
        finally:
            child.kill()
            child.communicate()


def _waiting(pipe: IO[bytes]) -> int:
    data = fcntl.ioctl(pipe, termios.FIONREAD, bytes(4))
    return int.from_bytes(data, sys.byteorder)
