"""Metrics of the real commands, read by Prometheus' own parser."""

import re
import signal
import socket
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest

from tests.metrics.scrapes import assert_adds_up, get, values, wait_for
from tests.support import report_lines
from tests.support.ports import free_port
from tests.support.process import PATIENCE, Running, esa_auth


def scraped_while_fed(
    running: Running, port: int, lines: list[str]
) -> list[dict[str, float]]:
    """Feed ``lines``, and scrape until each of them is counted."""
    seen: list[dict[str, float]] = []

    def feed() -> None:
        for n in range(0, len(lines), 500):
            running.feed([line.encode() for line in lines[n : n + 500]])

    writer = threading.Thread(target=feed)
    writer.start()
    while writer.is_alive():
        seen.append(values(get(port, "/metrics")[1]))
    writer.join()
    read = wait_for(port, lambda found: found["esa_auth_lines_total"] == len(lines))
    return [*seen, read]


def test_the_account_adds_up_at_every_scrape_under_load() -> None:
    port, lines = free_port(), list(report_lines.log(30_000))
    with Running("filter", "--metrics", f"127.0.0.1:{port}") as running:
        get(port, "/healthz")
        reader = threading.Thread(target=running.finish)
        reader.start()
        seen = scraped_while_fed(running, port, lines)
        code, text = get(port, "/healthz")
        assert code == 200
        assert re.fullmatch(
            r"ok\n0\.0% of the last [0-9]+ lines have an unknown head\n", text
        )
        running.close_stdin()
        reader.join()
    for found in seen:
        assert_adds_up(found)
    for before, after in pairwise(seen):
        for name, value in before.items():
            if name.startswith("esa_auth_") and "_total" in name:
                assert after[name] >= value, f"{name} went back"
    last = seen[-1]
    assert last["esa_auth_lines_by_kind_total:results"] == 30_000
    assert last["esa_auth_open_sessions"] == 0
    assert last["esa_auth_lag_seconds"] > 0


def test_a_receiver_that_is_down_is_said() -> None:
    port, nowhere = free_port(), free_port()
    words = ("--metrics", f"127.0.0.1:{port}", "--forward", f"127.0.0.1:{nowhere}")
    with Running("filter", *words) as running:
        assert get(port, "/healthz") == (200, "ok\n")
        running.feed([x.encode() for x in report_lines.log(3)])
        found = wait_for(
            port, lambda found: found["esa_auth_forward_retries_total"] > 0
        )
        assert found["esa_auth_forward_up"] == 0
        assert found["esa_auth_healthy"] == 0
        assert found["esa_auth_queue_events"] > 0
        code, text = get(port, "/healthz")
        assert code == 503
        assert text.startswith("sink down: ")


def test_lines_that_no_framing_reads_are_said() -> None:
    port = free_port()
    good = (
        b"Wed Apr 22 11:44:48 2026 Info: MID 1 ready 812 bytes from <ann@example.com>"
    )
    with Running("filter", "--metrics", f"127.0.0.1:{port}") as running:
        running.feed([good] * 30)
        running.feed([b"Mar 17 10:00:00 mx1 postfix/smtpd[1]: connect"] * 3000)
        found = wait_for(port, lambda found: found["esa_auth_lines_total"] >= 3000)
        assert 0 < found["esa_auth_lines_unknown_head_total"] <= 3000
        until = time.monotonic() + PATIENCE
        while (answer := get(port, "/healthz"))[0] == 200:
            assert time.monotonic() < until, answer
            time.sleep(0.02)
        assert re.match(r"input not understood: \d\d", answer[1])
        found = values(get(port, "/metrics")[1])
        assert found["esa_auth_unknown_head_ratio"] > 0.5
        # What comes after it is well again.
        for _ in range(4):
            running.feed([good] * 2000)
        while (answer := get(port, "/healthz"))[0] != 200:
            assert time.monotonic() < until, answer
            time.sleep(0.02)


