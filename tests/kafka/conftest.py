"""One cluster for the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.kafka.cluster import Cluster
from tests.kafka.topics import require_kafka


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One broker."""
    require_kafka()
    with Cluster(tmp_path_factory.mktemp("kafka")) as running:
        yield running
