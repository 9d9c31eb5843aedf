"""Records are read many at a time; each is read as it would be alone."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgpack
import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from esa_auth.inputs.decode import LineSplitter
from esa_auth.inputs.json_lines import JsonLines
from esa_auth.inputs.packed import MsgpackReader
from esa_auth.inputs.records import TOGETHER, Broken, Keys, Record, Terms
from tests.support.harness import decode, inbound, native

LINE = native(inbound()).decode()
MARK = b"9007199254740993"
KEEP = 64
_DOCUMENT = b'{"message": "a"}'
_OPEN = b'{"message": "a", "b": [{}'
# Alone none of them is one document; together some are.
HALVES = [
    *(b'{"message": "a"', b'"host": "b"}', b'{"a": [{}', b"{}]}", b'{"message": "'),
    *(b'"}', b"{}, {}", b'{"message": "a"}, {"message": "b"}', b"[", b"]", b"1, 2"),
    *(MARK, b"{}," + MARK + b",{}", b'{"a": [1', b"2]}", b"],[", b'{"a":', b"\xff"),
    *(
        b"",
        b"  ",
        b"\r",
        b'{"message": "' + MARK + b'"}',
        b"1" * 400,
        b"\xef\xbb\xbf{}",
    ),
]
# What only a reader of its own can see otherwise than orjson and Python's `json`.
_PLACE = b'{"message": "a", "host": %b, "other": %b}'
ODD = [
    *(_PLACE % (text, b"1") for text in (b'"mail_logs"', b'"a:"', b'"::"', b'""')),
    *(_PLACE % (text, b"1") for text in (b'"\\u0061"', b'"\\ud800"', b'"\xc3\xa9"')),
    *(_PLACE % (b'"%b"' % (b"a" * long), b"1") for long in (255, 256)),
    *(_PLACE % (b"null", n) for n in (b"1e999", b"-0", b"1.5", b"01", b"9" * 30)),
    *(_PLACE % (b"null", b"[" * n + b"]" * n) for n in (2, 130, 1100)),
    b'{"message": "a", "message": 1, "host": "b", "host": null}',
    b'{"message": null, "message": "a"}',
    b'{"mess\\u0061ge": "a", "time": "1", "host": "\\ud83d\\ude00"}',
    b' \t{"message" : "a" , "host":"b"}\r ',
    b'{"message": "a", "host": "b",}',
    b'{"message": "a"} x',
    b'{"message": "a\tb"}',
    b'{"message": "\xff"}',
    b'{"message": "\\u000a"}',
]
VALUES = st.one_of(
    *(st.none(), st.booleans(), st.integers(0, 9), st.floats(0, 9)),
    st.text(st.sampled_from("a\n\\\"'}é\u2028"), max_size=KEEP + 9),
    st.lists(st.just("a"), max_size=1),
)
DOCUMENTS = st.dictionaries(
    st.sampled_from(["message", "host", "time", "other"]), VALUES
) | st.sampled_from([[], {}, 1, "a", {"message": "a", "other": {"b": [{}, {}]}}])
LINES = st.lists(
    st.sampled_from(HALVES + ODD) | DOCUMENTS.map(orjson.dumps), min_size=1, max_size=12
)


def flat(found: Iterable[list[Record] | Broken]) -> Iterator[Record | Broken]:
    for some in found:
        if isinstance(some, Broken):
            yield some
        else:
            yield from some


@given(LINES)
def test_json_lines_are_read_as_each_alone(lines: list[bytes]) -> None:
    reader = JsonLines(Terms(Keys(), KEEP - 1))
    alone = [item for line in lines for item in flat(reader.read([line]))]
    assert list(flat(reader.read(lines))) == alone
    native = JsonLines(Terms(Keys(), KEEP - 1, native=True))
    assert list(flat(native.read(lines))) == alone


@pytest.mark.parametrize("line", ODD + HALVES, ids=repr)
@pytest.mark.parametrize(
    "keys", [Keys(), Keys("host", "host", "message"), Keys(host="other", time="host")]
)
def test_native_code_reads_a_line_as_python_does(line: bytes, keys: Keys) -> None:
    lines = [_DOCUMENT, line, _DOCUMENT]
    found, wanted = (
        list(flat(JsonLines(Terms(keys, KEEP, native=core)).read(lines)))
        for core in (True, False)
    )
    assert found == wanted


@pytest.mark.parametrize(
    "lines",
    [
        [b'{"message": "a"', b'"host": "b"}, {"message": "c"}'],
        [_OPEN, b"{}]}", b", ".join([_DOCUMENT] * 3)],
        [_OPEN, b"{}]}, " + MARK + b", " + _DOCUMENT],
        [_OPEN, b"{}]}", b", ".join([_DOCUMENT, MARK, _DOCUMENT])],
        [_OPEN, b"{}]}", b", ".join([_DOCUMENT, MARK + b".0", _DOCUMENT])],
    ],
)
def test_halves_that_are_as_many_documents_as_lines_are_broken(
    lines: list[bytes],
) -> None:
    """Put together as one list they are valid JSON."""
    found = list(flat(JsonLines(Terms(Keys(), KEEP)).read(lines)))
    assert [type(item) for item in found] == [Broken] * len(lines)


@given(st.lists(DOCUMENTS, max_size=12), st.binary(max_size=3), st.data())
def test_packed_records_are_read_as_each_alone(
    documents: list[Any], junk: bytes, data: st.DataObject
) -> None:
    stream = b"".join(map(msgpack.packb, documents)) + junk
    at = data.draw(st.integers(0, len(stream)))
    together = packed([stream[:at], stream[at:]])
    assert packed([stream[n : n + 1] for n in range(len(stream))]) == together


def packed(blocks: list[bytes]) -> list[Record | Broken]:
    """Return what is read of ``blocks``; of what is broken only that it is."""
    reader = MsgpackReader(Terms(Keys(), KEEP - 1))
    found: list[Record | Broken] = []
    try:
        for block in blocks:
            for item in flat(reader.feed(block)):
                found.append(item)  # noqa: PERF402  What came before an error stays.
        found += reader.finish()
    except EOFError:
        found.append(Broken(b"", "the end"))
    return [i._replace(raw=b"") if isinstance(i, Broken) else i for i in found]


@pytest.mark.parametrize("at", [0, 1, TOGETHER - 1, TOGETHER, 3 * TOGETHER])
def test_one_record_that_is_unlike_the_others(at: int) -> None:
    """Wherever it is among them."""
    good = {"message": LINE, "host": "esa01"}
    many = [good] * (3 * TOGETHER)
    for odd, kept in (
        ({"message": f"{LINE}\n{LINE}", "host": "esa01"}, 2),
        ({"message": LINE, "host": "é", "more": {"a": [1, {}]}}, 1),
        ({"message": 1}, 0),
    ):
        every = [*many[:at], odd, *many[at:]]
        text = decode([b"\n".join(map(orjson.dumps, every))], "json")
        stream = decode([b"".join(map(msgpack.packb, every))], "msgpack")
        for found in (text, stream):
            found.assert_accounted()
            assert len(found.results) == len(many) + kept
            assert len(found.dead) == (not kept)


@example([0, 3], 1, 200)
@example([0, 4], 2, 200)
@given(
    st.lists(st.integers(0, 30), max_size=20), st.integers(1, 9), st.integers(1, 200)
)
def test_lines_of_any_length_are_cut_alike(
    lengths: list[int], most: int, size: int
) -> None:
    """Long ones are looked for by stretches, not line by line."""
    lines = [b"x" * length for length in lengths]
    data = b"".join(line + b"\n" for line in lines)
    splitter = LineSplitter(most)
    found = [
        line
        for at in range(0, len(data), size)
        for line in splitter.feed(data[at : at + size])
    ]
    assert found == [line[: most + 1] for line in lines]


@pytest.mark.parametrize("size", [1, 7, 4096])
@pytest.mark.parametrize("hole", [5, 200, 10_000])
def test_a_hole_before_a_line_takes_no_part_of_it(hole: int, size: int) -> None:
    """`copytruncate` of logrotate leaves one; it may be longer than any line."""
    data = b"first\n" + b"\0" * hole + b"second, with \0 in it\nthird\n"
    splitter = LineSplitter(100)
    found = [
        line
        for at in range(0, len(data), size)
        for line in splitter.feed(data[at : at + size])
    ]
    assert [line.lstrip(b"\0") for line in found] == [
        b"first",
        b"second, with \0 in it",
        b"third",
    ]


@pytest.mark.parametrize(
    ("time", "read"),
    [
        (1_240_398_000, "2009-04-22T11:00:00.000+00:00"),
        (1_240_398_000.25, "2009-04-22T11:00:00.250+00:00"),
        ("2009-04-22T11:00:00Z", "2009-04-22T11:00:00Z"),
        (True, None),
        (1e300, None),
        # The EventTime of the forward protocol; another type of as many bytes is none.
        (
            msgpack.ExtType(0, (1_240_398_000 << 32).to_bytes(8)),
            "2009-04-22T11:00:00.000+00:00",
        ),
        (msgpack.ExtType(1, (1_240_398_000 << 32).to_bytes(8)), None),
        (msgpack.ExtType(0, b"1234"), None),
    ],
)
def test_the_time_of_a_record(time: object, read: str | None) -> None:
    packed = msgpack.packb({"message": "a", "time": time})
    (found,) = MsgpackReader(Terms(Keys(), KEEP)).message(packed)
    assert found == [(b"a", None, read)]
