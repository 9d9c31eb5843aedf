"""A dead letter is read again only if it is as it was written; else it is kept."""

import orjson
import pytest

from esa_auth.ecs import dead_letter
from esa_auth.inputs.letters import LetterReader
from esa_auth.inputs.records import Terms
from esa_auth.model.dead_letter import DAMAGED_LETTER, DeadLetter, ReplayHints

LINE = b"Wed Apr 22 11:00:00 2009 Info: SMTP Auth: (ICID 5) new words \xff"
WRITTEN = DeadLetter(LINE, "unread", ("new words",), "esa01", ReplayHints(ordinal=3))


def read(line: bytes) -> list[DeadLetter]:
    reader = LetterReader(Terms(max_line=8192), "esa09")
    return [*reader.feed(line + b"\n"), *reader.finish()]


def test_a_letter_as_it_was_written_is_read_whole() -> None:
    text = orjson.dumps(dead_letter(WRITTEN, "2026-11-28T07:00:00.000Z"))
    assert read(text) == [WRITTEN]


@pytest.mark.parametrize(
    ("group", "name", "value"),
    [
        ("event", "kind", "event"),
        ("event", "hash", "0" * 64),
        ("cisco_esa", "original_base64", "U01UUCBBdXRoOg=="),
        ("cisco_esa", "original_base64", "*"),
        ("cisco_esa", "reasons", [1]),
        ("error", "type", None),
        ("observer", "name", 7),
        ("cisco_esa", "replay", {"ordinal": -1}),
        ("cisco_esa", "replay", {"ordinal": True}),
        ("cisco_esa", "replay", {"last": 253_402_300_800}),
        ("cisco_esa", "replay", {"last": -62_135_596_801}),
        ("cisco_esa", "replay", {"unknown": 1}),
    ],
)
def test_a_letter_that_was_changed_is_kept_as_damaged(
    group: str, name: str, value: object
) -> None:
    document = dead_letter(WRITTEN, "2026-11-28T07:00:00.000Z")
    document[group] |= {name: value}
    line = orjson.dumps(document)
    (found,) = read(line)
    assert (found.raw, found.why, found.appliance) == (line, DAMAGED_LETTER, "esa09")


@pytest.mark.parametrize("last", [253_402_300_799, -62_135_596_800])
def test_the_first_and_the_last_second_are_within_bounds(last: int) -> None:
    document = dead_letter(WRITTEN, "2026-11-28T07:00:00.000Z")
    document["cisco_esa"]["replay"] = {"last": last}
    (found,) = read(orjson.dumps(document))
    assert found.hints == ReplayHints(last=last)
