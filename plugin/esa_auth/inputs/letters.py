"""Dead letters as they were written, NDJSON -> letters."""

import hashlib
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import orjson

from esa_auth.inputs.decode import LineSplitter
from esa_auth.inputs.json_lines import JsonLines
from esa_auth.inputs.records import Broken, Terms
from esa_auth.model.dead_letter import (
    BROKEN_RECORD,
    DAMAGED_LETTER,
    DeadLetter,
    ReplayHints,
)

# 0001-01-01 and 9999-12-31, the first and last days that have a date.
_FIRST_SECOND = -62_135_596_800
_LAST_SECOND = 253_402_300_799
_RECALLED: dict[str, type] = {
    "time": str,
    "ordinal": int,
    "offset": int,
    "last": int,
    "version": str,
    "serial": str,
    "session_end": bool,
    "withheld": bool,
    "implausible": bool,
}


class LetterReader:
    """Blocks of a dead letter file -> letters; what is none comes as a damaged one."""

    def __init__(self, terms: Terms, appliance: str) -> None:
        """``appliance`` is for damaged letters, which do not say theirs."""
        # A letter holds its line twice, in escapes of six bytes and in base64, and a
        # broken record may be four times as long as a line.
        self._lines = LineSplitter(terms.max_line * 32 + (1 << 20))
        self._records = JsonLines(terms)
        self._appliance = appliance

    def feed(self, block: bytes) -> Iterator[DeadLetter]:
        """Read the letters that ``block`` completes."""
        for line in self._lines.feed(block):
            yield from self._read(line)

    def finish(self) -> Iterator[DeadLetter]:
        """Read the last letter if it had no newline."""
        for line in self._lines.finish():
            yield from self._read(line)

    def _read(self, line: bytes) -> Iterator[DeadLetter]:
        if not line.strip():
            return
        try:
            letter = _letter(line)
        except (ValueError, TypeError, KeyError) as error:
            why = f"not a dead letter: {type(error).__name__}: {error}"
            yield DeadLetter(
                line, DAMAGED_LETTER, (why,), self._appliance, ReplayHints()
            )
            return
        if letter.why == DAMAGED_LETTER:
            # It was kept as it is by an earlier replay.
            yield from self._read(letter.raw)
        elif letter.why == BROKEN_RECORD:
            yield from self._record(letter)
        else:
            yield letter

    def _record(self, letter: DeadLetter) -> Iterator[DeadLetter]:
        """Read a record again that could not be read, as with other keys."""
        for found in self._records.read([letter.raw]):
            if isinstance(found, Broken):
                yield letter._replace(reasons=(found.reason,))
                continue
            for raw, host, time in found:
                hints = ReplayHints(time=time)
                name = host or letter.appliance
                yield DeadLetter(raw, "unread", letter.reasons, name, hints)


def _letter(line: bytes) -> DeadLetter:
    """Return the letter of ``line``.

    Raises:
        ValueError, TypeError, KeyError: the data is no dead letter.
    """
    document = orjson.loads(line)
    about, own = document["event"], document["cisco_esa"]
    raw = b64decode(own["original_base64"], validate=True)
    if about["kind"] != "pipeline_error":
        raise ValueError("event.kind is another")
    if hashlib.sha256(raw).hexdigest() != about["hash"]:
        raise ValueError("event.hash is not that of the line")
    return DeadLetter(
        raw,
        _text(document["error"]["type"]),
        tuple(_text(reason) for reason in own["reasons"]),
        _text(document["observer"]["name"]),
        _hints(own.get("replay", {})),
    )


def _hints(said: dict[str, Any]) -> ReplayHints:
    for name, value in said.items():
        if type(value) is not _RECALLED[name]:
            raise TypeError(f"cisco_esa.replay.{name}")
    last = said.get("last", 0)
    if said.get("ordinal", 0) < 0 or not _FIRST_SECOND <= last <= _LAST_SECOND:
        raise ValueError("cisco_esa.replay: a number is out of bounds")
    return ReplayHints(**said)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("text expected")
    return value
