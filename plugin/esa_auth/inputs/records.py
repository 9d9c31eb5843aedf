"""JSON and msgpack records, as log shippers hand them to a child -> lines.

Fluentd's `out_exec_filter` sends a map per record; in_tail's strings are binary in
msgpack (seen on Fluentd 1.19.3), so both kinds of string are taken.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgpack
import orjson

# As in a header of syslog; each name of an appliance is held.
_LONGEST_HOST = 255
_EVENT_TIME = 8


class Record(NamedTuple):
    """One physical line and what the record around it says."""

    raw: bytes
    host: str | None
    time: str | None


class Broken(NamedTuple):
    """A record that cannot be used, and why."""

    raw: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Keys:
    """Names of the record's fields; dots lead into nested maps."""

    message: str = "message"
    host: str = "host"
    time: str = "time"


class RecordReader:
    """Takes the records apart, one message may hold several physical lines."""

    def __init__(self, keys: Keys, max_line: int) -> None:
        self._message = keys.message.split(".")
        self._host = keys.host.split(".")
        self._time = keys.time.split(".")
        self._keep = max_line + 1
        flat = "." not in keys.message + keys.host + keys.time
        self._names = (keys.message, keys.host, keys.time) if flat else None

    def json_lines(self, lines: list[bytes]) -> list[Record | Broken]:
        """Read one JSON document a line."""
        found: list[Record | Broken] = []
        for line in lines:
            try:
                document = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                if line and not line.isspace():
                    found.append(Broken(line, f"not JSON: {error}"))
                continue
            plain = self.plain(document)
            if plain is None:
                found += self.document(document, line)
            else:
                found.append(plain)
        return found

    def plain(self, document: Any) -> Record | None:
        """Read a record as nearly all are: of one line, names and stamps in ASCII."""
        if self._names is None or type(document) is not dict:
            return None
        message, host, time = map(document.get, self._names)
        # in_tail's strings are binary in msgpack.
        raw = message if type(message) is bytes else None
        if raw is None and type(message) is str:
            raw = message.encode("utf-8", "surrogateescape")
        if raw is None or b"\n" in raw:
            return None
        if host is not None and not _is_plain(host):
            return None
        if time is not None and not _is_plain(time):
            return None
        return Record(raw[: self._keep], host or None, time or None)

    def document(self, document: Any, raw: bytes) -> Sequence[Record | Broken]:
        """Read one decoded record; ``raw`` is kept if it is no use."""
        message = _bytes(_dig(document, self._message))
        if message is None:
            key = ".".join(self._message)
            return (Broken(raw, f"no text under the key {key!r}"),)
        host = _text(_dig(document, self._host))
        if host is not None and len(host) > _LONGEST_HOST:
            key = ".".join(self._host)
            return (Broken(raw, f"{key!r} is longer than {_LONGEST_HOST} letters"),)
        time = _time(_dig(document, self._time))
        if b"\n" not in message:
            return (Record(message[: self._keep], host, time),)
        first, *rest = message.split(b"\n")
        # Only the first line is the record's; the rest must show their own stamp.
        return [
            Record(first[: self._keep], host, time),
            *(Record(x[: self._keep], host, None) for x in rest if x.strip()),
        ]


class MsgpackReader:
    """A stream of msgpack maps -> records."""

    def __init__(self, reader: RecordReader, max_bytes: int) -> None:
        self._reader = reader
        self._unpacker = msgpack.Unpacker(
            raw=False,
            unicode_errors="surrogateescape",
            strict_map_key=False,
            max_buffer_size=max(max_bytes * 4, 1 << 21),
        )
        # Bytes of the record that is not complete yet, and where it begins.
        self._rest = b""
        self._start = 0

    def feed(self, block: bytes) -> Iterator[Record | Broken]:
        """Read the records that ``block`` completes.

        Yields a `Broken` and stops for good when the stream is no msgpack: without
        its framing nothing after that point can be told apart.
        """
        data, at, origin = self._rest + block, 0, self._start
        try:
            self._unpacker.feed(block)
            for document in self._unpacker:
                begun, at = at, self._unpacker.tell() - origin
                plain = self._reader.plain(document)
                if plain is not None:
                    yield plain
                    continue
                _refuse_scalar(document)
                yield from self._reader.document(document, data[begun:at])
        except (msgpack.UnpackException, ValueError, TypeError) as error:
            # TypeError: a list or a map as the key of a map.
            why = str(error) or type(error).__name__
            yield Broken(data[at : at + 4096], f"not msgpack: {why}")
            self._rest = b""
            raise EOFError from error
        self._rest, self._start = data[at:], origin + at

    def finish(self) -> Iterator[Broken]:
        """Give up the record that the end of the stream cut."""
        if self._rest:
            yield Broken(self._rest[:4096], "not msgpack: cut in the middle")
        self._rest = b""


def _refuse_scalar(document: Any) -> None:
    """Raise `ValueError` for what text looks like: a small number for each letter."""
    if not isinstance(document, dict | list):
        raise ValueError(f"a record is {type(document).__name__}, no map")  # noqa: TRY004


def _is_plain(value: Any) -> bool:
    return type(value) is str and value.isascii() and len(value) <= _LONGEST_HOST


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
