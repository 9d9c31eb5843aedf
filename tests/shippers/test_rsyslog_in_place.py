"""Real rsyslog with `in_place.conf`: TCP in, and its output to a real OpenSearch."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.shippers.appliance import push_tcp, traffic
from tests.shippers.endpoints import Endpoint
from tests.shippers.hosts import (
    RSYSLOG,
    Process,
    children,
    kill_children,
    listens,
    render,
    rsyslog,
    until,
)
from tests.siem.engine import OpenSearch, node, set_up
from tests.support.checkout import ROOT, needs_checkout
from tests.support.engines import require
from tests.support.ports import free_port
from tests.support.process import esa_auth

pytestmark = needs_checkout

LINES = 1_500
NAMED = traffic("esa01", LINES, 1)
# As AsyncOS pushes them: no host name.
UNNAMED = [line.replace(b" esa02 ", b" ") for line in traffic("esa02", LINES, 2)]
STREAM = "logs-cisco_esa.auth-default"
# As /proc/net/tcp has it.
LISTENING = "0A"
_MODULES = ROOT / ".cache" / "rsyslog-elasticsearch"


@pytest.fixture(scope="module")
def opensearch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSearch]:
    """A node with the shipped templates."""
    require("rsyslog", RSYSLOG, "no rsyslogd (Debian package rsyslog)")
    require("rsyslog-elasticsearch", module(), "not fetched (make engines)")
    with node(tmp_path_factory.mktemp("opensearch")) as started:
        set_up(started)
        yield started


def module() -> Path | None:
    """Return rsyslog's output for an index, unpacked aside."""
    return next(_MODULES.rglob("omelasticsearch.so"), None)


class Bench:
    """A folder with the configuration, and a port."""

    def __init__(self, folder: Path, index_port: int) -> None:
        self.folder, self.port = folder, free_port()
        places = {
            'workDirectory="/var/spool/rsyslog"': f'workDirectory="{folder}"',
            'type="imtcp" port="514"': f'type="imtcp" port="{self.port}"',
            'load="omelasticsearch"': f'load="{module()}"',
            'serverport="9200"': f'serverport="{index_port}"',
            "/etc/esa-auth/in_place.yaml": str(ROOT / "conf/rsyslog/in_place.yaml"),
            "/var/lib/esa-auth/rsyslog": str(folder / "state"),
            "/var/log/esa-auth/dead.ndjson": str(folder / "dead.ndjson"),
            "/var/log/esa-auth/esa-auth.log": str(folder / "esa-auth.log"),
        }
        self.configuration = render("rsyslog/in_place.conf", folder, places)

    @contextmanager
    def running(self) -> Iterator[Process]:
        """Run rsyslog."""
        with rsyslog(self.configuration) as host:
            until(lambda: listens(self.port), "rsyslog does not listen")
            yield host

    def push(self) -> list[threading.Thread]:
        """Let two appliances send at once."""
        senders = [
            threading.Thread(target=push_tcp, args=(self.port, lines))
            for lines in (NAMED, UNNAMED)
        ]
        for sender in senders:
            sender.start()
        return senders


@pytest.fixture(scope="module")
def expected() -> dict[str, object]:
    """The events of the direct run, by `event.id`."""
    lines = NAMED + UNNAMED
    stdin = b"".join(b"127.0.0.1 " + line + b"\n" for line in lines)
    ended = esa_auth("filter", "--timezone", "UTC", "--input", "sender", stdin=stdin)
    ended.assert_complete()
    return {event["event"]["id"]: event for event in ended.events}


def documents(index: OpenSearch) -> dict[str, object]:
    """Return what is in the index, by `_id`."""
    index.ask("POST", f"/{STREAM}/_refresh")
    body = {"size": 10_000, "query": {"match_all": {}}}
    hits = index.ask("POST", f"/{STREAM}/_search", body).good()["hits"]["hits"]
    for hit in hits:
        # The index adds when the event reached it.
        del hit["_source"]["event"]["ingested"]
    return {hit["_id"]: hit["_source"] for hit in hits}


def held(index: OpenSearch) -> int:
    """Return how many documents are in the index; not asked all the time."""
    time.sleep(0.5)
    index.ask("POST", f"/{STREAM}/_refresh")
    found: int = index.ask("GET", f"/{STREAM}/_count").good()["count"]
    return found


def emptied(index: OpenSearch) -> None:
    index.ask("DELETE", f"/_data_stream/{STREAM}")
    index.ask("PUT", f"/_data_stream/{STREAM}").good()


def test_the_documents_are_the_events(
    tmp_path: Path, opensearch: OpenSearch, expected: dict[str, object]
) -> None:
    emptied(opensearch)
    bench = Bench(tmp_path, opensearch.port)
    with bench.running():
        for sender in bench.push():
            sender.join()
        until(lambda: held(opensearch) >= len(expected), "documents are lost")
    assert documents(opensearch) == expected
    assert {"esa01", "127.0.0.1"} == {
        event["observer"]["name"]  # type: ignore[index]  # as the schema has it
        for event in expected.values()
    }
    assert (tmp_path / "dead.ndjson").read_bytes() == b""
    # The closing line comes at the end of stdin: the stop reached us.
    account = (tmp_path / "esa-auth.log").read_text()
    assert f": {len(NAMED + UNNAMED)} lines = " in account


def test_a_killed_child_is_started_again_and_the_sessions_go_on(
    tmp_path: Path, opensearch: OpenSearch, expected: dict[str, object]
) -> None:
    """What rsyslog has in the pipe of a dead child has no events: a page of it."""
    emptied(opensearch)
    bench = Bench(tmp_path, opensearch.port)
    with bench.running() as host:
        senders = bench.push()
        until(lambda: held(opensearch) > 50, "no documents")
        assert kill_children(host.pid)
        before = held(opensearch)
        for sender in senders:
            sender.join()
        until(lambda: held(opensearch) > before, "it is not started again")
        until(lambda: len(children(host.pid)) == 1, "it is not started again")
        most = len(expected)
        until(lambda: held(opensearch) > most - most // 10, "it stopped")
    found = documents(opensearch)
    assert found.keys() <= expected.keys()
    changed = [i for i in found if found[i] != expected[i]]
    assert len(changed) < most // 10


def all_read(port: int) -> bool:
    """Return whether rsyslog has read all that was sent, and closed."""
    table = [
        line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
    ]
    mine = [row[3] for row in table if row[1].endswith(f":{port:04X}")]
    return set(mine) <= {LISTENING}


def test_a_stop_with_lines_in_the_queue_loses_the_line_in_hand_at_most(
    tmp_path: Path,
) -> None:
    """What the queue has on disk goes through one process, as what is new does."""
    require("rsyslog", RSYSLOG, "no rsyslogd (Debian package rsyslog)")
    require("rsyslog-elasticsearch", module(), "not fetched (make engines)")
    # More than are answered until all are read.
    first, second = traffic("esa03", 3_000, 3), traffic("esa04", 3_000, 4)
    stdin = b"".join(line + b"\n" for line in first + second)
    count = len(esa_auth("filter", "--timezone", "UTC", stdin=stdin).events)
    with Endpoint() as index:
        bench = Bench(tmp_path, index.port)
        with bench.running():
            push_tcp(bench.port, first)
            until(lambda: all_read(bench.port), "rsyslog does not read")
        assert len(index.documents) < count // 2, "nothing was queued"
        with bench.running():
            push_tcp(bench.port, second)
            until(lambda: len(index.documents) >= count - 5, "events are lost")
    assert "is held by" not in (tmp_path / "esa-auth.log").read_text()
