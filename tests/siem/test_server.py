"""Workers of one test run have one node."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread

from tests.siem.server import Server, shared
from tests.support.process import PATIENCE


def test_a_node_is_started_once_and_ends_after_its_last_user(tmp_path: Path) -> None:
    told = []

    @contextmanager
    def start(_: Path) -> Iterator[Server]:
        told.append("start")
        yield Server(9200)
        told.append("end")

    first, second = ExitStack(), ExitStack()
    for worker in (first, second):
        assert worker.enter_context(shared(tmp_path / "node", start)) == 9200
    leaving = Thread(target=first.close)
    leaving.start()
    leaving.join(0.1)
    assert leaving.is_alive()
    assert told == ["start"]
    second.close()
    leaving.join(PATIENCE)
    assert told == ["start", "end"]
