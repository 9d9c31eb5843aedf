"""What an input looks like that is no log of an ESA, and what to do about it. Pure."""

import csv
import re
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import orjson

from esa_auth.envelope import read_prefix

_LINES = 200
_SHOWN = 60
_COLUMNS = 3
# Of the lines that are looked at, those that must have a form.
_MOST = 0.8

Test = Callable[[bytes], str | None]


class Look(NamedTuple):
    """``test`` says what a sample is, or None; ``remedy`` what to do with one."""

    test: Test
    remedy: str


def looks_like(sample: bytes) -> str:
    """Return what the beginning of an input looks like, and what to do about it."""
    for look in LOOKS:
        if (name := look.test(sample)) is not None:
            return f"it looks like {name}: {look.remedy}"
    first = next((line for line in sample.splitlines() if line.strip()), b"")
    shown = first[:_SHOWN].decode("utf-8", "backslashreplace")
    return f"it begins with {shown!r}: `esa-auth explain` says how a line is read"


def holds(sample: bytes, *, refused: bool) -> str | None:
    """Return what it is that has lines of an appliance in it, and is no mail log.

    If some were ``refused`` as lines of the AUTH family, it can only be of ours.
    """
    for look in (_OURS,) if refused else (_OURS, *_BODIES):
        if (name := look.test(sample)) is not None:
            return f"it looks like {name}: {look.remedy}"
    return None


def _begins(name: str, *magics: bytes) -> Test:
    return lambda sample: name if sample.startswith(magics) else None


def _first(name: str, pattern: bytes) -> Test:
    """Match at the beginning, blanks and a BOM before it left out."""
    found = re.compile(pattern, re.IGNORECASE)
    text = re.compile(rb"(?:\xef\xbb\xbf)?\s*")

    def test(sample: bytes) -> str | None:
        start = text.match(sample)
        return name if found.match(sample, start.end() if start else 0) else None

    return test


def _most(name: str, pattern: bytes) -> Test:
    """Match in most of the lines."""
    found = re.compile(pattern)

    def test(sample: bytes) -> str | None:
        lines = _lines(sample)
        hits = sum(found.search(line) is not None for line in lines)
        return name if lines and hits >= _MOST * len(lines) else None

    return test


def _lines(sample: bytes) -> list[bytes]:
    """Return lines that are not empty; the last one may be cut."""
    lines = [line for line in sample.split(b"\n") if line.strip()]
    return lines[: max(1, min(_LINES, len(lines) - 1))]


def _utf_16(sample: bytes) -> str | None:
    """Text of Latin letters has a NUL in each pair of bytes, always on one side."""
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    pairs = len(sample) // 2
    first, second = sample[::2].count(0), sample[1::2].count(0)
    more, less = max(first, second), min(first, second)
    return "UTF-16" if pairs and more > pairs // 2 and less * 20 < more else None


def _binary(sample: bytes) -> str | None:
    """Bytes that no text has."""
    odd = sum(sample.count(byte) for byte in range(32) if byte not in b"\t\n\r\f\x1b")
    replaced = len(re.findall("\ufffd", sample.decode("utf-8", "replace")))
    if (odd + replaced) * 10 < len(sample) or not sample:
        return None
    return f"binary data (it begins with {sample[:4].hex(' ')})"


def _json(sample: bytes) -> str | None:
    """Records, one a line; their keys tell which one holds the line."""
    lines = _lines(sample)
    records = [record for line in lines[:20] if (record := _record(line)) is not None]
    if len(records) < _MOST * len(lines[:20]) or not records:
        return None
    keys = ", ".join(sorted(map(repr, records[0]))[:8])
    return f"JSON with the keys {keys}"[:400]


def _record(line: bytes) -> dict[str, object] | None:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _ours(sample: bytes) -> str | None:
    """Ours, or ours as the text of a record around them."""
    first = _record(next(iter(_lines(sample)), b"")) or {}
    for text in first.values():
        if isinstance(text, str) and text.startswith("{"):
            first = _record(text.encode("utf-8", "replace")) or first
    if not {"@timestamp", "ecs", "event"} <= first.keys():
        return None
    about = first["event"]
    dead = isinstance(about, dict) and about.get("kind") == "pipeline_error"
    return f"{'dead letters' if dead else 'events'} of esa-auth already"


