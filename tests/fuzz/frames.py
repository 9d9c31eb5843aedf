"""A log's bytes in every framing that is read, and which lines they hold.

Which they are is told by the libraries of the framing, not by what is under test.
"""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import msgpack
import orjson

from tests.support.harness import SETTINGS as USUAL
from tests.support.harness import native, syslog

# 1 July 2009: stamps without a year are of the year of those that have one.
SETTINGS = replace(USUAL, reference=1_246_406_400)

LONGEST_HOST = 255


class Told(NamedTuple):
    """A physical line, its bytes, and what the record around it names, if there is one.

    ``timed`` is whether that gave it a time; a line without any bends no session.
    """

    raw: bytes
    host: str | None
    document: bytes
    timed: bool = False


class Log(NamedTuple):
    """Bytes of stdin in blocks, the lines in them, and how many records are none."""

    form: str
    blocks: list[bytes]
    lines: list[Told]
    broken: int = 0


# A line before it is framed: its bytes, its second and its appliance.
Line = tuple[bytes, int, str]
Frame = Callable[[bytes, int, str], bytes]


def _native(body: bytes, second: int, _: str) -> bytes:
    return native(body, second)


def _rfc5424(body: bytes, second: int, host: str) -> bytes:
    stamp = f"2009-04-22T11:{second // 60:02d}:{second % 60:02d}.5Z"
    return f"<22>1 {stamp} {host} mail_logs - - - Info: ".encode() + body


def _rfc3339(body: bytes, second: int, host: str) -> bytes:
    stamp = f"2009-04-22T13:{second // 60:02d}:{second % 60:02d}+02:00"
    return f"{stamp} {host} mail_logs: Info: ".encode() + body


def _nested(body: bytes, second: int, host: str) -> bytes:
    line = native(body, second)
    return f"<22>Apr 22 11:00:00 {host} forwarder: ".encode() + line


def _short(body: bytes, second: int, _: str) -> bytes:
    # Its header is as long as a native stamp.
    return (
        f"Apr 22 11:{second // 60:02d}:{second % 60:02d} esalogs: Info: ".encode()
        + body
    )


def _relayed(body: bytes, second: int, host: str) -> bytes:
    relayed = syslog(body, second, host).removeprefix(b"<22>")
    # It came at once, or a second later.
    outer = second + len(body) % 2
    return f"<22>Apr 22 11:{outer // 60:02d}:{outer % 60:02d} relay ".encode() + relayed


def _bare(body: bytes, _: int, __: str) -> bytes:
    return b"Info: " + body


FRAMES: dict[str, tuple[Frame, ...]] = {
    "native": (_native,),
    "syslog": (syslog,),
    "rfc5424": (_rfc5424,),
    "mixed": (_native, syslog, _rfc5424, _rfc3339, _nested, _short, _relayed, _bare),
    "json": (_bare, _native, syslog),
    "msgpack": (_bare, _native, syslog),
}


def log_of(form: str, lines: Sequence[Line], chance: random.Random) -> Log:
    """Return framed ``lines`` as the bytes that a host would send them in."""
    if form == "json":
        return log_in("json", b"".join(_json(line, chance) for line in lines), chance)
    if form == "msgpack":
        data = b"".join(_msgpack(line, chance) for line in lines)
        # The stream's end, for behind it nothing could be told apart.
        junk = chance.randbytes(chance.choice((0, 0, 0, 1, 3)))
        return log_in("msgpack", data + junk, chance)
    # By name: a changed first byte could make it another form's.
    return log_in("native", b"".join(raw + b"\n" for raw, _, _ in lines), chance)


