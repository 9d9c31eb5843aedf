"""Metrics of the real commands, read by Prometheus' own parser."""

import gc
import json
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as read_openmetrics,
)
from prometheus_client.parser import (
    text_string_to_metric_families as read_plain,
)

from esa_auth.inputs.follow.counters import Counters as FollowCounters
from esa_auth.metrics.exposition import MOST_APPLIANCES, Exposition
from esa_auth.metrics.health import BEHIND_AFTER, BLOCKED_AFTER, complaints
from esa_auth.metrics.pulse import Beat, Pulse
from esa_auth.metrics.readings import (
    ApplianceReading,
    Part,
    Readings,
    TableReading,
)
from esa_auth.metrics.server import MetricsServer
from esa_auth.model.counters import Counters
from esa_auth.outputs.counters import DeliveryCounters, FileCounters
from esa_auth.resources import conf_text
from tests.support import report_lines
from tests.support.ports import free_port
from tests.support.process import PATIENCE, Running, esa_auth

FORWARD = Part("forward_", DeliveryCounters(9, 1, 7, 0, 2, 1, 4, 100_000, 500_000), "")
FILES = Part("", FollowCounters(1, 4096, 0, 0, 1, 0))
TABLES = (TableReading("zones.file", 1, False, 40.0),)


def readings(
    beat: Beat,
    forward: Part | None = FORWARD,
    files: Part | None = FILES,
    appliances: tuple[ApplianceReading, ...] = (
        ApplianceReading("esa01", 3, 1, 2, 50),
    ),
    unread: int = 0,
) -> Readings:
    return Readings(
        lambda: beat,
        lambda: appliances,
        lambda: 100.0,
        (lambda: forward) if forward else None,
        (lambda: files) if files else None,
        lambda: unread,
        lambda: TABLES,
    )


def beat(
    waiting: int = 0, busy: float | None = None, silent: float = 0.0, lines: int = 10
) -> Beat:
    return Beat(Counters(lines=lines, results=4, rejected=1), waiting, busy, silent)