def _syslog(sample: bytes) -> str | None:
    """Stamp, host and program, and no level as AsyncOS writes it."""
    lines = _lines(sample)
    heads = [read_prefix(line) for line in lines]
    programs = Counter(
        (head.program or "").partition("[")[0]
        for head in heads
        if head.stamp is not None and head.level is None and head.program
    )
    if not lines or programs.total() < _MOST * len(lines):
        return None
    most = ", ".join(name for name, _ in programs.most_common(3))
    return f"syslog of other programs ({most})"[:200]


def _table(sample: bytes) -> str | None:
    """Rows of as many columns each."""
    text = [line.decode("utf-8", "replace") for line in _lines(sample)]
    for separator, name in ((",", "CSV"), (";", "CSV"), ("\t", "a table with tabs")):
        try:
            rows = list(csv.reader(text, delimiter=separator))
        except csv.Error:
            continue
        widths = Counter(map(len, rows))
        width, rows_so = max(widths.items(), key=lambda x: x[1], default=(0, 0))
        if width >= _COLUMNS and rows_so >= max(2, _MOST * len(rows)):
            return name
    return None


_UNPACK = "`esa-auth convert FILE` unpacks it"
_BY_HAND = "unpack it, then give what is in it"
_RAW = "give the log itself (Text Mail Logs, as the appliance writes it)"
_SUBSCRIBE = f"it has no SMTP AUTH lines; {_RAW}"


def _old_mac(sample: bytes) -> str | None:
    """To us, which split at LF only, it is one line."""
    alone = sample.count(b"\r") - sample.count(b"\r\n")
    few = sample.count(b"\n") * _COLUMNS < alone
    return "a text whose lines end in CR alone" if alone >= _COLUMNS and few else None


_OURS = Look(_ours, "`esa-auth report` and `watch` read events, `replay` dead letters")
# Of Cisco's own, with the heads of a mail log before them.
_BODIES = (
    Look(_old_mac, "end them with LF (tr '\\r' '\\n')"),
    Look(_most("CEF", rb"CEF: ?[0-9]\|"), f"a consolidated event log; {_SUBSCRIBE}"),
    Look(_most("LEEF", rb"LEEF: ?[0-9.]+\|"), _SUBSCRIBE),
    Look(
        _most(
            "an access log of a web proxy",
            rb"(?:^|Info: )[0-9]{9,10}\.[0-9]{1,6} +-?[0-9]+ \S+ [A-Z_]+/[0-9]{3} ",
        ),
        _SUBSCRIBE,
    ),
)
LOOKS = (
    Look(_begins("gzip", b"\x1f\x8b"), _UNPACK),
    Look(
        _begins("zstd", b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18"),
        _UNPACK,
    ),
    Look(_begins("xz", b"\xfd7zXZ\0"), _UNPACK),
    Look(_first("bzip2", rb"BZh[1-9]"), _UNPACK),
    Look(_begins("zip", b"PK\x03\x04", b"PK\x05\x06"), _BY_HAND),
    Look(
        _begins(
            "compressed data", b"\x04\x22\x4d\x18", b"7z\xbc\xaf\x27\x1c", b"\x1f\x9d"
        ),
        _BY_HAND,
    ),
    Look(lambda s: "tar" if s[257:262] == b"ustar" else None, _BY_HAND),
    Look(_utf_16, "save it as UTF-8 (iconv -f UTF-16 -t UTF-8)"),
    Look(_binary, _RAW),
    _OURS,
    Look(_json, "name the key that holds the line in `input.record.message`"),
    Look(_first("JSON", rb"[\[{]\s*[\"{\[\]}]"), "write one record a line (jq -c)"),
    Look(_first("XML or HTML", rb"<(?:\?xml|!doctype|html|events?\b)"), _RAW),
    *_BODIES,
    Look(
        _most(
            "an access log of a web server", rb'\[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:.*"'
        ),
        _SUBSCRIBE,
    ),
    Look(_first("a W3C log", rb"#(?:version|software|fields|date):"), _SUBSCRIBE),
    Look(_first("a mail", rb"(?:return-path|received|delivered-to): |from \S+@"), _RAW),
    Look(_syslog, _SUBSCRIBE),
    Look(_table, f"an export of lines, perhaps; {_RAW}"),
)
"""From what is told by its first bytes to what only looks alike."""
