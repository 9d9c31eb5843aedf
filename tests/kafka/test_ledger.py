"""State written at commits and read back after an assignment, without any broker."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import msgpack
import orjson
import pytest

from esa_auth.commands.stream import Lines
from esa_auth.config import load
from esa_auth.errors import ConfigError, StateVersionError
from esa_auth.pipeline import Pipeline
from esa_auth.stream.keyed import KeyedPipelines
from esa_auth.stream.settings import Outgoing
from esa_auth.stream.split import PIECE, SplitValues
from esa_auth.stream.stateful import StatefulPipeline
from tests.kafka.lines import CAP, LOOK, MAX_AGE, fleet
from tests.privacy.names import found, seeded
from tests.privacy.names import lines_of as lines_of_a_name
from tests.support.secret_files import write_secret

NOW = 1_790_000_000
PLACE = ("raw", 0, b"esa000")


class State:
    """One key's state as the engine keeps it: nothing counts before a commit."""

    def __init__(self) -> None:
        self.committed: dict[bytes, bytes] = {}
        self.open: dict[bytes, bytes | None] = {}
        self.largest = 0

    def get_bytes(self, key: bytes, /) -> bytes | None:
        return self.open[key] if key in self.open else self.committed.get(key)

    def set_bytes(self, key: bytes, value: bytes, /) -> None:
        self.largest = max(self.largest, len(value))
        self.open[key] = value

    def delete(self, key: bytes, /) -> None:
        self.open[key] = None

    def commit(self) -> int:
        """Take what is open; return how many entries that was."""
        changed, self.open = self.open, {}
        self.committed |= {k: v for k, v in changed.items() if v is not None}
        for key, value in changed.items():
            if value is None:
                self.committed.pop(key, None)
        return len(changed)


def lines_of(**settings: Any) -> Lines:
    sessions = {"sessions.cap": CAP, "sessions.max_age": MAX_AGE}
    return Lines(load(None, sessions | settings, NOW))


def one_appliance(lines: int, seed: int) -> list[bytes]:
    return [line.raw for line in fleet(lines, 1, seed)]


def told(messages: list[Outgoing]) -> list[dict[str, Any]]:
    """Return events and dead letters, less the time at which a line was read."""
    found = [orjson.loads(message.value) for message in messages]
    for document in found:
        if document["event"]["kind"] == "pipeline_error":
            del document["@timestamp"], document["event"]["created"]
    return found


def pipelines_of(lines: Lines) -> KeyedPipelines[Outgoing]:
    return KeyedPipelines(lines.pipeline, lines.feed, lines.take)


def undisturbed(
    raw: list[bytes], lines: Lines, key: bytes = PLACE[2]
) -> list[Outgoing]:
    pipeline, made = lines.pipeline(), []
    for line in raw:
        lines.feed(pipeline, key, line)
        made += lines.take(pipeline, key)
    return made


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("cap", "wait"), [(CAP, 0), (12, 0), (CAP, 2), (12, 2)])
def test_aborts_and_moves_change_nothing(seed: int, cap: int, wait: int) -> None:
    """Committed here and there, thrown away in between, and taken up by others."""
    raw = one_appliance(6_000, seed)
    lines = lines_of(**{"sessions.cap": cap, "join.wait": wait})
    random, state, pipelines = Random(seed), State(), pipelines_of(lines)
    sent: list[Outgoing] = []
    made: list[Outgoing] = []
    at = done = 0
    while done < len(raw):
        made += pipelines.read(PLACE, raw[at], state)
        at += 1
        drawn = random.random()
        if drawn < 0.01 or at == len(raw):
            pipelines.write()
            state.commit()
            sent, made, done = sent + made, [], at
        if drawn > 0.995:
            # Whatever was not committed is as if it had not been.
            pipelines.forget()
            state.open.clear()
            made, at = [], done
    assert told(sent) == told(undisturbed(raw, lines))
    flags = [f for e in told(sent) for f in e["cisco_esa"].get("flags", [])]
    assert {"session_expired", "session_replaced"} <= set(flags)
    assert ("session_evicted" in flags) == (cap < CAP)


def test_an_appliance_gives_the_same_events_alone_and_among_others() -> None:
    """What one process and several workers have to agree on; expiry is in it."""
    log = list(fleet(24_000, 3, 5))
    lines = lines_of()
    whole = lines.pipeline()
    together: list[Outgoing] = []
    for line in log:
        lines.feed(whole, line.appliance.encode(), line.raw)
        together += lines.take(whole, line.appliance.encode())
    alone = [
        message
        for name in sorted({line.appliance for line in log})
        for message in undisturbed(
            [line.raw for line in log if line.appliance == name], lines, name.encode()
        )
    ]
    assert sorted(map(orjson.dumps, told(together))) == sorted(
        map(orjson.dumps, told(alone))
    )