def get(port: int, path: str, **headers: str) -> tuple[int, str]:
    """Fetch from a server that may not be there yet."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except urllib.error.URLError:
            assert time.monotonic() < until, "nobody listens"
            time.sleep(0.05)


def values(text: str) -> dict[str, float]:
    """Return the samples by name, with the kind or table where there is one."""
    found = {}
    for family in read_plain(text):
        for sample in family.samples:
            kind = sample.labels.get("kind") or sample.labels.get("table")
            found[f"{sample.name}:{kind}" if kind else sample.name] = sample.value
    return found


def assert_adds_up(found: dict[str, float]) -> None:
    kinds = [v for k, v in found.items() if k.startswith("esa_auth_lines_by_kind")]
    assert len(kinds) == 5
    assert sum(kinds) == found["esa_auth_lines_total"]
    assert min(kinds) >= 0


def wait_for(port: int, ready: Callable[[dict[str, float]], bool]) -> dict[str, float]:
    until = time.monotonic() + PATIENCE
    while not ready(found := values(get(port, "/metrics")[1])):
        assert time.monotonic() < until, found
        time.sleep(0.05)
    return found


# ---- the real commands --------------------------------------------------------------


def test_the_account_adds_up_at_every_scrape_under_load() -> None:
    port, lines = free_port(), list(report_lines.log(30_000))
    blocks = [
        [x.encode() for x in lines[n : n + 500]] for n in range(0, len(lines), 500)
    ]
    seen: list[dict[str, float]] = []
    with Running("filter", "--metrics", f"127.0.0.1:{port}") as running:
        get(port, "/healthz")
        over = threading.Event()

        def drain() -> None:
            running.finish()
            over.set()

        def feed() -> None:
            for block in blocks:
                running.feed(block)

        reader, writer = threading.Thread(target=drain), threading.Thread(target=feed)
        reader.start()
        writer.start()
        while writer.is_alive():
            seen.append(values(get(port, "/metrics")[1]))
        writer.join()
        seen.append(
            wait_for(port, lambda found: found["esa_auth_lines_total"] == len(lines))
        )
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


def test_a_share_is_of_the_last_lines() -> None:
    pulse, counters, seen = Pulse(lambda: 0.0), Counters(), []
    for lines, unknown in ((900, 0), (900, 900), (900, 900), (1200, 0), (1200, 0)):
        counters.lines += lines
        counters.unknown_heads += unknown
        pulse.ends(counters)
        now = pulse.beat()
        seen.append((now.recent, now.unknown))
    assert seen == [(900, 0), (1800, 900), (2700, 1800), (2100, 900), (1200, 0)]


@pytest.mark.parametrize(
    ("recent", "unknown", "well"),
    [(0, 0, True), (99, 99, True), (100, 50, True), (100, 51, False)],
)
def test_more_than_half_unknown_is_not_well(
    recent: int, unknown: int, well: bool
) -> None:
    now = Beat(Counters(), 0, None, 0.0, recent, unknown)
    found = complaints(readings(now), None)
    assert found == (
        []
        if well
        else ["input not understood: 51.0% of the last 100 lines have an unknown head"]
    )


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


# ---- formats ------------------------------------------------------------------------


def exposition(given: Readings) -> Exposition:
    return Exposition(given, lambda: True)


def test_both_formats_are_read_by_the_librarys_own_parsers() -> None:
    shown = exposition(readings(beat()))
    plain, kind = shown.text("")
    assert kind.startswith("text/plain")
    assert_adds_up(values(plain.decode()))
    strict, kind = shown.text("application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text")
    # It ships no types for this one.
    families = list(read_openmetrics(strict.decode()))  # type: ignore[no-untyped-call]
    # Each says what it is.
    assert [family.name for family in families if not family.documentation] == []
    names = {family.name for family in families}
    assert {"esa_auth_lines", "esa_auth_forward_ack_latency_seconds"} <= names


@pytest.mark.parametrize("version", ["x", "", "1.x", "9" * 5000, ";"])
def test_a_version_that_is_none_is_passed_over(version: str) -> None:
    accept = f"application/openmetrics-text; version={version}, text/plain;{version}"
    text, _ = exposition(readings(beat())).text(accept)
    assert b"esa_auth_lines" in text


def test_a_hostile_appliance_is_a_label_and_no_metric() -> None:
    name = 'a"} 1\nesa_auth_lines_total 9\n#\\'
    given = readings(beat(), appliances=(ApplianceReading(name, 1, 0, 0, 5),))
    text = exposition(given).text("")[0].decode()
    assert values(text)["esa_auth_lines_total"] == 10
    labels = [
        sample.labels
        for family in read_plain(text)
        for sample in family.samples
        if sample.name == "esa_auth_open_sessions"
    ]
    assert labels == [{"appliance": name}]


def test_appliances_without_end_are_counted_and_not_listed() -> None:
    many = tuple(ApplianceReading(f"h{n}", 1, 1, 0, 5) for n in range(5_000))
    text = exposition(readings(beat(), appliances=many)).text("")[0].decode()
    assert values(text)["esa_auth_appliances"] == 5_000
    assert values(text)["esa_auth_evictions_total"] == 5_000
    assert text.count("esa_auth_open_sessions{") == MOST_APPLIANCES


def test_scrapes_leave_no_reference_cycles() -> None:
    """The commands run without the collector of cycles."""
    shown = exposition(readings(beat()))
    server = MetricsServer("127.0.0.1:0", shown.text, list)
    try:
        fetch(server.port)
        gc.collect()
        gc.disable()
        before = len(gc.get_objects())
        for _ in range(100):
            fetch(server.port)
        assert len(gc.get_objects()) - before < 100
    finally:
        gc.enable()
        server.close()


def fetch(port: int) -> None:
    """Scrape with nothing that leaves cycles of its own."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        while client.recv(1 << 16):
            pass


def test_other_paths_and_methods_are_refused() -> None:
    server = MetricsServer("127.0.0.1:0", exposition(readings(beat())).text, list)
    try:
        assert get(server.port, "/")[0] == 404
        assert get(server.port, "/metrics?x=1")[0] == 200
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(b"POST /metrics HTTP/1.0\r\n\r\n")
            assert b" 501 " in client.makefile("rb").readline()
    finally:
        server.close()


