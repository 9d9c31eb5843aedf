"""A search engine started for the tests, and what any such engine is asked."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_SH, flock
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.support.engines import absent
from tests.support.process import PATIENCE

Json = dict[str, Any]

# A hang is to end a test; a busy machine is not.
LONG = 5 * PATIENCE


@dataclass(frozen=True, slots=True)
class Answer:
    """What it said."""

    status: int
    body: Json

    def good(self) -> Json:
        """Return the body of an answer that is no refusal."""
        assert self.status < 300, json.dumps(self.body)[:2000]
        return self.body


@dataclass(frozen=True, slots=True)
class Server:
    """A node that listens."""

    port: int

    def ask(self, method: str, path: str, body: object = None) -> Answer:
        """Send one request."""
        text = body if isinstance(body, str) else json.dumps(body)
        connection = HTTPConnection("127.0.0.1", self.port, timeout=LONG)
        try:
            connection.request(
                method,
                path,
                None if body is None else text.encode(),
                {"Content-Type": "application/json"},
            )
            response = connection.getresponse()
            read = response.read()
        finally:
            connection.close()
        return Answer(response.status, json.loads(read) if read else {})

    def create(self, stream: str, events: Iterable[Json]) -> list[Json]:
        """Index events under their ids, never twice; return what became of each."""
        lines = []
        for event in events:
            lines.append(json.dumps({"create": {"_id": event["event"]["id"]}}))
            lines.append(json.dumps(event))
        text = "".join(f"{line}\n" for line in lines)
        answer = self.ask("POST", f"/{stream}/_bulk?refresh=true", text).good()
        return [item["create"] for item in answer["items"]]

    def count(self, stream: str, query: Json | None = None) -> int:
        """Return how many documents there are, or match."""
        body = {"query": query or {"match_all": {}}}
        return int(self.ask("POST", f"/{stream}/_count", body).good()["count"])

    def counts(self, stream: str, queries: Iterable[Json]) -> list[int]:
        """Return how many documents match each query, asked for at once."""
        head = json.dumps({"index": stream})
        body = [{"size": 0, "track_total_hits": True, "query": q} for q in queries]
        text = "".join(f"{head}\n{json.dumps(one)}\n" for one in body)
        answers = self.ask("POST", "/_msearch", text).good()["responses"]
        assert not [a["error"] for a in answers if "error" in a]
        return [int(answer["hits"]["total"]["value"]) for answer in answers]

    def hits(self, stream: str, lucene: str) -> list[Json]:
        """Return the documents that a query string finds."""
        body = {"size": 1000, "query": {"query_string": {"query": lucene}}}
        hits = self.ask("POST", f"/{stream}/_search", body).good()["hits"]["hits"]
        return [hit["_source"] for hit in hits]

    def lines(self, stream: str, lucene: str) -> set[tuple[str, ...]]:
        """Return the raw lines that a query string finds."""
        found = self.hits(stream, lucene)
        return {(document["event"]["original"],) for document in found}


def java(engine: str) -> str:
    """Return a Java that compiles, or end the test as not run."""
    found = shutil.which("java")
    if found is None or shutil.which("javac") is None:
        absent(engine, "no JDK (17 or newer) to run it with")
    return found


@contextmanager
def running(command: list[str], scratch: Path) -> Iterator[int]:
    """Start a node in ``scratch``, which says its port on stdout; return the port."""
    log = scratch / "stderr.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=scratch,
        )
    try:
        yield _port(process, log)
    finally:
        # It ends when its stdin does, even if the tests are killed.
        process.communicate(timeout=LONG)


@contextmanager
def shared(
    folder: Path, start: Callable[[Path], AbstractContextManager[Server]]
) -> Iterator[int]:
    """Return the port of a node that the workers of one test run have in common.

    The first who asks starts it in ``folder``, and ends it when nobody uses it.
    """
    folder.mkdir(exist_ok=True)
    port = folder / "port"
    with ExitStack() as stack, (folder / "users").open("w") as users:
        with (folder / "start").open("w") as one_at_a_time:
            flock(one_at_a_time, LOCK_EX)
            flock(users, LOCK_SH)
            ours = not port.exists()
            if ours:
                node = stack.enter_context(start(folder))
                port.write_text(str(node.port))
        yield int(port.read_text())
        if ours:
            flock(users, LOCK_EX)


def _port(process: "subprocess.Popen[bytes]", log: Path) -> int:
    assert process.stdout is not None
    said = b""
    for line in process.stdout:
        said += line
        if found := re.search(rb"listening on (\d+)", line):
            return int(found[1])
    raise AssertionError(said.decode()[-2000:] + log.read_text("utf-8")[-2000:])
