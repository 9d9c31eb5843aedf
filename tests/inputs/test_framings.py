"""A framing is a file and a row: whoever reads input knows it by that alone."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from esa_auth.commands.cli import build_parser
from esa_auth.config import load
from esa_auth.inputs.decode import Decoder, recognised
from esa_auth.inputs.framings import FRAMINGS, MessageReader, among, of_lines
from esa_auth.inputs.records import Broken, Piece, Terms
from tests.support.harness import SETTINGS, decode, ended, inbound, made, native, opened

LINES = [*(native(body) for body in (*opened(), inbound())), native("ICID 450 close")]


class _Marked:
    """``>HOST|LINE``."""

    is_whole_by_itself = False

    def __init__(self, terms: Terms) -> None:
        self.longest = terms.max_line + 64

    def read(self, lines: list[bytes]) -> Iterable[Piece]:
        for line in lines:
            host, bar, raw = line.removeprefix(b">").partition(b"|")
            if bar:
                yield [(raw, host.decode(), None)]
            else:
                yield Broken(line, "no bar")


@pytest.fixture(autouse=True)
def marked() -> Iterator[None]:
    """A row more, as long as a test runs."""
    row = of_lines("marked", _Marked, begins=lambda first: first == ord(">"))
    FRAMINGS.append(row)
    yield
    FRAMINGS.remove(row)


def framed(lines: list[bytes]) -> bytes:
    return b"".join(b">esa07|" + line + b"\n" for line in lines)


@pytest.mark.parametrize("form", ["auto", "marked"])
@pytest.mark.parametrize("size", [1, 7, 1 << 16])
def test_a_stream_in_it_is_read(form: str, size: int) -> None:
    data = b"\r\n" * (form == "auto") + framed(LINES)
    run = decode([data[at : at + size] for at in range(0, len(data), size)], form)
    run.assert_accounted()
    assert [e["observer"]["name"] for e in run.results] == ["esa07"]
    assert [e["source"]["ip"] for e in run.results] == ["198.51.100.7"]


def test_what_breaks_off_in_it_is_refused() -> None:
    pipeline = made(SETTINGS)
    decoder = Decoder(pipeline, among("marked"), Terms())
    decoder.feed(framed(LINES)[:-1])
    decoder.reject_rest()
    run = ended(pipeline)
    run.assert_accounted()
    assert [letter["error"]["type"] for letter in run.dead] == ["cut"]


def test_a_message_of_a_topic_in_it_is_read() -> None:
    for form in ("auto", "marked"):
        found = list(MessageReader(form, Terms(max_line=1024)).read(framed(LINES)))
        assert found == [[(line, "esa07", None)] for line in LINES]


def test_option_and_configuration_know_it(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("input: {format: marked}\n")
    assert load(str(file), {}, 0).input_format == "marked"
    assert build_parser("filter").parse_args(["filter", "--input", "marked"])


def test_the_first_row_is_what_nothing_else_is() -> None:
    assert recognised(FRAMINGS, ord("W")) is FRAMINGS[0]
    assert recognised(FRAMINGS, 0x81).name == "msgpack"
    assert recognised(FRAMINGS, 0x81, lines=True) is FRAMINGS[0]


def test_a_map_of_msgpack_is_known_by_its_first_byte() -> None:
    """Fixmap, map 16 and map 32, and none of their neighbours."""
    maps = {
        first for first in range(256) if recognised(FRAMINGS, first).name == "msgpack"
    }
    assert maps == {*range(0x80, 0x90), 0xDE, 0xDF}
