"""The command: what it reads and writes, how it ends, what it says when it cannot."""

from pathlib import Path

import pytest

from tests.kafka.cluster import Cluster
from tests.kafka.fleet import Names, committed, wait_for_workers
from tests.kafka.lines import fleet
from tests.kafka.topics import Feeder, Reader, require_kafka
from tests.kafka.workers import Worker, wait_until
from tests.support.process import esa_auth

PARTITIONS = 2
# Nobody listens on the discard port here.
NOWHERE = "127.0.0.1:9"


def test_stop_commits_and_the_next_goes_on(cluster: Cluster, tmp_path: Path) -> None:
    """SIGTERM in the middle, another worker afterwards; no line is read twice."""
    names = Names("stop")
    config = names.config(tmp_path, cluster, PARTITIONS)
    names.create(cluster, PARTITIONS)
    lines = list(fleet(3_000, 5, 11))
    feeder = Feeder(cluster.address, names.raw, PARTITIONS)
    half = len(lines) // 2
    with (
        Worker(tmp_path / "one", config) as one,
        Worker(tmp_path / "two", config) as two,
    ):
        feeder.feed(lines[:half])
        feeder.finish()
        one.start()
        wait_until(lambda: one.works)
        reader = Reader(cluster.address, "stop-events")
        reader.wait(lambda _: True)
        reader.close()
        assert one.stop() == 0
        feeder.feed(lines[half:])
        feeder.finish()
        two.start()
        wait_until(lambda: two.works)
        wait_for_workers(cluster, names)
        assert two.stop() == 0
        accounts = [one.account(), two.account()]
    found = committed(cluster, names, tmp_path / "found")
    assert sum(account.lines for account in accounts) == len(lines)
    events = len(found.events.digests)
    assert sum(account.events for account in accounts) == events
    assert sum(account.dead_letters for account in accounts) == found.dead.total()
    assert found.events.duplicates == 0
    rekeyed = sum(line.key is None for line in lines)
    said = (one.told() + two.told()).splitlines()
    counts = [int(x.split()[1]) for x in said if "re-keyed" in x]
    assert sum(counts) == rekeyed > 0


def test_a_stop_that_comes_at_once_is_a_stop(cluster: Cluster, tmp_path: Path) -> None:
    """Before the first transaction has begun, which the engine forgets."""
    names = Names("early")
    config = names.config(tmp_path, cluster, 1)
    names.create(cluster, 1)
    with Worker(tmp_path / "worker", config) as worker:
        worker.start()
        wait_until(lambda: worker.works, every=0.002)
        assert worker.stop() == 0


def test_no_broker_is_worth_another_try() -> None:
    require_kafka()
    ended = esa_auth("stream", "--brokers", NOWHERE)
    ended.assert_refused("stream", NOWHERE, code=75)


def test_brokers_must_be_named() -> None:
    esa_auth("stream").assert_refused("stream.brokers")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stream: {broker: x:1}", ["stream", "broker"]),
        ("stream: {brokers: nowhere}", ["stream.brokers"]),
        ("stream: {topics: {row: x}}", ["stream.topics", "row"]),
        ("stream: {security: {password: secret}}", ["stream.security", "password"]),
        ("stream: {security: {protocol: tls}}", ["stream.security.protocol"]),
        (
            "stream: {brokers: 'x:1', security: {password_file: /nowhere}}",
            ["stream.security.password_file", "/nowhere"],
        ),
        (
            "stream: {brokers: 'x:1', security: {ca_file: /nowhere}}",
            ["stream.security.ca_file", "/nowhere"],
        ),
        ("stream: {brokers: 'x:1'}\ninput: {max_line: 70000}", ["input.max_line"]),
    ],
)
def test_a_wrong_configuration_is_refused(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    config = tmp_path / "esa-auth.yaml"
    config.write_text(text, "utf-8")
    esa_auth("stream", "--config", str(config)).assert_refused(*words)


def test_without_the_extra_it_says_so(tmp_path: Path) -> None:
    """The command's own import fails, as it does where the extra is not installed."""
    for name in ("quixstreams", "confluent_kafka"):
        (tmp_path / f"{name}.py").write_text(
            f"raise ModuleNotFoundError('No module', name={name!r})\n", "utf-8"
        )
    ended = esa_auth("stream", "--brokers", NOWHERE, PYTHONPATH=str(tmp_path))
    ended.assert_refused("confluent_kafka", "extra kafka", "[kafka]")


def test_the_rest_goes_without_the_extra(tmp_path: Path) -> None:
    for name in ("quixstreams", "confluent_kafka"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError\n", "utf-8")
    for words in (["filter"], ["check"], ["--help"]):
        assert esa_auth(*words, PYTHONPATH=str(tmp_path)).code == 0


def test_secrets_are_not_shown() -> None:
    from esa_auth.stream.settings import Security

    shown = repr(Security(password="hidden", key_password="hidden"))
    assert "hidden" not in shown
