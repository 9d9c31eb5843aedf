"""The state that an earlier version wrote is taken up.

`tests/released/state-0.1.0` was written by `filter --state-dir` (the checkpoint) and by
a killed `filter --ack rsyslog` (the journal) of version 0.1.0. The other folders hold
what the code of a commit, or the first code of a format, wrote when it had read
`state-lines.txt`: the checkpoint of `filter --state-dir`, the entries of a key of
`stream`, and what `convert` keeps of a run that was cut off, which had read one more
line. ``held``: with `join.wait: 30`.
"""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgpack
import pytest
from tests.kafka.keyed import State
from tests.support.checkout import ROOT
from tests.support.harness import (
    SETTINGS,
    Event,
    made,
    taken,
)
from tests.support.process import esa_auth

from esa_auth.commands.stream import Lines
from esa_auth.config import load
from esa_auth.state import CheckpointStore, StateDirectory
from esa_auth.state.generation import HEADER_SIZE
from esa_auth.stream.stateful import StatefulPipeline

RELEASED = ROOT / "tests" / "released"
COMMITS = ["7a98500", "5094534", "format-2"]
LINES = (RELEASED / "state-lines.txt").read_bytes().splitlines()
_AUTH = (
    "SMTP Auth: (ICID {}) {} for user: {} using AUTH mechanism: PLAIN"
    " with profile: staff"
)
_RELAY = (
    "DCID: 4 IP: 203.0.113.78 SMTP authentication using the profile relay succeeded"
)
_MX2 = "<22>2026-03-17T18:24:{:02d}+00:00 mx2 mail_logs: Info: {}"


def _native(second: int, body: str) -> bytes:
    return f"Tue Mar 17 18:24:{second:02d} 2026 Info: {body}".encode()


#: What comes behind `LINES`: it asks for all that is saved.
NEXT = [
    _native(10, _AUTH.format(11, "failed", "dave@example.com")),
    _native(10, "MID 5 ready 1000 bytes from <alice@example.com>"),
    _native(10, _RELAY),
    # The same line as the last one before the stop, in the same second: another event.
    *LINES[-1:],
    _native(11, "ICID 12 close"),
    _native(11, "DCID 3 close"),
    _MX2.format(11, "ICID 12 close").encode(),
]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """An empty state directory."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    return folder


def put(checkpoint: Path, state: Path) -> None:
    shutil.copyfile(checkpoint, state / "checkpoint.a")
    (state / "checkpoint.a").chmod(0o600)


def told(events: list[Event]) -> list[Event]:
    return sorted(events, key=lambda event: str(event["event"]["id"]))


def behind(wait: int) -> list[Event]:
    """Return the events that a run makes of `NEXT` if it is not interrupted."""
    pipeline = made(replace(SETTINGS, wait=wait))
    pipeline.feed(LINES)
    taken(pipeline)
    pipeline.feed(NEXT)
    pipeline.drain()
    return told(taken(pipeline))


def resumed(saved: dict[str, Any], wait: int) -> list[Event]:
    pipeline = made(replace(SETTINGS, wait=wait))
    pipeline.restore(saved)
    pipeline.feed(NEXT)
    pipeline.drain()
    return told(taken(pipeline))


def test_the_lines_ask_for_all_that_is_saved() -> None:
    events = behind(0)
    assert len(events) == 8
    ends = [e["cisco_esa"]["summary"] for e in events if "summary" in e["cisco_esa"]]
    assert {"attempts", "failures", "messages", "recipients"} <= set(ends[0])
    assert len({e["observer"]["name"] for e in events}) == 2


@pytest.mark.parametrize(("name", "wait"), [("", 0), ("-held", 30)])
@pytest.mark.parametrize("commit", COMMITS)
def test_a_checkpoint_goes_on(commit: str, name: str, wait: int) -> None:
    data = (RELEASED / f"state-{commit}" / f"checkpoint{name}").read_bytes()
    saved = msgpack.unpackb(data[HEADER_SIZE:], strict_map_key=False)
    assert resumed(saved["sessions"], wait) == behind(wait)


@pytest.mark.parametrize(("name", "wait"), [("", 0), ("-held", 30)])
@pytest.mark.parametrize("commit", COMMITS)
def test_a_changelog_goes_on_and_is_written_anew(
    commit: str, name: str, wait: int
) -> None:
    lines = Lines(load(None, {"join.wait": wait}, SETTINGS.reference))
    store = State()
    path = RELEASED / f"state-{commit}" / f"changelog{name}.msgpack"
    store.committed = msgpack.unpackb(path.read_bytes())
    before = dict(store.committed)
    StatefulPipeline(lines.pipeline(), store).write(store)
    # All of it is of today's format at the first commit.
    assert set(store.open) == (set() if commit == "format-2" else set(before))
    store.commit()
    # Read from what was written now, which is of today's format.
    taken_up = StatefulPipeline(lines.pipeline(), store).pipeline
    again = msgpack.unpackb(msgpack.packb(taken_up.snapshot()), strict_map_key=False)
    assert again["version"] == 2
    assert resumed(again, wait) == behind(wait)


@pytest.mark.parametrize("commit", COMMITS[1:])
def test_a_run_of_convert_that_was_cut_off_goes_on_with_its_odd_lines(
    commit: str,
) -> None:
    data = (RELEASED / f"state-{commit}" / "archive.msgpack").read_bytes()
    pipeline = made()
    pipeline.restore(msgpack.unpackb(data, strict_map_key=False))
    pipeline.drain()
    users = [e["user"]["name"] for e in taken(pipeline) if "user" in e]
    assert "frank@example.com" in users


@pytest.fixture(params=["0.1.0", *COMMITS])
def older(request: pytest.FixtureRequest, state: Path) -> str:
    """A state directory with the checkpoint of an earlier version."""
    name: str = request.param
    file = "checkpoint.a" if name == "0.1.0" else "checkpoint"
    put(RELEASED / f"state-{name}" / file, state)
    return name


def test_filter_goes_on_without_a_word(state: Path, older: str) -> None:
    ended = esa_auth(
        "filter", "--state-dir", str(state), stdin=b"\n".join([*NEXT, b""])
    )
    assert ended.code == 0
    account = ended.assert_complete()
    assert account.lines == len(NEXT)
    assert "state" not in ended.stderr
    kept = next(e for e in ended.events if e["user"]["name"] == "dave@example.com")
    assert kept["source"]["ip"] == "198.51.100.11"
    assert kept["cisco_esa"]["session"]["context"] == "complete"


def test_an_older_program_says_that_the_state_is_newer(state: Path) -> None:
    """The header says so, whose layout is the same for all versions."""
    with StateDirectory.open(state) as directory:
        CheckpointStore(directory, 1).save({"sessions": made().snapshot()})
    (path,) = state.glob("checkpoint.?")
    assert path.read_bytes()[8:10] == b"\0\2"