# ---- health -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "stalled_after", "said"),
    [
        (readings(beat()), 900, []),
        (readings(beat(silent=899)), 900, []),
        (readings(beat(silent=900)), 900, ["input stalled: no line for 900 s"]),
        (readings(beat(silent=10**6)), None, []),
        (readings(beat(3, BLOCKED_AFTER - 1)), 900, []),
        (
            readings(beat(3, BLOCKED_AFTER, silent=5000)),
            900,
            ["output blocked: 3 events not taken for 30 s"],
        ),
        (
            readings(beat(0, 40.0)),
            900,
            ["output blocked: what was refused not taken for 40 s"],
        ),
        (
            readings(beat(), FORWARD._replace(trouble="refused")),
            900,
            ["sink down: refused"],
        ),
        (
            readings(beat(silent=BEHIND_AFTER), unread=7),
            None,
            ["input stalled: 7 bytes to read, no line for 60 s"],
        ),
        (readings(beat(silent=5.0), unread=7), None, []),
    ],
)
def test_health_says_what_is_wrong_and_nothing_else(
    given: Readings, stalled_after: float | None, said: list[str]
) -> None:
    assert complaints(given, stalled_after) == said


def test_a_pulse_tells_one_moment() -> None:
    now = [0.0]
    pulse, counters = Pulse(lambda: now[0]), Counters()
    now[0] = 5.0
    assert pulse.beat() == Beat(Counters(), 0, None, 5.0)
    counters.lines, counters.results = 10, 4
    pulse.begins(4)
    now[0] = 7.0
    assert pulse.beat() == Beat(Counters(), 4, 2.0, 7.0)
    pulse.ends(counters)
    counters.lines = 99
    now[0] = 8.0
    assert pulse.beat() == Beat(Counters(lines=10, results=4), 0, None, 1.0, 10)


# ---- what is shipped for it ---------------------------------------------------------

_OURS = re.compile(r"\b(?:esa_auth|process)_[a-z_]+")


def known_names() -> set[str]:
    """Return the names of all samples that there can be."""
    outputs = [Part("forward_", DeliveryCounters(), ""), Part("otlp_", FORWARD[1], "")]
    outputs.append(Part("output_file_", FileCounters(), ""))
    return {
        sample.name
        for output in outputs
        for family in read_plain(
            exposition(readings(beat(), output)).text("")[0].decode()
        )
        for sample in family.samples
    }


def test_alerts_ask_for_metrics_that_there_are() -> None:
    rules = yaml.safe_load(conf_text("prometheus/esa-auth.rules.yml"))
    found = [rule for group in rules["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in found}) == len(found) > 5
    for rule in found:
        assert set(_OURS.findall(rule["expr"])) <= known_names()
        assert rule["annotations"]["summary"]


def test_the_dashboard_asks_for_metrics_that_there_are() -> None:
    dashboard = json.loads(conf_text("grafana/esa-auth.json"))
    asked = set()
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            names = set(_OURS.findall(target["expr"]))
            assert names, panel["title"]
            asked |= names
    assert asked <= known_names()
    assert {"esa_auth_lines_by_kind_total", "esa_auth_lag_seconds"} <= asked


@pytest.mark.parametrize("asked", [b"", b"GET /metr", b"GET /metrics HTTP/1.1\r\n\r\n"])
def test_a_client_that_hangs_up_writes_nothing(
    asked: bytes, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    answered = threading.Event()

    def slowly(accept: str) -> tuple[bytes, str]:
        answered.wait(PATIENCE)
        # More than fits into the buffers of a socket whose other end is gone.
        return b"x" * (64 << 20), "text/plain"

    server = MetricsServer("127.0.0.1:0", slowly, list)
    for _ in range(3):
        client = socket.create_connection(("127.0.0.1", server.port))
        # Closed with a reset.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.sendall(asked)
        client.close()
    answered.set()
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            # `enumerate` lists a thread before it has been started.
            while thread.ident is None:
                time.sleep(0.001)
            thread.join(PATIENCE)
    server.close()
    assert capfd.readouterr().err == ""
    assert caplog.messages == []
