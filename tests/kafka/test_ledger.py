"""State written at commits and read back after an assignment, without any broker."""

from collections.abc import Callable
from random import Random

import msgpack
import orjson
import pytest

from esa_auth.errors import StateVersionError
from esa_auth.pipeline import Pipeline
from esa_auth.stream.settings import Outgoing
from esa_auth.stream.stateful import StatefulPipeline
from tests.kafka.keyed import (
    PLACE,
    State,
    lines_of,
    one_appliance,
    pipelines_of,
    told,
    undisturbed,
)
from tests.kafka.lines import CAP, LOOK, fleet


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
