"""What holds for every input: each line is counted once, and no text ends a stage."""

from typing import Any

import msgpack
import orjson
from hypothesis import example, given
from hypothesis import strategies as st

from esa_auth import grammar
from esa_auth.envelope import Clock, has_prefix, read_prefix
from esa_auth.model.facts import Unread
from tests.pipeline.examples import SAMPLES, SOME
from tests.support.harness import READ_AT, SETTINGS, decode, made, native, run
from tests.support.strategies import any_lines, hostile_bytes, hostile_text, stamps

# ---- nothing vanishes ---------------------------------------------------------------


@SOME
@given(any_lines(SAMPLES))
def test_every_line_is_counted_once(lines: list[bytes]) -> None:
    """By feeding line after line: none is in two counts, none makes a hidden letter."""
    pipeline = made()
    for line in lines:
        before = pipeline.counters.as_dict()
        pipeline.feed([line])
        # One of an odd time counts when it is known why.
        pipeline.settle()
        after = pipeline.counters.as_dict()
        moved = {k: after[k] - before[k] for k in after}
        kinds = ("results", "ancillary", "context", "ignored", "rejected")
        assert sorted(moved[k] for k in kinds) == [0, 0, 0, 0, 1]
        assert moved["lines"] == 1
        assert moved["dead_letters"] == moved["rejected"]
        assert len(pipeline.take_dead()) == moved["dead_letters"]


@SOME
@given(any_lines(SAMPLES))
def test_the_account_holds_at_any_moment(lines: list[bytes]) -> None:
    """What is put off for its odd time is in no count, and is not forgotten."""
    pipeline = made()
    for fed, line in enumerate(lines, 1):
        pipeline.feed([line])
        count = pipeline.counters
        assert count.lines + pipeline.put_off == fed
        assert count.ignored >= 0
    pipeline.settle()
    assert pipeline.put_off == 0
    assert pipeline.counters.lines == len(lines)


@SOME
@given(any_lines(SAMPLES))
def test_the_account_holds_for_any_lines(lines: list[bytes]) -> None:
    found = run(lines)
    found.assert_accounted()
    assert found.counters.lines == len(lines)
    assert not found.counters.invalid_events
    for event in [*found.events, *found.dead]:
        orjson.dumps(event)


@SOME
@given(any_lines(SAMPLES))
def test_the_account_holds_for_a_closed_stream(lines: list[bytes]) -> None:
    found = decode([b"\n".join(lines) + b"\n"], "native")
    assert found.counters.lines == len(lines) or not lines
    assert found.events == run(lines).events


@SOME
@given(st.binary(max_size=300), st.sampled_from(["auto", "native", "json", "msgpack"]))
def test_the_account_holds_for_any_bytes(data: bytes, form: str) -> None:
    found = decode([data], form)
    found.assert_accounted()
    for event in [*found.events, *found.dead]:
        orjson.dumps(event)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary()
    | st.sampled_from([native(text).decode() for text in SAMPLES]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["message", "host", "time", "x"]), inner, max_size=4
        )
    ),
    max_leaves=6,
)


def as_json(value: Any) -> bytes:
    return orjson.dumps(value, default=lambda raw: raw.decode("latin-1"))


@SOME
@given(st.lists(st.dictionaries(st.sampled_from(["message", "host", "time"]), VALUES)))
def test_the_account_holds_for_any_records(records: list[dict[str, Any]]) -> None:
    for blocks, form in (
        ([as_json(r) + b"\n" for r in records], "json"),
        ([msgpack.packb(r) for r in records], "msgpack"),
    ):
        found = decode(blocks, form)
        found.assert_accounted()
        assert found.counters.lines >= len(records)
        for event in [*found.events, *found.dead]:
            orjson.dumps(event)


# ---- no text ends a stage -----------------------------------------------------------


@SOME
@given(st.one_of(st.text(), hostile_text(), st.sampled_from(SAMPLES)))
def test_grammar_reads_any_text(body: str) -> None:
    fact = grammar.read(body)
    rule = grammar.rule_for(body)
    assert isinstance(fact, tuple)
    if rule is None:
        assert isinstance(fact, Unread)


@SOME
@given(st.sampled_from(SAMPLES), st.text(), st.text(), st.integers(0, 80))
def test_grammar_reads_any_text_around_a_sample(
    sample: str, before: str, inside: str, at: int
) -> None:
    grammar.read(before + sample)
    grammar.read(sample + inside)
    grammar.read(sample[:at] + inside + sample[at:])


@SOME
@given(st.one_of(st.binary(), hostile_bytes()))
def test_a_prefix_of_any_bytes(line: bytes) -> None:
    for text in (line, b"<" + line, b"<22>Apr 22 11:44:48 " + line):
        prefix = read_prefix(text)
        assert 0 <= prefix.body_at <= len(text)
        has_prefix(text)


ZONES = st.sampled_from([None, "UTC", "Europe/Berlin", "Asia/Kathmandu", "Etc/GMT-14"])


@SOME
@given(st.lists(stamps(), max_size=5), ZONES, st.integers(-54000, 54000))
@example(["Jan  1 00:00:00 0001"], "Etc/GMT-14", 54000)
@example(["0001-01-01T00:00:00+14:00"], None, 0)
@example(["9999-12-31T23:59:59-14:00"], None, 0)
@example(["Feb 29 00:00:00", "Feb 29 00:00:00"], "Europe/Berlin", 0)
def test_a_clock_reads_any_text(
    texts: list[str], zone: str | None, offset: int
) -> None:
    clock = Clock(zone, SETTINGS.reference)
    for text in texts:
        instant = clock.resolve(text)
        assert clock.resolve(text) == instant
        if instant is not None:
            assert len(instant.iso) == len(READ_AT)
            assert instant.iso.endswith("Z")
    clock.set_offset(offset)
    for text in texts:
        clock.resolve(text)
