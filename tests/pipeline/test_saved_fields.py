"""State is saved by the names of fields: what may change between two versions."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple, get_type_hints

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esa_auth.errors import StateVersionError
from esa_auth.fields import plain, read, reader
from esa_auth.model import facts
from esa_auth.model.facts import HatDecision, Instant
from esa_auth.model.session import Observer, Session, Source
from esa_auth.pipeline import entries, loading
from esa_auth.pipeline.entries import Connection, Head, HeldEvent, HeldSession
from esa_auth.state.generation import VERSION
from tests.support.harness import (
    READ_AT,
    SETTINGS,
    Event,
    ended,
    inbound,
    made,
    native,
    opened,
    syslog,
    taken,
)

HAT = HatDecision("450", "ACCEPT", "PARTNERS", "ALL", "3.1", "Germany")


class OfLater(NamedTuple):
    """`HatDecision` with a field more, in the middle."""

    icid: str
    listener: str | None = None
    action: str | None = None
    sender_group: str | None = None
    match: str | None = None
    sbrs: str | None = None
    country: str | None = None


def test_a_field_added_in_the_middle_is_harmless() -> None:
    assert read(OfLater, plain(HAT)) == OfLater(
        "450", None, "ACCEPT", "PARTNERS", "ALL", "3.1", "Germany"
    )


def test_a_field_that_is_not_known_is_passed_over() -> None:
    later = OfLater("450", "Data 1", *HAT[1:])
    assert read(HatDecision, plain(later)) == HAT


def test_a_field_without_default_is_missed() -> None:
    with pytest.raises(ValueError, match="icid"):
        read(HatDecision, {"action": "ACCEPT"})


def test_the_error_names_the_field() -> None:
    with pytest.raises(ValueError, match=r"^sbrs: int instead of str or None|^sbrs: "):
        read(HatDecision, {"icid": "450", "sbrs": 3})


FACTS = sorted(
    (
        kind
        for kind in vars(facts).values()
        # Not any text is a time.
        if isinstance(kind, type) and issubclass(kind, tuple) and kind is not Instant
    ),
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("kind", FACTS, ids=lambda kind: kind.__name__)
def test_each_fact_comes_back_whatever_is_in_it(kind: Any) -> None:
    @settings(max_examples=30, deadline=None)
    @given(st.builds(kind, **{n: strategy(h) for n, h in get_type_hints(kind).items()}))
    def comes_back(fact: Any) -> None:
        packed = msgpack.unpackb(msgpack.packb(plain(fact)))
        assert read(kind, packed) == fact

    comes_back()


def strategy(hint: Any) -> Any:
    """Return values of a field; of text, what msgpack can hold."""
    text = st.text(st.characters(exclude_categories=["Cs"]))
    known = {
        str: text,
        str | None: st.none() | text,
        tuple[str, ...]: st.lists(text).map(tuple),
        int: st.integers(-(1 << 40), 1 << 40),
        int | None: st.none() | st.integers(0, 1 << 40),
    }
    return known[hint] if hint in known else st.from_type(hint)


def saved() -> dict[str, Any]:
    """Return a snapshot with all kinds of entries, as it comes from the disk."""
    pipeline = made(replace(SETTINGS, wait=60))
    for number, host in enumerate(("first", "second")):
        bodies = [*opened(), inbound(), *opened(451), b"Start MID 4 ICID 450"]
        bodies += [b"MID 4 ICID 450 RID 0 To: <bob@example.com>"]
        pipeline.feed([syslog(body, number, host=host) for body in bodies])
    found: dict[str, Any] = msgpack.unpackb(
        msgpack.packb(pipeline.snapshot()), strict_map_key=False
    )
    return found


def of(name: str, appliance: str = "second") -> Any:
    return msgpack.unpackb(
        dict(saved()["appliances"][appliance])[name], strict_map_key=False
    )


def test_what_is_saved_says_what_it_is() -> None:
    whole = saved()
    assert set(whole) == {"version", "until_look", "appliances"}
    assert whole["version"] == entries.VERSION
    assert [name for name, _ in whole["appliances"]["second"]] == [
        *("head", "o0", "s0", "s1")
    ]
    assert set(of("head")) >= {"clock", "until_look", "series", "order", "slots"}
    assert set(of("s0")) == {"order", "side", "number", "kept"}
    assert set(of("s1")) == {"order", "side", "number", "session", "messages", "held"}
    assert of("s1")["session"]["hat"]["sender_group"] == "UNKNOWNLIST"
    assert of("s1")["messages"] == [{"mid": b"4", "recipients": 1}]
    assert of("s1")["held"][0]["source"]["observer"] == {"name": "second"}


def test_the_file_and_what_is_in_it_are_of_one_version() -> None:
    """An older program looks at that of the file, before it reads anything else."""
    assert VERSION == entries.VERSION


def test_a_newer_format_is_no_damage() -> None:
    newer = {**saved(), "version": entries.VERSION + 1}
    with pytest.raises(StateVersionError, match="format 3"):
        made().restore(newer)


def spoiled(value: Any, with_: Any) -> Iterator[tuple[str, Any]]:
    """Yield ``value`` with each one of its parts replaced, and where that is."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield f"{key}", {**value, key: with_}
            for place, other in spoiled(item, with_):
                yield f"{key}.{place}", {**value, key: other}
    elif isinstance(value, list):
        for number, item in enumerate(value):
            for place, other in spoiled(item, with_):
                changed = [*value[:number], other, *value[number + 1 :]]
                yield f"{number}.{place}", changed