def test_a_commit_writes_what_changed_and_not_what_is_open() -> None:
    def opening(icid: int) -> bytes:
        return (
            b"Tue Mar 17 17:00:00 2026 Info: New SMTP ICID %d interface Data 1"
            b" (192.0.2.10) address 198.51.100.7 reverse dns host unknown verified no"
        ) % icid

    pipelines, state = pipelines_of(lines_of()), State()
    for icid in range(1, 5_001):
        pipelines.read(PLACE, opening(icid), state)
    pipelines.write()
    assert state.commit() == 5_000 + 2
    pipelines.read(PLACE, opening(5_001), state)
    pipelines.write()
    # The session, the clock of its appliance, and the count up to the next look.
    assert state.commit() == 3
    for icid in range(1, 5_002):
        pipelines.read(
            PLACE, b"Tue Mar 17 17:00:00 2026 Info: ICID %d close" % icid, state
        )
    pipelines.write()
    state.commit()
    assert len(state.committed) == 2


def test_what_a_look_and_a_message_given_up_leave_is_remembered() -> None:
    """Lines that change what the session's own number is not in."""
    stamp = b"Tue Mar 17 17:00:00 2026 Info: "
    first = [
        b"New SMTP ICID 9 interface Data 1 (192.0.2.10) address 198.51.100.7"
        b" reverse dns host unknown verified no",
        b"SMTP Auth: (ICID 9) succeeded for user: ann using AUTH mechanism: PLAIN"
        b" with profile: p",
        b"Start MID 4 ICID 9",
        b"MID 4 ICID 9 From: <ann@example.com>",
        b"MID 4 ICID 9 RID 0 To: <bob@example.com>",
    ]
    lines, state = lines_of(), State()
    pipelines = pipelines_of(lines)
    for body in (first, [b"Message aborted MID 4 Receiving aborted by sender"]):
        for each in body:
            pipelines.read(PLACE, stamp + each, state)
        pipelines.write()
        state.commit()
    taken_up = StatefulPipeline(lines.pipeline(), state).pipeline.registry
    (appliance,) = taken_up.appliances.values()
    assert len(appliance.inbound.live) == 1
    assert len(appliance.messages) == 0
    assert taken_up.until_look == appliance.until_look == LOOK - 2


def test_what_waits_no_more_is_written_by_whom_it_comes_to() -> None:
    line = (
        b"Tue Mar 17 17:00:00 2026 Info: SMTP Auth: (ICID 7) failed for user: ann"
        b" using AUTH mechanism: LOGIN with profile: p"
    )
    state = State()
    pipelines = pipelines_of(lines_of(**{"join.wait": 60}))
    assert pipelines.read(PLACE, line, state) == []
    pipelines.write()
    state.commit()
    pipelines = pipelines_of(lines_of())
    close = b"Tue Mar 17 17:00:00 2026 Info: ICID 7 close"
    made = pipelines.read(PLACE, close, state)
    assert told(made) == told(undisturbed([line, close], lines_of()))
    pipelines.write()
    state.commit()
    pipelines.forget()
    assert pipelines.read(PLACE, close, state) == []
    assert len(state.committed) == 3


def test_names_of_entries_are_used_again() -> None:
    """A changelog that is compacted is as large as the sessions open at once."""
    raw = one_appliance(20_000, 7)
    pipelines, state = pipelines_of(lines_of()), State()
    names: set[bytes] = set()
    for number, line in enumerate(raw):
        pipelines.read(PLACE, line, state)
        if number % 50 == 0:
            pipelines.write()
            names |= state.open.keys()
            state.commit()
    assert len(names) < 400


def test_a_flood_of_distinct_lines_in_one_second_stays_within_a_message() -> None:
    pipelines, state = pipelines_of(lines_of()), State()
    for number in range(40_000):
        name = b"%d" % number
        line = (
            b"Tue Mar 17 17:00:00 2026 Info: SMTP Auth: (ICID 7) failed for user: %b"
            b" using AUTH mechanism: LOGIN with profile: p"
        ) % name
        pipelines.read(PLACE, line, state)
    pipelines.write()
    state.commit()
    assert state.largest <= PIECE + 1
    assert sum(map(len, state.committed.values())) > PIECE + PIECE // 4
    pipelines.forget()
    again = pipelines.read(PLACE, line, state)
    # The same line once more in its second: not the same event.
    (event,) = told(again)
    assert event["event"]["sequence"] == 40_001
    ids = {e["event"]["id"] for e in told(undisturbed([line, line], lines_of()))[:2]}
    assert event["event"]["id"] in ids


def test_an_event_larger_than_a_message_is_a_dead_letter() -> None:
    lines = lines_of()
    pipeline = lines.pipeline()
    name = b"\x01" * 60_000
    for number in range(40):
        line = (
            b"Tue Mar 17 17:00:%02d 2026 Info: SMTP Auth: (ICID 7) failed for user:"
            b" %d%b using AUTH mechanism: LOGIN with profile: p"
        ) % (number, number, name)
        lines.feed(pipeline, PLACE[2], line)
    lines.feed(pipeline, PLACE[2], b"Tue Mar 17 17:01:00 2026 Info: ICID 7 close")
    made = lines.take(pipeline, PLACE[2])
    assert max(len(message.value) for message in made) <= 900_000
    dead = [message for message in made if message.topic == "dead_letters"]
    assert {d["error"]["type"] for d in told(dead)} == {"undeliverable"}
    # Its end names the users that a session has room for.
    (end,) = (message for message in made if message.topic == "events")
    assert len(dead) == 40
    assert len(told([end])[0]["related"]["user"]) == 1


