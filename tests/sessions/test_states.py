"""The table of connection states, and that the code does what it says."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from esa_auth.grammar import shortened_tls
from esa_auth.pipeline.appliance import instant_at, read_context
from esa_auth.sessions import END_FLAGS, Ended, Event, State, Table
from esa_auth.sessions.states import TRANSITIONS
from esa_auth.sessions.table import MAX_KEPT
from tests.support.harness import (
    SETTINGS,
    inbound,
    made,
    native,
    taken,
)

OPEN = (State.UNKNOWN, State.KEPT, State.LIVE)
ENDS = set(State) - set(OPEN)
MAX_AGE = 600
NOW = 1_240_398_000


def test_every_event_is_there_in_every_state() -> None:
    assert set(TRANSITIONS) == set(OPEN)
    for events in TRANSITIONS.values():
        assert set(events) == set(Event)


def test_an_ended_connection_is_forgotten() -> None:
    """So no event leads on from there; and each end can be reached."""
    assert not ENDS & set(TRANSITIONS)
    for state in (State.KEPT, State.LIVE):
        assert set(TRANSITIONS[state].values()) >= ENDS


def test_what_is_live_is_never_kept_again() -> None:
    assert State.KEPT not in TRANSITIONS[State.LIVE].values()


def test_every_end_but_the_one_that_a_line_says_has_a_flag_of_its_own() -> None:
    assert set(END_FLAGS) == ENDS - {State.CLOSED}
    assert len(set(END_FLAGS.values())) == len(END_FLAGS)


def test_kept_and_live_connections_end_alike() -> None:
    for event, state in TRANSITIONS[State.KEPT].items():
        if state in ENDS:
            assert TRANSITIONS[State.LIVE][event] is state


def table() -> Table:
    return Table("icid", MAX_AGE, read_context, shortened_tls, instant_at)


def new(number: bytes, host: str = "198.51.100.7") -> bytes:
    return (
        b"New SMTP ICID %b interface Data 1 (192.0.2.1) address %b "
        b"reverse dns host mail.example.com verified no"
    ) % (number, host.encode())


def happen(held: Table, number: bytes, event: Event, now: int) -> list[Ended]:
    """Let ``event`` happen to connection ``number``, as the pipeline does."""
    instant = instant_at(now)
    ended: list[Ended | None] = []
    if event is Event.OPENED:
        ended = [held.opened(number, now, new(number))]
    elif event is Event.OPENED_LATE:
        # Unless the first line of it is an opening line itself.
        ended = [held.opened(number, now, new(number))]
    elif event is Event.DESCRIBED:
        ended = [held.expire(number, now)]
        held.described(
            number, instant, b"ICID %b ACCEPT SG A match ALL SBRS 1" % number
        )
    elif event is Event.AUTHENTICATED:
        ended = [held.expire(number, now)]
        held.authenticated(number, instant)
    elif event is Event.CLOSED:
        ended = [held.expire(number, now), held.closed(number, now)]
    elif event is Event.GREW_OLD:
        ended = [held.expire(number, now)]
    elif event is Event.CROWDED_OUT:
        ended = list(held.evict(len(held.kept) or len(held.live), now))
    else:
        ended = list(held.abandon(event, now))
    return [one for one in ended if one is not None]


def brought_to(state: State, *, opened: bool) -> Table:
    """Return a table in which connection 7 is in ``state`` since `NOW`."""
    held = table()
    if opened and state is not State.UNKNOWN:
        held.opened(b"7", NOW, new(b"7"))
    elif state is State.KEPT:
        happen(held, b"7", Event.DESCRIBED, NOW)
    if state is State.LIVE:
        held.authenticated(b"7", instant_at(NOW))
    assert held.state(b"7") is state
    return held


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("state", OPEN)
def test_the_code_goes_where_the_table_says(state: State, event: Event) -> None:
    held = brought_to(state, opened=event is not Event.OPENED_LATE)
    # The line that makes it too old has to come later.
    now = NOW + (MAX_AGE + 1 if event is Event.GREW_OLD else 1)
    after = TRANSITIONS[state][event]
    ended = happen(held, b"7", event, now)
    if after in ENDS:
        assert held.ends[after] == 1
        assert sum(held.ends.values()) == 1
        assert [one.state for one in ended] == [after] * (state is State.LIVE)
        # An opening line ends one connection and begins the next one.
        again = TRANSITIONS[State.UNKNOWN][event]
        assert held.state(b"7") is (again if event is Event.OPENED else State.UNKNOWN)
    else:
        assert ended == []
        assert sum(held.ends.values()) == 0
        assert held.state(b"7") is after


@pytest.mark.parametrize(
    "event",
    [e for e in Event if e not in {Event.OPENED_LATE, Event.GREW_OLD}],
)
@pytest.mark.parametrize("state", [State.KEPT, State.LIVE])
def test_what_is_too_old_ends_as_that_whatever_comes(
    state: State, event: Event
) -> None:
    held = brought_to(state, opened=True)
    ended = happen(held, b"7", event, NOW + MAX_AGE + 1)
    assert [one.state for one in ended] == [State.EXPIRED] * (state is State.LIVE)
    assert held.ends[State.EXPIRED] == 1
    assert sum(held.ends.values()) == 1
    assert held.state(b"7") is TRANSITIONS[State.UNKNOWN][event]


@pytest.mark.parametrize("state", [State.KEPT, State.LIVE])
@pytest.mark.parametrize("clocks", [(0, MAX_AGE + 1), (MAX_AGE + 1, 0)])
def test_a_sweep_takes_only_what_is_too_old_by_both_clocks(
    state: State, clocks: tuple[int, int]
) -> None:
    held = brought_to(state, opened=True)
    steady, last = (NOW + clock for clock in clocks)
    assert held.sweep(steady, last) == []
    assert held.state(b"7") is state
    held.sweep(NOW + MAX_AGE + 1, NOW + MAX_AGE + 1)
    assert held.state(b"7") is State.UNKNOWN


@pytest.mark.parametrize("state", [State.KEPT, State.LIVE])
def test_a_number_that_is_opened_at_another_interface_has_no_context(
    state: State,
) -> None:
    """Two appliances have it open: neither the old nor the new session knows more."""
    held = brought_to(state, opened=True)
    other = new(b"7").replace(b"192.0.2.1", b"192.0.2.2")
    ended = held.opened(b"7", NOW + 5, other)
    assert held.conflicts == 1
    assert (ended is not None) == (state is State.LIVE)
    sessions = [held.authenticated(b"7", instant_at(NOW + 6))]
    sessions += [ended.session] if ended else []
    assert all(one.disowned and one.opening is None for one in sessions)


def test_what_is_kept_of_a_connection_is_bounded() -> None:
    held = brought_to(State.KEPT, opened=True)
    for number in range(200):
        line = b"ICID 7 ACCEPT SG %b match ALL SBRS %d" % (b"x" * 60, number)
        held.described(b"7", instant_at(NOW), line)
        assert len(held.kept[b"7"]) <= MAX_KEPT + 40
    assert len(held.kept[b"7"]) > MAX_KEPT // 2
    held.described(b"7", instant_at(NOW), b"ICID 7 TLS success protocol TLSv1.3")
    assert b"\nICID 7 TLS" in held.kept[b"7"]


class Model:
    """What the table of states says of three connections, and when they began."""

    def __init__(self) -> None:
        self.states = dict.fromkeys((b"1", b"2", b"3"), State.UNKNOWN)
        self.began: dict[bytes, int] = {}
        #: Of those that are open: whether the opening line was seen.
        self.opened: dict[bytes, bool] = {}
        self.ends = dict.fromkeys(State, 0)

    def apply(self, number: bytes, event: Event, now: int) -> State | None:
        """Return the state in which a live connection ended, if one did."""
        before = self.states[number]
        old = before is not State.UNKNOWN and abs(now - self.began[number]) > MAX_AGE
        if before is not State.UNKNOWN and event is Event.OPENED:
            late = not self.opened[number] and abs(now - self.began[number]) <= 2
            event = Event.OPENED_LATE if late else event
        after = TRANSITIONS[before][Event.GREW_OLD if old else event]
        if after in ENDS:
            self.ends[after] += 1
            self.states[number] = State.UNKNOWN
            if TRANSITIONS[State.UNKNOWN][event] is not State.UNKNOWN:
                self.apply(number, event, now)
            return after if before is State.LIVE else None
        if before is State.UNKNOWN and after is not before:
            self.began[number] = now
            self.opened[number] = event is Event.OPENED
        elif event is Event.OPENED_LATE:
            self.opened[number] = True
            self.began[number] = now
        self.states[number] = after
        return None


LINE_EVENTS = [
    Event.OPENED,
    Event.OPENED,
    Event.DESCRIBED,
    Event.DESCRIBED,
    Event.AUTHENTICATED,
    Event.AUTHENTICATED,
    Event.CLOSED,
    Event.INPUT_ENDED,
    Event.APPLIANCE_CHANGED,
]


@pytest.mark.parametrize("seed", range(60))
def test_a_random_walk_agrees_with_the_table(seed: int) -> None:
    random, model, held, now = Random(seed), Model(), table(), NOW
    for _ in range(400):
        now += random.choice((0, 0, 1, 2, 3, 60, 400))
        event, number = random.choice(LINE_EVENTS), random.choice((b"1", b"2", b"3"))
        everywhere = event in (Event.INPUT_ENDED, Event.APPLIANCE_CHANGED)
        numbers = [*held.kept, *held.live] if everywhere else [number]
        expected = [model.apply(one, event, now) for one in numbers]
        ended = happen(held, number, event, now)
        assert [e.state for e in ended] == [s for s in expected if s is not None]
        assert {n: held.state(n) for n in model.states} == model.states
        assert held.ends == model.ends


def lines_of(seed: int) -> tuple[list[bytes], list[tuple[bytes, Event, int]]]:
    """Return native lines, and the events that they are."""
    random, second = Random(seed), 0
    lines, events = [], []
    said: dict[Event, Callable[[bytes], bytes]] = {
        Event.OPENED: new,
        Event.DESCRIBED: lambda n: b"ICID %b ACCEPT SG A match ALL SBRS 1" % n,
        Event.AUTHENTICATED: lambda n: inbound(int(n), "ann"),
        Event.CLOSED: lambda n: b"ICID %b close" % n,
    }
    for _ in range(300):
        second = min(second + random.choice((0, 0, 1, 2, 3)), 59)
        event, number = (
            random.choice(LINE_EVENTS[:7]),
            random.choice((b"1", b"2", b"3")),
        )
        lines.append(native(said[event](number), second))
        events.append((number, event, second))
    return lines, events


@pytest.mark.parametrize("seed", range(20))
def test_the_ends_that_events_tell_are_those_of_the_table(seed: int) -> None:
    """Of whole lines through the pipeline."""
    lines, events = lines_of(seed)
    pipeline, model = made(replace(SETTINGS, max_age=MAX_AGE)), Model()
    told: list[str] = []
    for number, event, second in events:
        end = model.apply(number, event, NOW + second)
        if end is not None:
            told.append(END_FLAGS.get(end, "closed"))
    rest = sum(state is State.LIVE for state in model.states.values())
    told += [END_FLAGS[State.GIVEN_UP]] * rest
    pipeline.feed(lines)
    pipeline.drain()
    found = [ended_as(e) for e in taken(pipeline) if "summary" in e["cisco_esa"]]
    assert found == told
    assert {"closed", "session_replaced"} <= set(found)


def ended_as(event: dict[str, Any]) -> str:
    flags: set[str] = set(event["cisco_esa"].get("flags", [])) & {*END_FLAGS.values()}
    (flag,) = flags or {"closed"}
    assert event["cisco_esa"]["session"]["closed"] == (flag == "closed")
    return flag


def test_the_clock_of_the_walk_goes_forward() -> None:
    _, events = lines_of(0)
    assert all(a[2] <= b[2] for a, b in pairwise(events))
