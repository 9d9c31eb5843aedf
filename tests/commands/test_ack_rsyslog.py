"""`filter --ack rsyslog`: no line lost, whenever the process is killed."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from tests.shippers.hosts import kill_children
from tests.support.collector import Collector
from tests.support.engines import require
from tests.support.process import esa_auth

RSYSLOG = shutil.which("rsyslogd") or shutil.which("rsyslogd", path="/usr/sbin")

Child = subprocess.Popen[bytes]


def sessions(count: int) -> list[bytes]:
    """Return the lines of sessions with a login each, interleaved in pairs."""
    lines: list[bytes] = []
    for i in range(0, count, 2):
        pair = [_session(i), _session(i + 1)]
        lines += [line for both in zip(*pair, strict=True) for line in both]
    return lines


def _session(i: int) -> list[bytes]:
    stamp = f"Tue Mar 17 {10 + i // 3600:02}:{i // 60 % 60:02}:{i % 60:02} 2026 Info:"
    verdict = "failed" if i % 3 else "succeeded"
    bodies = (
        f"New SMTP ICID {i + 1} interface Data 1 (192.0.2.1) "
        f"address 198.51.100.{i % 250} reverse dns host unknown verified no",
        f"ICID {i + 1} ACCEPT SG UNKNOWNLIST match sbrs[none] SBRS None",
        f"MID {i} Subject 'SMTP Auth: (ICID 1) failed for user: nobody'",
        *[
            f"SMTP Auth: (ICID {i + 1}) {verdict} for user: user{i % 7}@example.com "
            "using AUTH mechanism: PLAIN with profile: staff"
        ]
        * 2,
        f"ICID {i + 1} close",
    )
    return [f"{stamp} {body}".encode() for body in bodies]


def command(collector: Collector, state: Path) -> list[str]:
    words = [sys.executable, "-m", "esa_auth", "filter", "--ack", "rsyslog"]
    words += ["--forward", collector.address, "--state-dir", str(state)]
    return [*words, "--dead-letter", str(state.parent / "dead.ndjson")]


def start(collector: Collector, state: Path) -> Child:
    child = subprocess.Popen(
        command(collector, state),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"OK\n"
    return child


def confirmed(child: Child, line: bytes) -> bool:
    """Hand over a line as omprog does and wait for its answer."""
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(line + b"\n")
        child.stdin.flush()
    except BrokenPipeError:
        return False
    return child.stdout.readline() == b"OK\n"


def end(child: Child) -> None:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.close()
    assert child.wait(30) == 0
    child.stdout.close()


@contextmanager
def whole_run(lines: list[bytes], folder: Path) -> Iterator[dict[str, object]]:
    with Collector() as collector:
        child = start(collector, folder / "clean")
        assert all(confirmed(child, line) for line in lines)
        end(child)
        yield dict(collector.by_id())


def test_a_killed_child_loses_nothing_and_makes_nothing_up(tmp_path: Path) -> None:
    lines, random = sessions(120), Random(7)
    with whole_run(lines, tmp_path) as expected, Collector() as collector:
        child = start(collector, tmp_path / "state")
        kills = 0
        todo = list(reversed(lines))
        while todo:
            doomed = random.random() < 0.04
            if doomed and random.random() < 0.5:
                # Before the line is handed over, or while it is worked on.
                child.kill()
            elif doomed and child.stdin is not None:
                child.stdin.write(todo[-1] + b"\n")
                child.stdin.flush()
                time.sleep(random.random() / 500)
                child.kill()
            if not doomed and confirmed(child, todo[-1]):
                todo.pop()
                continue
            kills += 1
            left, _ = child.communicate()
            if left:
                # omprog reads what a dying program wrote before it sees the end.
                assert left == b"OK\n"
                todo.pop()
            child = start(collector, tmp_path / "state")
        end(child)

        assert kills > 10
        assert collector.by_id() == expected


def test_a_stop_between_two_lines_repeats_nothing(tmp_path: Path) -> None:
    lines = sessions(40)
    with whole_run(lines, tmp_path) as expected, Collector() as collector:
        for part in (lines[:50], lines[50:51], lines[51:]):
            child = start(collector, tmp_path / "state")
            assert all(confirmed(child, line) for line in part)
            end(child)

        assert collector.by_id() == expected
        assert len(collector.events) == len(expected)


def test_a_second_process_on_one_state_directory_is_refused(tmp_path: Path) -> None:
    with Collector() as collector:
        child = start(collector, tmp_path / "state")
        second = subprocess.run(
            command(collector, tmp_path / "state"),
            input=b"",
            capture_output=True,
            timeout=30,
            check=False,
        )
        end(child)

    assert second.returncode == 3
    assert second.stdout == b""
    line = second.stderr.decode().splitlines()[-1]
    assert f"{child.pid}" in line


@pytest.mark.parametrize("missing", ["--forward", "--state-dir"])
def test_it_refuses_to_promise_what_it_cannot_keep(
    missing: str, tmp_path: Path
) -> None:
    options = {"--forward": "127.0.0.1:1", "--state-dir": str(tmp_path / "state")}
    del options[missing]
    given = [word for pair in options.items() for word in pair]
    words = [sys.executable, "-m", "esa_auth", "filter", "--ack", "rsyslog", *given]
    done = subprocess.run(
        words, input=b"", capture_output=True, timeout=30, check=False
    )

    assert done.returncode == 2
    assert b"--ack rsyslog" in done.stderr


def test_it_confirms_no_line_whose_event_waits(tmp_path: Path) -> None:
    config = tmp_path / "wait.yaml"
    config.write_text("join: {wait: 1}\n")
    ended = esa_auth(
        *("filter", "--ack", "rsyslog", "--forward", "127.0.0.1:1"),
        *("--state-dir", str(tmp_path / "state"), "--config", str(config)),
    )
    ended.assert_refused("join.wait", "--ack rsyslog")


CONF = """
global(workDirectory="{folder}" maxMessageSize="64k"
       parser.escapeControlCharactersOnReceive="off")
