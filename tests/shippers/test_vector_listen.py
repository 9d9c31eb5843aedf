"""Real Vector with listen.yaml: lines pushed to it, `esa-auth listen`, and back."""

from pathlib import Path
from typing import Any

import pytest

from tests.shippers.appliance import push_tcp, traffic
from tests.shippers.endpoints import Endpoint, basic
from tests.shippers.hosts import listens, until
from tests.shippers.vector import WORD, Bench, why_not
from tests.support.checkout import needs_checkout
from tests.support.engines import optional
from tests.support.process import esa_auth

pytestmark = needs_checkout

# Without a name, as AsyncOS pushes them: the sender's address is all there is.
LINES = [line.replace(b" esa01 ", b" ") for line in traffic("esa01", 1_500, 1)]
Events = dict[str, dict[str, Any]]


@pytest.fixture(autouse=True)
def present() -> None:
    reason = why_not()
    optional("Vector", reason is None, str(reason))


def direct(lines: list[bytes]) -> Events:
    """Return what comes of lines with their sender, by `event.id`."""
    stdin = b"".join(b"127.0.0.1 %b\n" % line for line in lines)
    ended = esa_auth("filter", "--timezone", "UTC", "--input", "sender", stdin=stdin)
    ended.assert_complete()
    return {event["event"]["id"]: event for event in ended.events}


def test_what_is_pushed_reaches_the_index(tmp_path: Path) -> None:
    """Though the index is away when it is pushed, and Vector is stopped then."""
    expected = direct(LINES)
    bench = Bench(tmp_path, "listen.yaml")
    accepted = basic("esa-auth", WORD)
    with Endpoint(tls=bench.server_tls(), accepted=accepted) as engine:
        bench.configure(f"https://127.0.0.1:{engine.port}")
        with bench.listener():
            until(lambda: listens(bench.listen_port), "esa-auth does not listen")
            with bench.vector():
                until(lambda: listens(bench.push_port), "Vector does not listen")
                push_tcp(bench.push_port, LINES)
                until(lambda: len(engine.documents) > 10, "no events")
                handed = len(LINES) - 1
                until(lambda: bench.received("esa_auth_listen") > handed, "no lines")
                engine.failures = 1_000_000
            engine.failures = 0
            with bench.vector():
                until(lambda: len(engine.documents) >= len(expected), "events are lost")
    assert engine.documents == expected
    assert {event["observer"]["name"] for event in engine.documents.values()} == {
        "127.0.0.1"
    }
