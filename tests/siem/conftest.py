"""One OpenSearch and one Elasticsearch for all tests, with the templates in them."""

from collections.abc import Iterator
from importlib.util import find_spec

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
    from tests.siem.server import Server

    @pytest.fixture(scope="session")
    def opensearch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSearch]:
        """Return a node with the shipped templates."""
        with engine.node(tmp_path_factory.mktemp("opensearch")) as started:
            engine.set_up(started)
            yield started

    @pytest.fixture(scope="session")
    def elasticsearch(
        tmp_path_factory: pytest.TempPathFactory,
    ) -> Iterator[Elasticsearch]:
        """Return a node with the shipped templates."""
        with node.node(tmp_path_factory.mktemp("elasticsearch")) as started:
            node.set_up(started)
            yield started

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
        assert [item["status"] for item in became] == [201] * len(golden())
        return STREAM
