"""Events as a map of id to digest, and the comparison of two such maps."""

import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson

from tests.soak.lines import LAST_USER
from tests.soak.sizes import HANG


class Events:
    """What has arrived: equal ids merged, repetitions counted."""

    def __init__(self) -> None:
        self.digests: dict[str, bytes] = {}
        self.duplicates = 0
        self.wrong: set[str] = set()
        self._last = threading.Event()

    def add(self, events: Iterable[dict[str, Any]]) -> None:
        """Take events in the order in which they came."""
        for event in events:
            event_id: str = event["event"]["id"]
            canonical = orjson.dumps(event, option=orjson.OPT_SORT_KEYS)
            digest = blake2b(canonical, digest_size=12).digest()
            known = self.digests.setdefault(event_id, digest)
            if known is not digest:
                self.duplicates += 1
                if known != digest:
                    self.wrong.add(event_id)
            if event.get("user", {}).get("name") == LAST_USER:
                self._last.set()

    def add_lines(self, lines: Iterable[bytes]) -> None:
        """Take events as JSON lines."""
        self.add(orjson.loads(line) for line in lines)

    def wait_for_last(self) -> None:
        """Return when the event of the last line has come."""
        assert self._last.wait(HANG), f"hangs after {len(self.digests)} events"

    @property
    def has_last(self) -> bool:
        """Whether the event of the last line has come."""
        return self._last.is_set()


@dataclass(frozen=True)
class Verdict:
    """How a run with faults differs from the clean one."""

    lost: int
    phantom: int
    wrong: int
    duplicates: int

    @property
    def clean(self) -> bool:
        """Whether there is no difference but repetitions."""
        return not (self.lost or self.phantom or self.wrong)


def judge(clean: Events, found: Events) -> Verdict:
    """Compare ``found`` with the clean run."""
    known, seen = clean.digests, found.digests
    wrong = {i for i in known.keys() & seen.keys() if known[i] != seen[i]}
    return Verdict(
        lost=len(known.keys() - seen.keys()),
        phantom=len(seen.keys() - known.keys()),
        wrong=len(wrong | found.wrong),
        duplicates=found.duplicates,
    )


def read_events(path: Path, events: Events | None = None) -> Events:
    """Return the events of a file; half of one may stand where a process was ended.

    They are added to ``events`` if there are any.
    """
    events = events or Events()
    with path.open("rb") as file:
        for line in file:
            with suppress(orjson.JSONDecodeError):
                events.add_lines([line])
    return events
