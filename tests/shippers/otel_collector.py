"""The real OpenTelemetry Collector with a configuration of conf/otel, and its backend.

Built by `make engines` from tests/shippers/otel.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import orjson

from tests.shippers.hosts import Process, listens, process, render, until
from tests.support.checkout import ROOT
from tests.support.engines import require
from tests.support.otlp_receiver import Exchange, Receiver
from tests.support.otlp_records import event_of, plain
from tests.support.ports import free_port

Json = dict[str, Any]

_FOLDER = Path(os.environ.get("ESA_AUTH_OTEL", ROOT / ".cache" / "otel"))
PROGRAM = _FOLDER / "otelcol"
# What conf/otel/filelog.yaml asks for; the other receivers do not know it.
GATE = "--feature-gates=stanza.synchronousLogEmitter"
_ACCEPTED = re.compile(
    r"^otelcol_receiver_accepted_log_records\S* (\S+)$", re.MULTILINE
)


def present() -> None:
    """Go on if there is a collector, or end the test as not run."""
    require("OpenTelemetry Collector", PROGRAM.exists(), "not built (make engines, Go)")


class Bench:
    """A folder with the shipped configuration ``name``, and what the backend got."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.port, self._metrics = free_port(), free_port()
        self.events_file = folder / "events.ndjson"
        self.records: list[Json] = []
        self.events: list[Json] = []
        self._ids: set[str] = set()
        self.backend = Receiver(usual=self._keep)
        # To have a port; it is down until the test starts it.
        self.backend.start()
        self.backend.stop()
        places = {
            "https://backend.example.com:4318": self.backend.url,
            "/var/lib/otelcol/esa-auth": f"{folder}/queue",
            "port: 8888": f"port: {self._metrics}",
        }
        places |= {
            "otlp": {"127.0.0.1:4318": f"127.0.0.1:{self.port}"},
            "forward": {"127.0.0.1:24224": f"127.0.0.1:{self.port}"},
            "filelog": {"/var/log/esa-auth/": f"{folder}/"},
        }[name]
        self.configuration = render(f"otel/{name}.yaml", folder, places)

    def _keep(self, exchange: Exchange) -> None:
        read = event_of if self.name == "otlp" else nested_event_of
        events = [read(record) for record in exchange.records]
        with self.backend.lock:
            self.records += exchange.records
            self.events += events
            self._ids |= {event["event"]["id"] for event in events}
        exchange.answer(200)

    @contextmanager
    def running(self) -> Iterator[Process]:
        """Run the collector."""
        words = [str(PROGRAM), "--config", str(self.configuration)]
        with process([*words, GATE], self.folder / "otelcol.log") as host:
            port = self._metrics if self.name == "filelog" else self.port
            until(lambda: listens(port), self.told)
            yield host

    def told(self) -> str:
        """Return the end of what the collector has said."""
        return (self.folder / "otelcol.log").read_text()[-2000:]

    def accepted(self) -> int:
        """Return how many records the collector has taken since it was started."""
        with (
            suppress(OSError),
            urlopen(f"http://127.0.0.1:{self._metrics}/metrics") as a,
        ):
            found = _ACCEPTED.findall(a.read().decode())
            return sum(int(float(value)) for value in found)
        return 0

    def destination(self) -> list[str]:
        """Return the options that send events to it."""
        return {
            "otlp": ["--otlp", f"http://127.0.0.1:{self.port}"],
            "forward": ["--forward", f"127.0.0.1:{self.port}"],
            "filelog": ["--output-file", str(self.events_file)],
        }[self.name]

    def as_kept(self, event: Json) -> Json:
        """Return what is left of an event: forward has no room for ``log``."""
        lost = {"log"} if self.name == "forward" else set()
        return {key: value for key, value in event.items() if key not in lost}

    def has_all(self, count: int) -> None:
        """Wait for ``count`` events, as long as some arrive."""
        had = 0
        while had < count:
            until(partial(self._has_more_than, had), self.told)
            had = len(self._ids)

    def _has_more_than(self, had: int) -> bool:
        return len(self._ids) > had


def nested_event_of(record: Json) -> Json:
    """Return the ECS event of a record whose attributes are the objects of ECS."""
    found = {a["key"]: plain(a.get("value", {})) for a in record["attributes"]}
    found.pop("fluent.tag", None)
    shape = {"attributes": [], "eventName": "", "timeUnixNano": record["timeUnixNano"]}
    found["@timestamp"] = event_of(shape)["@timestamp"]
    body = plain(record.get("body", {}))
    if isinstance(body, str):
        found["message"] = body
    return found


def lines_of(events: list[Json]) -> bytes:
    """Return what `--output-file` writes."""
    return b"".join(orjson.dumps(event) + b"\n" for event in events)
