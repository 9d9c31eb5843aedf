"""One OpenSearch and one Elasticsearch for all tests, with the templates in them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.checkout import IN_CHECKOUT

# What reads `conf/` has nothing to read where the suite runs against a wheel, and it
# cannot be imported without the extra `siem`; `test_extra.py` says so in either case.
if not IN_CHECKOUT or find_spec("sigma") is None:
    collect_ignore_glob = ["test_[!e]*.py"]
else:
    from tests.siem import engine
    from tests.siem.elastic import node
    from tests.siem.elastic.node import Elasticsearch
    from tests.siem.engine import OpenSearch
    from tests.siem.mapped import STREAM, golden
    from tests.siem.server import Server, shared

    @pytest.fixture(scope="session")
    def of_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
        """Return a folder that the workers of one run have in common."""
        own = tmp_path_factory.getbasetemp()
        return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    @contextmanager
    def ready_opensearch(folder: Path) -> Iterator[OpenSearch]:
        with engine.node(folder) as started:
            engine.set_up(started)
            yield started

    @contextmanager
    def ready_elasticsearch(folder: Path) -> Iterator[Elasticsearch]:
        with node.node(folder) as started:
            node.set_up(started)
            yield started

    @pytest.fixture(scope="session")
    def opensearch(of_run: Path) -> Iterator[OpenSearch]:
        """Return a node with the shipped templates."""
        with shared(of_run / "opensearch", ready_opensearch) as port:
            yield OpenSearch(port)

    @pytest.fixture(scope="session")
    def elasticsearch(of_run: Path) -> Iterator[Elasticsearch]:
        """Return a node with the shipped templates."""
        with shared(of_run / "elasticsearch", ready_elasticsearch) as port:
            yield Elasticsearch(port)

    @pytest.fixture(scope="session", params=["opensearch", "elasticsearch"])
    def server(request: pytest.FixtureRequest) -> Server:
        """Return each of the two in turn."""
        found = request.getfixturevalue(request.param)
        assert isinstance(found, Server)
        return found

    @pytest.fixture(scope="session")
    def stream(server: Server) -> str:
        """Return a data stream that holds the golden events."""
        became = server.create(STREAM, golden())
        # Another worker may have them there.
        assert {item["status"] for item in became} <= {201, 409}
        assert server.count(STREAM) == len(golden())
        return STREAM
