"""The real OpenTelemetry Collector with what conf/otel ships."""

import signal
import subprocess
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest

from esa_auth.outputs.forward import ForwardOutput, ForwardSettings, packer
from esa_auth.outputs.otlp import OtlpOutput
from esa_auth.outputs.otlp import packer as otlp_packer
from esa_auth.outputs.otlp.settings import OtlpSettings
from tests.shippers.appliance import traffic
from tests.shippers.hosts import Process, until
from tests.shippers.otel_collector import GATE, PROGRAM, Bench, lines_of, present
from tests.support.checkout import ROOT, needs_checkout
from tests.support.mutations import EVENTS
from tests.support.process import Running, esa_auth

pytestmark = needs_checkout

Json = dict[str, Any]

NAMES = ["otlp", "forward", "filelog"]
# 60,000 lines make more than 12,000 events.
MANY, FEW = 60_000, 12_000
STARTS = 5


@pytest.fixture(autouse=True)
def _present() -> None:
    present()


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_file_is_one(name: str) -> None:
    file = ROOT / "conf" / "otel" / f"{name}.yaml"
    words = [str(PROGRAM), "validate", "--config", str(file), GATE]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout + ended.stderr) == (0, "")


@pytest.mark.parametrize("name", NAMES)
def test_every_golden_event_arrives(tmp_path: Path, name: str) -> None:
    """With the text as the body, and the event's own time."""
    bench = Bench(tmp_path, name)
    with bench.backend, bench.running():
        hand_over(bench)
        until(lambda: len(bench.records) >= len(EVENTS), bench.told)
    # In any order: its queue has ten readers. Golden folders share ids.
    assert in_order(bench.events) == in_order(map(bench.as_kept, EVENTS))
    for record in bench.records:
        assert ("severityNumber" in record) == (name != "forward" and leveled(record))
    if name == "otlp":
        assert all(record["eventName"] for record in bench.records)


def in_order(events: Iterable[Json]) -> list[Json]:
    return sorted(events, key=lambda e: orjson.dumps(e, option=orjson.OPT_SORT_KEYS))


def leveled(record: Json) -> bool:
    return bool(record.get("severityText"))


def hand_over(bench: Bench) -> None:
    """Send the golden events as `--otlp`, `--forward` and `--output-file` do."""
    if bench.name == "otlp":
        settings = OtlpSettings(host="127.0.0.1", port=bench.port)
        otlp = OtlpOutput(settings, refused)
        pack = otlp_packer(otlp.encoding.record)
        otlp.send([pack(event) for event in EVENTS])
        otlp.close()
    elif bench.name == "forward":
        forward = ForwardOutput(ForwardSettings("127.0.0.1", bench.port), refused)
        packed = packer(dict)
        forward.send([packed(event) for event in EVENTS])
        forward.close()
    else:
        # A line that a crash has cut is no event, and stops nothing.
        text = lines_of(EVENTS)
        bench.events_file.write_bytes(text[:300] + b"\n" + text)


def refused(item: object, reason: str) -> None:
    raise AssertionError(reason)


CASES = [
    ("otlp", "host", MANY),
    ("otlp", "stop", FEW),
    ("otlp", "us", FEW),
    ("forward", "host", FEW),
    ("forward", "stop", FEW),
    ("filelog", "host", FEW),
    ("filelog", "stop", FEW),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kill", "count"), CASES)
def test_nothing_is_lost_when_one_is_killed(
    name: str, kill: str, count: int, tmp_path: Path
) -> None:
    """Four times, while the log grows and, but for the last start, no backend."""
    lines = [line + b"\n" for line in traffic("esa01", count, 1)]
    expected = {
        event["event"]["id"]: event
        for event in esa_auth(
            "filter", "--timezone", "UTC", stdin=b"".join(lines)
        ).events
    }
    assert len(expected) > count // 6
    bench = Bench(tmp_path, name)
    run = Run(bench, tmp_path)
    size = len(lines) // STARTS + 1
    shares = [b"".join(lines[at : at + size]) for at in range(0, len(lines), size)]
    assert len(shares) == STARTS
    with run:
        if kill == "us":
            run.backend_up()
        for share in shares[:-1]:
            run.grow(share)
            run.end(kill)
        run.backend_up()
        run.grow(shares[-1])
        bench.has_all(len(expected))
    for event in bench.events:
        assert event == bench.as_kept(expected[event["event"]["id"]])
    repeated = len(bench.events) - len(expected)
    print(
        f"{name} {kill}: {len(expected)} events, lost 0, wrong 0, repeated {repeated}"
    )
    assert (tmp_path / "dead.ndjson").read_bytes() == b""


class Run:
    """`tail` on a log that grows, and a collector; each is started when it is not."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        self._bench, self._log = bench, folder / "mail_logs"
        self._log.touch()
        words = ["--timezone", "UTC", "--state-dir", str(folder / "state")]
        words += ["--dead-letter", str(folder / "dead.ndjson")]
        self._words = ["tail", str(self._log), *words, *bench.destination()]
        self._stack = ExitStack()
        self._host: Process | None = None
        self._sender: Running | None = None
        self._up = False

    def __enter__(self) -> None:
        """Start nothing yet."""

    def __exit__(self, *raised: object) -> None:
        self._stack.close()

    def backend_up(self) -> None:
        """Let the backend answer, from now to the end."""
        if not self._up:
            self._stack.enter_context(self._bench.backend)
        self._up = True

    def grow(self, share: bytes) -> None:
        """Let the log grow, and wait for the collector to have some of it."""
        if self._host is None:
            self._host = self._stack.enter_context(self._bench.running())
        if self._sender is None:
            self._sender = self._stack.enter_context(Running(*self._words))
        before = self._bench.accepted()
        with self._log.open("ab") as file:
            file.write(share)
        until(lambda: self._bench.accepted() > before, self._bench.told)

    def end(self, kill: str) -> None:
        """Kill one of them, or stop the collector."""
        assert self._host is not None
        assert self._sender is not None
        if kill == "us":
            self._sender.signal(signal.SIGKILL)
            self._sender = None
            return
        self._host.send_signal(signal.SIGKILL if kill == "host" else signal.SIGTERM)
        self._host.wait()
        self._host = None
