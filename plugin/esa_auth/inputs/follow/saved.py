"""The saved positions of a follower, in types that JSON and msgpack know."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from esa_auth.errors import StateVersionError
from esa_auth.inputs.follow.record import (
    Record,
    from_plain,
    name_to_text,
    text_to_name,
    to_plain,
)

_VERSION = 1
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Saved:
    """What a follower goes on with.

    Attributes:
        patterns: What was followed: rotated files of these logs that are not known are
            newer than the positions, those of other logs are older.
        records: The files.
        malformed: Entries that could not be read; these files are read again.
    """

    patterns: frozenset[str] = frozenset()
    records: tuple[Record, ...] = ()
    malformed: int = 0


def encode(patterns: Iterable[str], records: Iterable[Record]) -> dict[str, Any]:
    """Return what `decode` reads."""
    return {
        "version": _VERSION,
        "patterns": sorted(map(name_to_text, patterns)),
        "files": [to_plain(record) for record in records],
    }


def all_unread(patterns: Iterable[str]) -> dict[str, Any]:
    """Return positions by which all is read that is there, rotated files too.

    For a start after the true positions were lost: something of a file that was rotated
    since may not have been read.
    """
    return encode(patterns, ())


def decode(positions: Mapping[str, Any] | None, patterns: Iterable[str] = ()) -> Saved:
    """Return what was saved; nothing saved is a first start.

    What is no such thing is as `all_unread` of ``patterns``.

    Raises:
        StateVersionError: it is of a newer version than this program.
    """
    if not positions:
        return Saved()
    try:
        return _decode(positions)
    except (TypeError, ValueError, AttributeError) as error:
        _log.warning("the saved positions cannot be read (%s): all is read", error)
        return Saved(frozenset(patterns), malformed=1)


def _decode(positions: Mapping[str, Any]) -> Saved:
    if positions.get("version", _VERSION) > _VERSION:
        raise StateVersionError(
            f"file positions are of version {positions['version']}; "
            f"this program knows version {_VERSION}"
        )
    followed = frozenset(map(text_to_name, positions.get("patterns", ())))
    records, malformed = [], 0
    for plain in positions.get("files", ()):
        try:
            records.append(from_plain(plain))
        except ValueError as error:
            malformed += 1
            _log.warning("a saved position is left out, its file read again: %s", error)
    return Saved(followed, tuple(records), malformed)