def log_in(form: str, data: bytes, chance: random.Random) -> Log:
    """Return ``data`` in two blocks, and which lines are in it."""
    read = {"json": _read_json, "msgpack": _read_msgpack}.get(form, _read_text)
    lines: list[Told] = []
    broken = 0
    for document, found in read(data):
        if found is None:
            broken += 1
            continue
        raws, host = found
        timed = form != "native"
        lines += [Told(raw, host, document, timed) for raw in raws[:1]]
        lines += [Told(raw, host, b"") for raw in raws[1:]]
    at = chance.randrange(len(data) + 1)
    return Log(form, [data[:at], data[at:]], lines, broken)


# Bytes of a document, and its physical lines and host if it is one.
_Found = Iterator[tuple[bytes, tuple[list[bytes], str | None] | None]]


def _read_text(data: bytes) -> _Found:
    *lines, last = data.split(b"\n")
    for raw in [*lines, last] if last else lines:
        yield raw + b"\n", ([raw], None)


def _loaded(document: bytes) -> Any:
    """Return a document, whose texts may hold bytes that are not UTF-8."""
    try:
        return orjson.loads(document)
    except orjson.JSONDecodeError:
        if _is_utf8(document) or b"\\ud" in document.lower():
            raise
        return json.loads(document.decode("utf-8", "surrogateescape"))


def _is_utf8(document: bytes) -> bool:
    try:
        document.decode()
    except UnicodeDecodeError:
        return False
    return True


def _read_json(data: bytes) -> _Found:
    for document in data.split(b"\n"):
        if not document.strip():
            continue
        try:
            yield document + b"\n", _read_record(_loaded(document))
        except (ValueError, RecursionError):
            yield document, None


def _read_msgpack(data: bytes) -> _Found:
    unpacker = msgpack.Unpacker(unicode_errors="surrogateescape", strict_map_key=False)
    unpacker.feed(data)
    at = 0
    try:
        for record in unpacker:
            begun, at = at, unpacker.tell()
            if not isinstance(record, dict | list):
                break
            yield data[begun:at], _read_record(record)
        else:
            if at < len(data):
                yield data[at:], None
            return
    except (msgpack.UnpackException, ValueError, TypeError):
        pass
    # Nothing behind it can be told apart.
    yield data[at:], None


def _read_record(record: object) -> tuple[list[bytes], str | None] | None:
    if not isinstance(record, dict):
        return None
    message, host = _bytes(record.get("message")), _bytes(record.get("host"))
    name = host.decode("utf-8", "replace") if host else None
    if message is None or len(name or "") > LONGEST_HOST:
        return None
    first, *rest = message.split(b"\n")
    return [first, *(line for line in rest if line.strip())], name


def _bytes(value: object) -> bytes | None:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    return value if isinstance(value, bytes) else None


def _record(line: Line, chance: random.Random) -> dict[str, Any]:
    raw, second, host = line
    times = (1240398000 + second, 1240398000.5, f"2009-04-22T11:00:{second:02d}Z")
    record = {"message": raw, "host": host, "time": chance.choice((*times, "x", None))}
    if chance.random() < 0.05:
        del record[chance.choice(list(record))]
    return record


def _json(line: Line, chance: random.Random) -> bytes:
    record = _record(line, chance)
    if "message" in record:
        record["message"] = line[0].decode("utf-8", "replace")
    document = json.dumps(record, ensure_ascii=chance.random() < 0.5).encode()
    if chance.random() < 0.02:
        at = chance.randrange(1, len(document))
        changed = document[:at] + chance.randbytes(1) + document[at + 1 :]
        document = changed.replace(b"\n", b" ")
    return document + b"\n"


def _msgpack(line: Line, chance: random.Random) -> bytes:
    record = _record(line, chance)
    kind = chance.random()
    if kind < 0.3:
        seconds = 1240398000 + line[1]
        record["time"] = msgpack.ExtType(0, seconds.to_bytes(4, "big") + bytes(4))
    elif kind < 0.31:
        record["message"] = kind
    elif kind < 0.6:
        record["message"] = line[0].decode("utf-8", "surrogateescape")
    packed: bytes = msgpack.packb(record, unicode_errors="surrogateescape")
    return packed