def all_spoiled(with_: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    whole = saved()
    second = whole["appliances"]["second"]
    for number, (name, value) in enumerate(second):
        entry = msgpack.unpackb(value, strict_map_key=False)
        for place, other in spoiled(entry, with_):
            row = [[name, msgpack.packb(other)]]
            changed = [*second[:number], *row, *second[number + 1 :]]
            appliances = {"first": list(whole["appliances"]["first"])}
            yield (
                f"{name}.{place}",
                {**whole, "appliances": {**appliances, "second": changed}},
            )


@pytest.mark.parametrize(
    "with_", [None, -1, 1 << 62, 2.5, "text", b"bytes", [], [[]], {}, {"a": 1}]
)
def test_a_value_of_another_type_anywhere_is_refused_or_does_no_harm(
    with_: Any,
) -> None:
    """All or nothing, and never another exception, then or later."""
    lines = [
        syslog(inbound(), 5, host="second"),
        syslog(b"ICID 450 close", 6, "second"),
    ]
    tried = 0
    for place, changed in all_spoiled(with_):
        tried += 1
        pipeline = made(replace(SETTINGS, wait=60))
        try:
            pipeline.restore(changed)
        except ValueError:
            assert pipeline.registry.appliances == {}, place
            continue
        pipeline.feed([*lines, native(inbound())])
        pipeline.drain()
        msgpack.packb(pipeline.snapshot())
        ended(pipeline).assert_accounted()
    assert tried > 60


def test_the_whole_of_it_comes_back() -> None:
    whole = saved()
    pipeline = made(replace(SETTINGS, wait=60))
    pipeline.restore(saved())
    again = msgpack.unpackb(msgpack.packb(pipeline.snapshot()), strict_map_key=False)
    assert again == whole


@pytest.mark.parametrize(
    "kind", [Head, Connection, HeldEvent, HeldSession, Source, Instant, Observer]
)
def test_all_that_is_saved_can_be_read(kind: Callable[..., Any]) -> None:
    """A field of a type that is not known would fail at the first start only."""
    assert callable(reader(kind))


@pytest.mark.parametrize("side", ["icid", "dcid"])
def test_each_field_of_a_session_can_be_read(side: Any) -> None:
    own = set(get_type_hints(Session)) - set(entries.APART)
    assert set(loading._session_readers(side)) == own


def test_no_event_is_lost_on_the_way() -> None:
    """What waited before the save leaves behind it, once."""
    pipeline = made(replace(SETTINGS, wait=60))
    pipeline.restore(saved())
    pipeline.drain()
    events: list[Event] = taken(pipeline)
    results = [e for e in events if e["event"]["type"] == ["start"]]
    assert len(results) == 2
    assert READ_AT not in {e["@timestamp"] for e in events}
