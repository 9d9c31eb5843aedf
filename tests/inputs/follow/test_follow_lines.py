r"""Cutting bytes into lines: only at ``\n``, whatever the blocks, in bounded memory."""

from hypothesis import given
from hypothesis import strategies as st
from tests.inputs.follow.follow_scene import Log, Reader

from esa_auth.inputs.follow.record import Mode
from esa_auth.inputs.follow.source import cut

CAP = 8
PIECES = st.lists(
    st.sampled_from([b"a", b"\n", b"\r", b"\0", b"bcd", b"\xff\xfe", b"x" * 9])
).map(b"".join)


def whole(data: bytes, blocks: list[int]) -> tuple[list[bytes], list[bytes]]:
    """Cut ``data`` in blocks of the given sizes; return lines and truncated lines."""
    mode: Mode = "start"
    lines: list[bytes] = []
    truncated: list[bytes] = []
    pending = b""
    while data:
        size = blocks.pop() if blocks else len(data)
        block, data = pending + data[:size], data[size:]
        result = cut(block, mode, CAP)
        lines += result.lines
        truncated += [result.lines[i] for i in result.truncated]
        pending, mode = block[result.consumed :], result.mode
        assert len(pending) <= CAP
    return lines, truncated


@given(PIECES, st.lists(st.integers(1, 12)))
def test_the_same_lines_whatever_the_blocks(data: bytes, blocks: list[int]) -> None:
    text = data.lstrip(b"\0")
    physical = text.split(b"\n")
    last = physical.pop()
    expected = [line[:CAP] for line in physical]
    long = [line[:CAP] for line in physical if len(line) > CAP]
    if len(last) > CAP:
        expected.append(last[:CAP])
        long.append(last[:CAP])
    assert whole(data, blocks) == (expected, long)


def test_a_line_of_the_longest_length_is_whole() -> None:
    assert cut(b"x" * CAP + b"\n", "line", CAP).truncated == ()
    assert cut(b"x" * CAP, "line", CAP).lines == []


def test_the_rest_of_a_long_line_is_no_line() -> None:
    first = cut(b"x" * 20, "line", CAP)
    assert (first.lines, first.truncated, first.mode) == ([b"x" * CAP], (0,), "skip")
    second = cut(b"SMTP Auth: forged\nnext\n", first.mode, CAP)
    assert (second.lines, second.skipped, second.mode) == ([b"next"], 18, "line")


def test_nuls_are_passed_over_at_the_start_only() -> None:
    result = cut(b"\0\0a\0b\n\0c\n", "start", CAP)
    assert (result.lines, result.skipped) == ([b"a\0b", b"\0c"], 2)


def test_only_a_newline_ends_a_line(log: Log, reader: Reader) -> None:
    odd = "a\rb\x0bc\x0cd\x1ce\x85f\u2028g".encode() + b"\x85\xff\r"
    log.raw(odd + b"\n")
    assert reader.poll() == [odd]


def test_a_chunk_says_where_its_lines_begin_and_end(log: Log, reader: Reader) -> None:
    log.raw(b"\0\0\0one\ntwo\nhal")
    (chunk,) = reader.follower.poll()
    assert chunk.lines == [b"one", b"two"]
    assert (chunk.start, chunk.position.offset, chunk.truncated) == (3, 11, ())
    assert (chunk.path, chunk.log) == (str(log.path), str(log.path))
    log.raw(b"f\n")
    (chunk,) = reader.follower.poll()
    assert (chunk.lines, chunk.start, chunk.position.offset) == ([b"half"], 11, 16)
