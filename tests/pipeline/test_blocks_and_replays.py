"""How a stream is cut and when it is read changes no event and no id."""

from collections.abc import Callable

import msgpack
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from esa_auth.pipeline import Pipeline, Settings
from tests.pipeline.examples import FEW, SAMPLES
from tests.support.harness import (
    READ_AT,
    SETTINGS,
    Run,
    decode,
    inbound,
    native,
    opened,
    run,
    syslog,
)
from tests.support.strategies import any_lines, cut


def same(found: Run, other: Run) -> bool:
    return (found.events, found.dead, found.counters) == (
        other.events,
        other.dead,
        other.counters,
    )


SMALL = Settings(reference=SETTINGS.reference, max_line=1024)


@FEW
@given(st.data())
def test_blocks_of_text_do_not_matter(data: st.DataObject) -> None:
    """A line longer than is kept among them."""
    lines = data.draw(any_lines(SAMPLES))
    long = native(inbound(user="u" * data.draw(st.integers(900, 2500))))
    lines.insert(data.draw(st.integers(0, len(lines))), long)
    stream = b"\n".join(lines)
    whole = decode([stream], "native", SMALL)

    assert same(decode(data.draw(cut(stream)), "native", SMALL), whole)
    letters = [stream[i : i + 1] for i in range(len(stream))]
    assert same(decode(letters, "native", SMALL), whole)


@FEW
@given(st.data())
def test_blocks_of_records_do_not_matter(data: st.DataObject) -> None:
    """And records give what their lines give as text."""
    lines = [line.replace(b"\r", b"") for line in data.draw(any_lines(SAMPLES))]
    lines = [line for line in lines if line]
    packed = b"".join(msgpack.packb({"message": line}) for line in lines)
    texts = [line.decode("utf-8", "replace") for line in lines]
    ndjson = b"".join(orjson.dumps({"message": text}) + b"\n" for text in texts)
    for stream, wanted in ((packed, run(lines)), (ndjson, run(map(str.encode, texts)))):
        whole = decode([stream])
        assert (whole.events, whole.dead) == (wanted.events, wanted.dead)
        assert same(decode(data.draw(cut(stream))), whole)
        letters = [stream[i : i + 1] for i in range(len(stream))]
        assert same(decode(letters), whole)


def test_every_place_to_cut_three_lines() -> None:
    stream = b"\n".join([*map(native, opened()), native(inbound())]) + b"\n"
    whole = decode([stream])
    assert len(whole.results) == 1
    for place in range(len(stream)):
        assert same(decode([stream[:place], stream[place:]]), whole)
        # The last line counts without its newline; it is whole but for the profile.
        short = decode([stream[:place]])
        assert len(short.results) == (place >= len(stream) - len(b" staff\n"))


@FEW
@given(any_lines(SAMPLES), st.integers(0, 2**33))
def test_a_replay_gives_the_same_events(lines: list[bytes], second: int) -> None:
    """At another time too, if the lines say their year themselves."""
    found = run(lines)
    assert same(run(lines), found)
    dated = [line for line in lines if line[:3] in (b"Wed", b"Tue")]
    again = run(dated, Settings(reference=second))
    assert again.events == run(dated).events


@pytest.mark.parametrize(("frame", "count"), [(native, 100_000), (syslog, 5000)])
def test_equal_lines_have_ids_of_their_own(
    frame: Callable[[bytes], bytes], count: int
) -> None:
    """A hundred thousand in one second, and the same ids again at a replay."""

    def ids(lines: int) -> list[str]:
        pipeline = Pipeline(SETTINGS, lambda: READ_AT)
        pipeline.feed([frame(inbound())] * lines)
        return [event["event"]["id"] for event in pipeline.take_events()]

    first = ids(count)
    assert len(set(first)) == count
    # A replay that is cut short has the first of them.
    assert first[:5000] == ids(5000)


def test_ids_do_not_hang_on_the_place_of_the_line() -> None:
    lines = [native(inbound(user=name), at) for at, name in enumerate("abcdef")]
    noise = [native("Info: nothing", at) for at in range(6)]
    mixed = [line for pair in zip(noise, lines, strict=True) for line in pair]
    plain = [e["event"]["id"] for e in run(lines).results]
    assert [e["event"]["id"] for e in run(mixed).results] == plain


def test_ids_are_of_the_appliance_and_of_the_key() -> None:
    lines = [native(inbound())]
    of = {
        run(lines, Settings(appliance=name, id_key=key)).events[0]["event"]["id"]
        for name in ("a", "b")
        for key in (None, b"k" * 32, b"l" * 32)
    }
    assert len(of) == 6
