"""The months that Vector writes, in a real OpenSearch with the shipped templates."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from textwrap import dedent

import pytest

from tests.shippers.appliance import traffic
from tests.shippers.hosts import until
from tests.shippers.vector import Bench, why_not
from tests.siem.engine import OpenSearch, node, set_up
from tests.support.checkout import IN_CHECKOUT, ROOT, needs_checkout
from tests.support.engines import optional, require
from tests.support.process import PATIENCE, esa_auth

pytestmark = needs_checkout

STREAMS = "logs-cisco_esa.auth-*"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSearch]:
    """Return a node with the templates, that of the months by the page's own step."""
    require("curl", shutil.which("curl"), "not installed")
    assert IN_CHECKOUT
    page = (ROOT / "examples" / "vector" / "README.md").read_text("utf-8")
    blocks = re.findall(r"(?:^    .*\n)+", page, re.MULTILINE)
    (step,) = (dedent(block) for block in blocks if "_index_template" in block)
    with node(tmp_path_factory.mktemp("opensearch")) as started:
        set_up(started)
        step = step.replace("localhost:9200", f"127.0.0.1:{started.port}")
        subprocess.run(["sh", "-ec", step], cwd=ROOT, timeout=PATIENCE, check=True)
        yield started


def test_a_repeat_replaces_itself_and_is_found(index: OpenSearch) -> None:
    lines = ""
    for month in ("2025-01", "2025-02", "2025-02"):
        about = {"_index": f"esa-auth-vector-{month}", "_id": "1"}
        stamp, source = f"{month}-01T00:00:00.000Z", {"ip": "192.0.2.1"}
        document = {"@timestamp": stamp, "source": source}
        lines += f"{json.dumps({'index': about})}\n{json.dumps(document)}\n"
    answer = index.ask("POST", "/_bulk?refresh=true", lines).good()
    assert not answer["errors"]
    query = {"term": {"source.ip": "192.0.2.0/24"}}
    assert index.count(STREAMS, query) == 2


def test_vector_fills_the_months(
    index: OpenSearch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    reason = why_not()
    optional("Vector", reason is None, str(reason))
    bench = Bench(tmp_path_factory.mktemp("vector"), "forward.yaml")
    lines = traffic("esa01", 600, 5)
    ended = esa_auth(
        "filter", "--timezone", "UTC", stdin=b"".join(line + b"\n" for line in lines)
    )
    ended.assert_complete()
    bench.configure(f"http://127.0.0.1:{index.port}")
    query = {"term": {"observer.name": "esa01"}}
    with bench.sender(), bench.vector():
        bench.write(lines)

        def there() -> bool:
            index.ask("POST", f"/{STREAMS}/_refresh")
            return index.count(STREAMS, query) >= len(ended.events)

        until(there, "events are lost")
        body = {"size": 10_000, "query": query}
        hits = index.ask("POST", f"/{STREAMS}/_search", body).good()["hits"]["hits"]
    found = {hit["_id"]: hit["_source"] for hit in hits}
    for document in found.values():
        # The index's own time; the rest is the event to the letter.
        assert document["event"].pop("ingested")
    assert found == {event["event"]["id"]: event for event in ended.events}
