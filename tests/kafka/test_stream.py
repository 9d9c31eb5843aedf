"""The command: what it reads and writes, how it ends, what it says when it cannot."""

from pathlib import Path

import orjson
import pytest

from tests.kafka.cluster import Cluster
from tests.kafka.fleet import Names, committed
from tests.kafka.lines import Line, fleet
from tests.kafka.topics import (
    LOG_APPEND_TIME,
    Feeder,
    Message,
    Reader,
    create,
    require_kafka,
)
from tests.kafka.workers import Worker, wait_until
from tests.process import esa_auth

PARTITIONS = 2
# Nobody listens on the discard port here.
NOWHERE = "127.0.0.1:9"


def test_stop_commits_and_the_next_goes_on(cluster: Cluster, tmp_path: Path) -> None:
    """SIGTERM in the middle, another worker afterwards; no line is read twice."""
    names = Names("stop")
    config = names.config(tmp_path, cluster, PARTITIONS)
    create(cluster.address, names.raw, PARTITIONS)
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
        wait_until(lambda: _events(cluster) > 0)
        assert one.stop() == 0
        feeder.feed(lines[half:])
        feeder.finish()
        two.start()
        wait_until(lambda: two.works)
        found = committed(cluster, names, tmp_path / "found")
        assert two.stop() == 0
        accounts = [one.account(), two.account()]
    assert sum(account.lines for account in accounts) == len(lines)
    events = len(found.events.digests)
    assert sum(account.events for account in accounts) == events
    assert sum(account.dead_letters for account in accounts) == found.dead.total()
    assert found.events.duplicates == 0
    rekeyed = sum(line.key is None for line in lines)
    said = (one.told() + two.told()).splitlines()
    counts = [int(x.split()[1]) for x in said if "re-keyed" in x]
    assert sum(counts) == rekeyed > 0


def _events(cluster: Cluster) -> int:
    reader = Reader(cluster.address, "stop-events")
    try:
        return sum(1 for _ in reader.messages(quiet=0.6))
    finally:
        reader.close()


def test_topics_that_are_missing_are_made_with_the_time_of_writing(
    cluster: Cluster, tmp_path: Path
) -> None:
    """Lines of 2009, whose events a retention by log time would delete at once."""
    names = Names("made")
    config = names.config(tmp_path, cluster, PARTITIONS)
    auth = (
        b"SMTP Auth: (ICID 451) failed for user: ann using AUTH mechanism: PLAIN"
        b" with profile: IncomingAuthentication"
    )
    stamp = b"Wed Apr 22 11:47:47 2009 Info: "
    with Worker(tmp_path / "worker", config) as worker:
        worker.start()
        wait_until(lambda: worker.works)
        feeder = Feeder(cluster.address, names.raw, PARTITIONS)
        unread = b"SMTP Auth: (ICID 5) pondered over user: ann"
        record = orjson.dumps({"message": (stamp + auth).decode(), "host": "gw9"})
        feeder.feed([Line("esa01", "esa01", stamp + auth)])
        feeder.feed([Line("esa01", "esa01", stamp + unread)])
        feeder.feed([Line("gw9", None, record)])
        feeder.finish()
        found: list[Message] = []

        def enough(message: Message) -> bool:
            found.append(message)
            return len(found) == 3

        reader = Reader(cluster.address, "made-events", "made-dead")
        reader.wait(enough)
        reader.close()
        assert worker.stop() == 0
    assert {message.kind_of_time for message in found} == {LOG_APPEND_TIME}
    letters = [m for m in found if m.topic == "made-dead"]
    events = [(m.key, orjson.loads(m.value)) for m in found if m not in letters]
    (letter,) = letters
    assert letter.key == b"esa01"
    assert orjson.loads(letter.value)["event"]["kind"] == "pipeline_error"
    assert {event["observer"]["name"] for _, event in events} == {"esa01", "gw9"}
    assert all(key == event["event"]["id"].encode() for key, event in events)


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
    ended.assert_refused("confluent_kafka", "esa-auth-normalizer[kafka]")


def test_the_rest_goes_without_the_extra(tmp_path: Path) -> None:
    for name in ("quixstreams", "confluent_kafka"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError\n", "utf-8")
    for words in (["filter"], ["check"], ["--help"]):
        assert esa_auth(*words, PYTHONPATH=str(tmp_path)).code == 0


def test_secrets_are_not_shown() -> None:
    from esa_auth.stream.settings import Security

    shown = repr(Security(password="hidden", key_password="hidden"))
    assert "hidden" not in shown
