"""Fluentd with the shipped files at paths of the test, where `fluentd` is there."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from tests.shippers.hosts import Process, process, render, until
from tests.support.checkout import ROOT
from tests.support.ports import free_port
from tests.support.process import command

FLUENTD = shutil.which("fluentd")
Events = dict[str, dict[str, Any]]


class Bench:
    """A folder with the shipped files at paths of the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "mail_logs"
        self.log.touch()
        self.port = free_port()

    def write(self, lines: list[bytes]) -> None:
        """Let the appliance's log grow."""
        with self.log.open("ab") as file:
            file.writelines(line + b"\n" for line in lines)

    def configure(self, name: str, sink: str, url: str = "") -> Path:
        """Render ``name`` with ``sink`` at its end."""
        self._render(f"{sink}.conf", self._sink_places(sink, url))
        here = str(self.folder)
        places = {
            "@include to_elasticsearch.conf": f"@include {sink}.conf",
            "/var/log/esa/mail_logs": str(self.log),
            "/var/log/esa/ ": f"{self.log} ",
            "/var/lib/fluentd": f"{here}/fluentd",
            "/var/lib/esa-auth": f"{here}/state",
            "/var/log/esa-auth": f"{here}/log",
            "port 5514": f"port {self.port}",
            "port 24224": f"port {self.port}",
            "/etc/fluentd": here,
        }
        text = (ROOT / "conf" / "fluentd" / name).read_text()
        places = {old: new for old, new in places.items() if old in text}
        for made in ("log", "state", "fluentd"):
            (self.folder / made).mkdir(exist_ok=True)
        return self._render(name, places)

    def _sink_places(self, sink: str, url: str) -> Mapping[str, str]:
        places = {"/var/lib/fluentd": f"{self.folder}/fluentd"}
        if sink == "to_file":
            return places
        kind = sink.removeprefix("to_")
        secret = "splunk.token" if kind == "splunk" else f"{kind}.password"
        (self.folder / secret).write_text("secret\n")
        port = 8088 if kind == "splunk" else 9200
        return places | {
            f"https://localhost:{port}": url,
            "/etc/fluentd": str(self.folder),
        }

    def _render(self, name: str, places: Mapping[str, str]) -> Path:
        return render(f"fluentd/{name}", self.folder, places)

    def arrived(self) -> list[dict[str, Any]]:
        """Return what `to_file.conf` has written so far."""
        found: list[dict[str, Any]] = []
        for file in sorted((self.folder / "fluentd").glob("events*.log")):
            lines = file.read_bytes().split(b"\n")[:-1]
            found += [orjson.loads(line) for line in lines]
        return found

    def more_than(self, count: int) -> Callable[[], bool]:
        """Return what says whether more events than ``count`` have arrived."""
        return lambda: len(self.arrived()) > count

    def by_id(self) -> Events:
        """Return them by id; equal ids must be equal events."""
        found: Events = {}
        for event in self.arrived():
            known = found.setdefault(event["event"]["id"], event)
            assert known == event
        return found


# All inputs listen by then; TCP does before UDP.
RUNNING = "fluentd worker is now running"


@contextmanager
def fluentd(configuration: Path) -> Iterator[Process]:
    """Run Fluentd with its supervisor."""
    words = [str(FLUENTD), "-c", str(configuration)]
    log = configuration.parent / "fluentd.log"
    before = log.read_text().count(RUNNING) if log.exists() else 0
    with process(words, log) as host:
        until(lambda: log.read_text().count(RUNNING) > before, log.read_text)
        yield host


@contextmanager
def sender(bench: Bench, *words: str) -> Iterator[Process]:
    """Run `esa-auth tail` beside Fluentd."""
    options = ["--timezone", "UTC", *words]
    options += ["--state-dir", str(bench.folder / "state" / "tail")]
    options += ["--forward", f"127.0.0.1:{bench.port}"]
    line = [*command(), "tail", str(bench.log), *options]
    with process(line, bench.folder / "tail.log") as child:
        yield child
