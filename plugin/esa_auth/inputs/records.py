"""Records: a map with a line in it, and what a framing gives of any input.

Fluentd's `out_exec_filter` sends a map per record; in_tail's strings are binary in
msgpack (seen on Fluentd 1.19.3), so both kinds of string are taken.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import msgpack

try:
    from esa_auth import _native
except ImportError:
    _native = None  # type: ignore[assignment]  # mypy: a module is never None
if TYPE_CHECKING:
    from esa_auth._native import JsonRecords

# As in a header of syslog; each name of an appliance is held.
_LONGEST_HOST = 255
# Where a line has no host, Fluentd's in_syslog takes the log subscription for it, with
# its colon ("mail_logs:"); others take the colon off. AsyncOS's own names of the logs
# that have logins, which all appliances share:
_SUBSCRIPTIONS = frozenset(
    {"mail_logs", "authentication", "audit_logs", "cli_logs", "gui_logs", "euqgui_logs"}
)
_EVENT_TIME = 8
# Read at a time: one that is unlike the others makes all of them slower.
TOGETHER = 128

# One physical line and what the record around it says: its host and its time.
Record: TypeAlias = tuple[bytes, str | None, str | None]


class Lines(NamedTuple):
    """Physical lines with nothing around them."""

    lines: list[bytes]


class Broken(NamedTuple):
    """What cannot be used as a line, and why; ``kind`` is the `error.type`."""

    raw: bytes
    reason: str
    kind: str = "broken_record"

    @classmethod
    def cut(cls, raw: bytes) -> "Broken":
        """Return the beginning of a line whose end did not come."""
        return cls(raw, "the input breaks off inside this line", "cut")


# What a framing gives, in the order of the input.
Piece: TypeAlias = Lines | list[Record] | Broken


@dataclass(frozen=True, slots=True)
class Keys:
    """Names of the record's fields; dots lead into nested maps."""

    message: str = "message"
    host: str = "host"
    time: str = "time"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a framing is read by: names of fields, and the bytes of the longest line.

    ``native`` lets native code, where it is built, read what is plain.
    """

    keys: Keys = Keys()
    max_line: int = 65_536
    native: bool = False


class RecordReader:
    """Takes the records apart, one message may hold several physical lines."""

    def __init__(self, terms: Terms) -> None:
        keys = terms.keys
        self._message = keys.message.split(".")
        self._host = keys.host.split(".")
        self._time = keys.time.split(".")
        self._keep = terms.max_line + 1
        flat = "." not in keys.message + keys.host + keys.time
        self._names = (keys.message, keys.host, keys.time) if flat else None

    def native(self) -> "JsonRecords | None":
        """Return what reads plain JSON records natively; None: it is not built."""
        if self._names is None or _native is None:
            return None
        return _native.JsonRecords(
            self._names, self._keep, _LONGEST_HOST, sorted(_SUBSCRIPTIONS)
        )

    def plain(self, documents: list[Any]) -> list[Record] | None:
        """Read records as nearly all are: of one line, names and stamps in ASCII.

        None if one of them is not.
        """
        if self._names is None or set(map(type, documents)) != {dict}:
            return None
        message, host, time = (
            [document.get(name) for document in documents] for name in self._names
        )
        raws = _plain_lines(message, self._keep)
        if raws is None or not (_are_plain(host) and _are_plain(time)):
            return None
        return list(zip(raws, host, time, strict=True))

    def document(self, document: Any, raw: bytes) -> list[Record] | Broken:
        """Read one decoded record; ``raw`` is kept if it is no use."""
        message = _bytes(_dig(document, self._message))
        if message is None:
            key = ".".join(self._message)
            return Broken(raw, f"no text under the key {key!r}")
        host = _text(_dig(document, self._host))
        if host is not None:
            if len(host) > _LONGEST_HOST:
                key = ".".join(self._host)
                return Broken(raw, f"{key!r} is longer than {_LONGEST_HOST} letters")
            # An IPv6 address may end in colons.
            if host in _SUBSCRIPTIONS or (host[-1] == ":" and host[-2:] != "::"):
                host = None
        time = _time(_dig(document, self._time))
        if b"\n" not in message:
            return [(message[: self._keep], host, time)]
        first, *rest = message.split(b"\n")
        # Only the first line is the record's; the rest must show their own stamp.
        return [
            (first[: self._keep], host, time),
            *((x[: self._keep], host, None) for x in rest if x.strip()),
        ]


def _plain_lines(messages: list[Any], keep: int) -> list[bytes] | None:
    """Return the bytes of texts that are one line each, and not too long."""
    kinds = set(map(type, messages))
    if kinds == {str}:
        try:
            messages = [message.encode() for message in messages]
        except UnicodeEncodeError:
            return None
    elif kinds != {bytes}:
        return None
    text = b"\n".join(messages)
    if text.count(b"\n") != len(messages) - 1:
        return None
    too_long = len(text) > keep and max(map(len, messages)) > keep
    return None if too_long else messages


def _are_plain(values: list[Any]) -> bool:
    """Return whether each is missing, or text as nearly all is; few are different."""
    try:
        different = set(values)
    except TypeError:
        return False
    return all(value is None or _is_plain(value) for value in different)


def _is_plain(value: Any) -> bool:
    if type(value) is not str or not value.isascii():
        return False
    # What may be the name of a log in the place of a host is looked at on its own.
    odd = value[-1:] == ":" or value in _SUBSCRIPTIONS
    return 0 < len(value) <= _LONGEST_HOST and not odd


def _dig(document: Any, path: list[str]) -> Any:
    for key in path:
        if not isinstance(document, dict):
            return None
        document = document.get(key)
    return document


def _bytes(value: Any) -> bytes | None:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    return value if isinstance(value, bytes) else None


def _text(value: Any) -> str | None:
    if isinstance(value, str) and value.isascii():
        return value or None
    raw = _bytes(value)
    return raw.decode("utf-8", "replace") if raw else None


def _time(value: Any) -> str | None:
    """Return a record's time as RFC 3339: epoch seconds, or text as it is."""
    if value is None:
        return None
    if isinstance(value, msgpack.Timestamp):
        value = value.to_unix()
    if isinstance(value, msgpack.ExtType):
        # Fluentd's EventTime, forward protocol v1: two big-endian 32-bit words.
        whole = value.code == 0 and len(value.data) == _EVENT_TIME
        value = int.from_bytes(value.data[:4], "big") if whole else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value, UTC).isoformat(timespec="milliseconds")
        except (ValueError, OverflowError, OSError):
            return None
    return _text(value)