module(load="imfile" mode="polling" pollingInterval="1")
module(load="omprog")
template(name="raw" type="string" string="%msg%\\n")
input(type="imfile" file="{folder}/mail_logs" tag="esa" ruleset="esa")
ruleset(name="esa" queue.type="LinkedList") {{
  action(type="omprog" template="raw" confirmMessages="on" confirmTimeout="60000"
         forceSingleInstance="on" signalOnClose="on" closeTimeout="10000"
         binary="{command}" output="{folder}/child.err"
         action.resumeRetryCount="-1" action.resumeInterval="1")
}}
"""


def test_real_rsyslog_and_a_child_killed_in_the_middle(tmp_path: Path) -> None:
    require("rsyslog", RSYSLOG, "no rsyslogd (Debian package rsyslog)")
    lines = sessions(200)
    with whole_run(lines, tmp_path) as expected, Collector() as collector:
        state = tmp_path / "state"
        words = " ".join(command(collector, state))
        (tmp_path / "rsyslog.conf").write_text(
            CONF.format(folder=tmp_path, command=words)
        )
        (tmp_path / "mail_logs").write_bytes(b"".join(x + b"\n" for x in lines))
        daemon = subprocess.Popen(
            [str(RSYSLOG), "-n", "-f", tmp_path / "rsyslog.conf", "-i", "NONE"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            killed = 0
            deadline = time.monotonic() + 120
            while len(collector.by_id()) < len(expected):
                assert time.monotonic() < deadline, "rsyslog handed over too little"
                if killed < 3 and len(collector.events) > 100 * (killed + 1):
                    killed += kill_children(daemon.pid)
                time.sleep(0.01)
        finally:
            daemon.terminate()
            daemon.wait(30)

        assert killed == 3
        assert collector.by_id() == expected


def test_a_journal_that_others_passed_over_is_not_read_again(tmp_path: Path) -> None:
    """What it says is old by then: the number of its connection may be another's."""
    state = tmp_path / "state"
    lines = sessions(2)
    with Collector() as collector:
        child = start(collector, state)
        assert all(confirmed(child, line) for line in lines[:6])
        child.kill()
        child.communicate()
        assert (state / "journal.0").exists()
        closed = [line for line in lines if line.endswith(b" close")]
        plain = esa_auth(
            "filter", "--state-dir", str(state), stdin=b"\n".join([*closed, b""])
        )
        assert plain.code == 0, plain.stderr
        before = len(collector.events)
        again = subprocess.run(
            command(collector, state),
            input=lines[8] + b"\n",
            capture_output=True,
            check=True,
        )
        assert again.stdout == b"OK\nOK\n"
        (event,) = collector.events[before:]
    assert b"SMTP Auth" in lines[8]
    assert event["cisco_esa"]["session"]["context"] == "missing"