def test_a_broken_record_of_any_size_is_a_dead_letter() -> None:
    lines = lines_of()
    pipeline = lines.pipeline()
    lines.feed(pipeline, PLACE[2], b'{"message": ' + b"\x01" * 900_000)
    (letter,) = lines.take(pipeline, PLACE[2])
    assert letter.topic == "dead_letters"
    assert letter.key == PLACE[2]
    assert len(letter.value) <= 900_000
    assert pipeline.counters.lines == pipeline.counters.rejected == 1


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
@pytest.mark.parametrize("before", [None, 2, 2 * PIECE])
def test_a_value_of_any_size_comes_back(size: int, before: int | None) -> None:
    state, values = State(), SplitValues()
    if before is not None:
        values.write(state, "x", b"b" * before)
        state.commit()
    values.write(state, "x", b"a" * size)
    state.commit()
    assert SplitValues().read(state, "x") == b"a" * size
    values.write(state, "x", None)
    state.commit()
    assert state.committed == {}
    assert state.largest <= PIECE + 1


@pytest.mark.parametrize(
    "index",
    [
        *(b"\x93\x02\x01\x90", b"\xc1", b"junk", b"\x01"),
        msgpack.packb({"version": 3, "until_look": 1, "appliances": []}),
    ],
)
def test_state_of_another_version_is_refused(index: bytes) -> None:
    state = State()
    state.committed[b"index"] = b"W" + index
    pipeline: Callable[[], Pipeline] = lines_of().pipeline
    with pytest.raises(StateVersionError):
        StatefulPipeline(pipeline(), state)


# Settings, and the letter that the key of names is made of.
PRIVACY = [
    ({}, b""),
    ({"privacy.redact": True}, b""),
    ({"privacy.pseudonymize": True}, b"a"),
    ({"privacy.pseudonymize": True}, b"b"),
]


@pytest.mark.parametrize("after", range(len(PRIVACY)))
@pytest.mark.parametrize("before", range(len(PRIVACY)))
def test_state_of_other_settings_of_privacy_is_refused(
    tmp_path: Path, before: int, after: int
) -> None:
    def lines(number: int) -> Lines:
        settings, letter = PRIVACY[number]
        files = {"event_id.key_file": b"k", "privacy.key_file": letter}
        for name, content in files.items():
            write_secret(tmp_path / name, content * 32)
        keys = {name: str(tmp_path / name) for name in files}
        return lines_of(**settings, **keys)

    state, pipelines = State(), pipelines_of(lines(before))
    for line in one_appliance(300, 1):
        pipelines.read(PLACE, line, state)
    pipelines.write()
    state.commit()
    taken_up = pipelines_of(lines(after))
    if before == after:
        taken_up.read(PLACE, one_appliance(1, 1)[0], state)
        return
    with pytest.raises(ConfigError, match=r"^privacy: .* stream\.group"):
        taken_up.read(PLACE, one_appliance(1, 1)[0], state)


def test_no_name_is_in_what_a_worker_writes(tmp_path: Path) -> None:
    """But for a message without a key, which is handed on as it came."""
    names = seeded()
    for key in ("event_id.key_file", "privacy.key_file"):
        write_secret(tmp_path / key, key[:1].encode() * 32)
    files = {key.name: str(key) for key in tmp_path.iterdir()}
    pipelines = pipelines_of(lines_of(**files, **{"privacy.pseudonymize": True}))
    state, written = State(), []
    for number, name in enumerate(names):
        for line in lines_of_a_name(number, name):
            written += [m.value for m in pipelines.read(PLACE, line, state)]
    pipelines.write()
    state.commit()
    assert len(written) > 5 * len(names)
    written += [*state.committed, *state.committed.values()]
    assert found(names, b"\n".join(written)) == []


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (b"Tue Mar 17 17:00:00 2026 Info: ICID 1 close", b"esa"),
        (b"<166>Mar 17 17:00:00 gw9 mail_logs: Info: ICID 1 close", b"gw9"),
        (b'{"message": "Info: ICID 1 close", "host": "rec7"}', b"rec7"),
        (b'{"message": "<166>Mar 17 17:00:00 gw9 mail_logs: Info: x"}', b"gw9"),
        (b'{"no": "message"}', b"esa"),
        (b"", b"esa"),
    ],
)
def test_a_message_without_a_key_gets_that_of_its_line(
    value: bytes, key: bytes
) -> None:
    (message,) = lines_of().rekey(value)
    assert (message.topic, message.key, message.value) == ("keyed", key, value)
