"""The tools of these tests look at a group of workers and leave it as it is."""

from uuid import uuid4

from tests.kafka.cluster import Cluster
from tests.kafka.lines import Line
from tests.kafka.topics import Feeder, behind, committed_by, create


def test_who_asks_how_far_a_group_is_moves_it_nowhere(cluster: Cluster) -> None:
    """A group without a member takes commits of anybody who bears its name."""
    topic = group = f"asked-{uuid4().hex}"
    create(cluster.address, [topic], 1)
    feeder = Feeder(cluster.address, topic, 1)
    feeder.feed([Line("esa01", None, b"line")] * 3)
    feeder.finish()
    assert committed_by(cluster.address, group, [topic]) == {}
    assert behind(cluster.address, group, [topic])
    assert behind(cluster.address, group, [topic])
    assert committed_by(cluster.address, group, [topic]) == {}