def test_lines_that_wait_are_said(tmp_path: Path) -> None:
    """They are in no other count yet, so the account would not add up without them."""
    config = tmp_path / "config.yaml"
    config.write_text("join: {wait: 30}")
    port, now = free_port(), int(time.time())

    def line(second: int, body: str) -> bytes:
        return f"{time.asctime(time.gmtime(now + second))} Info: {body}".encode()

    tried = (
        "SMTP Auth: (ICID 9) failed for user: ann using AUTH mechanism: PLAIN"
        " with profile: staff"
    )
    words = ("--config", str(config), "--metrics", f"127.0.0.1:{port}")
    with Running("filter", *words) as running:
        running.feed([line(-100, tried)] * 5)
        found = wait_for(port, lambda found: found["esa_auth_lines_held"] > 0)
        assert found["esa_auth_lines_total"] + found["esa_auth_lines_held"] == 5
        code, text = get(port, "/healthz")
        assert (code, text.splitlines()[0]) == (200, "ok")
        assert "5 lines are read and wait for others" in text
        running.feed([line(-50, "ICID 9 close")])
        found = wait_for(port, lambda found: found["esa_auth_lines_total"] == 6)
        assert found["esa_auth_lines_held"] == 0
        assert "wait for others" not in get(port, "/healthz")[1]


def test_a_silent_input_is_said(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("metrics: {stalled_after: 0.2}\n")
    port = free_port()
    words = ("--metrics", f"127.0.0.1:{port}", "--config", str(config))
    with Running("filter", *words):
        until = time.monotonic() + PATIENCE
        while (answer := get(port, "/healthz"))[0] == 200:
            assert time.monotonic() < until
        assert answer[1].startswith("input stalled: no line for ")


def test_tail_tells_of_its_files(tmp_path: Path) -> None:
    log = tmp_path / "mail_logs"
    lines = list(report_lines.log(10))
    log.write_text("\n".join(lines) + "\n")
    port = free_port()
    words = ("--state-dir", str(tmp_path / "state"), "--metrics", f"127.0.0.1:{port}")
    with Running("tail", str(log), *words) as running:
        found = wait_for(port, lambda found: found["esa_auth_lines_total"] > 0)
        assert_adds_up(found)
        assert found["esa_auth_read_bytes_total"] == log.stat().st_size
        assert found["esa_auth_unread_bytes"] == 0
        assert found["esa_auth_files_open"] == 1
        running.signal(signal.SIGTERM)
        assert running.finish().code == 0


def test_the_file_has_the_last_word(tmp_path: Path) -> None:
    target = tmp_path / "esa-auth.prom"
    lines = "\n".join(report_lines.log(40)).encode()
    done = esa_auth("filter", "--metrics-file", str(target), stdin=lines)
    account = done.assert_complete()
    found = values(target.read_text("utf-8"))
    assert_adds_up(found)
    assert found["esa_auth_lines_total"] == account.lines
    assert found["esa_auth_events_total"] == account.events
    assert [path.name for path in tmp_path.iterdir()] == ["esa-auth.prom"]


def test_a_file_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    target = tmp_path / "no" / "esa-auth.prom"
    done = esa_auth("filter", "--metrics-file", str(target), stdin=b"x\n")
    assert done.code == 0
    assert done.stderr.count("metrics.file: ") == 1


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:x", "127.0.0.1:99999"])
def test_a_wrong_address_is_refused(address: str) -> None:
    done = esa_auth("filter", "--metrics", address)
    assert done.code == 2
    assert "metrics.address" in done.stderr


def test_an_address_in_use_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        done = esa_auth("filter", "--metrics", f"127.0.0.1:{other.getsockname()[1]}")
    assert done.code == 2
    assert "in use" in done.stderr


def test_nobody_waits_for_the_library_without_metrics() -> None:
    """Nothing for people is imported by a run that only writes events."""
    program = (
        "import sys; from esa_auth.__main__ import main; code = main(['filter']);"
        "print([m for m in ('prometheus_client', 'http.server', 'rich', 'shtab',"
        " 'esa_auth.report', 'esa_auth.commands.live', 'esa_auth.metrics') if m in"
        " sys.modules], code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    assert done.stdout.decode().strip() == "[] 0"
