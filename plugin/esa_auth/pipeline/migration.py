"""State of format 1 as entries of today's; the only place that knows format 1.

Format 1 saved facts by the order of their fields. The orders stand below as they were
and never change; of what was saved before a field was added, it is missing at the end.
"""

from collections.abc import Callable, Iterator
from typing import Any

from esa_auth.envelope import read_prefix
from esa_auth.fields import plain
from esa_auth.pipeline.entries import CONNECTION, HEAD, HELD, ORDINALS, packed
from esa_auth.pipeline.loading import unpacked
from esa_auth.rows import taken

_INSTANT = ("epoch", "iso", "zone", "flags")
_OBSERVER = ("name", "version", "serial")
_SERIES = ("current", "other", "score", "jumped")
_HAT = ("icid", "action", "sender_group", "match", "sbrs", "country")
_TLS = ("side", "number", "established", "protocol", "cipher")
_OPENING = {
    "icid": ("icid", "interface", "interface_ip", "address", "reverse_dns", "verified"),
    "dcid": ("dcid", "interface", "address", "port"),
}
_ODD = ("line", "envelope", "times", "rejected")
_ENVELOPE = (
    "body_at",
    "stamp",
    "level",
    "host",
    "program",
    "priority",
    "around",
    "repeated",
)
_SOURCE = (
    "raw",
    "body",
    "instant",
    "observer",
    "event_id",
    "level",
    "program",
    "priority",
    "syslog_host",
    "flags",
    "outside",
    "ordinal",
)
_FACTS = {
    "InboundResult": ("icid", "outcome", "user", "mechanism", "profile"),
    "OutboundResult": ("dcid", "address", "profile", "outcome", "code", "reason"),
    "AuthNotice": ("code", "icid", "user", "profile", "server", "reason"),
    "SessionEnd": ("closed",),
}

Entry = tuple[str, bytes]


def entries_of_snapshot(saved: dict[str, Any]) -> Iterator[Entry]:
    """Yield the entries of an appliance that a checkpoint of format 1 holds.

    Raises:
        ValueError, TypeError, LookupError, AttributeError: not of format 1.
    """
    messages: dict[bytes, list[Any]] = {}
    for mid, icid, recipients in saved["messages"]:
        messages.setdefault(icid.encode(), []).append((mid, recipients))
    held, over = {}, []
    for side, number, session, rows in saved.get("held", []):
        if session is None:
            held[side, number.encode()] = rows
        else:
            over.append((side, number, session, rows))
    order = 0
    for side, table in (("icid", saved["inbound"]), ("dcid", saved["outbound"])):
        inbound = side == "icid"
        for number, kept in table["kept"].items():
            order += 1
            yield _entry(order, order, side, number, {"kept": _kept(kept)})
        for number, session in taken(table["live"]):
            order += 1
            open_ = messages.get(number, []) if inbound else []
            rows = held.get((side, number), [])
            what = _session(side, unpacked(session), open_, rows)
            yield _entry(order, order, side, number, what)
    if over:
        yield _held_entry(over)
    if ordinals := dict(saved["ordinals"]):
        yield f"{ORDINALS}0", packed(ordinals)
    look, series = saved.get("until_look"), saved.get("series")
    odd = {"odd": [_odd(line) for line in saved.get("odd", [])]}
    version, serial = saved["observer"]
    yield _head(version, serial, saved["clock"], look, series, odd)


def entries_of_ledger(read: Callable[[str], bytes | None]) -> Iterator[Entry]:
    """Yield the entries of an appliance whose changelog is of format 1.

    Raises:
        ValueError, TypeError, LookupError, AttributeError: not of format 1.
    """
    head = read(HEAD)
    if head is None:
        raise ValueError("an appliance without its head")
    version, serial, clock, look, order, slots, pieces, *series = unpacked(head)
    counts = {"order": order, "slots": slots, "pieces": pieces}
    yield _head(version, serial, clock, look, series[0] if series else None, counts)
    for n in range(pieces):
        yield f"{ORDINALS}{n}", read(f"{ORDINALS}{n}") or b""
    for n in range(slots):
        if entry := read(f"{CONNECTION}{n}"):
            kind, number, place, value = unpacked(entry)
            side = ("icid", "icid", "dcid", "dcid")[kind]
            if kind in (1, 3):
                fields, open_, *held = value
                what = _session(side, fields, open_, held[0] if held else [])
            else:
                what = {"kept": _kept(value)}
            yield _entry(n, place, side, number, what)
    if rest := read(HELD):
        yield _held_entry(unpacked(rest))


def _head(
    version: Any, serial: Any, clock: Any, look: Any, series: Any, more: dict[str, Any]
) -> Entry:
    head = {"clock": clock, "version": version, "serial": serial, **more}
    if look is not None:
        head["until_look"] = look
    if series is not None:
        head["series"] = _by_name(_SERIES, series)
    return HEAD, packed(head)


def _entry(n: int, order: int, side: str, number: bytes, what: Any) -> Entry:
    entry = {"order": order, "side": side, "number": number, **what}
    return f"{CONNECTION}{n}", packed(entry)


def _held_entry(over: list[Any]) -> Entry:
    sessions = [
        {
            "side": side,
            "number": number.encode(),
            "session": _fields(side, session),
            "held": [_event(row) for row in rows],
        }
        for side, number, session, rows in over
    ]
    return HELD, packed(sessions)


def _kept(kept: bytes) -> bytes:
    """Return kept lines with today's mark of those that lack an opening line."""
    lines = kept.partition(b" ")[2]
    return kept if lines[:4].lower() == b"new " else b"+" + kept


def _session(side: str, saved: Any, messages: Any, rows: Any) -> dict[str, Any]:
    return {
        "session": _fields(side, saved),
        "messages": [{"mid": mid, "recipients": count} for mid, count in messages],
        "held": [_event(row) for row in rows],
    }


def _fields(side: str, saved: dict[str, Any]) -> dict[str, Any]:
    orders = {
        "first": _INSTANT,
        "opened": _INSTANT,
        "last": _INSTANT,
        "opening": _OPENING[side],
        "hat": _HAT,
        "tls": _TLS,
    }
    return {
        name: _by_name(orders[name], value) if name in orders and value else value
        for name, value in saved.items()
    }


def _event(row: list[Any]) -> dict[str, Any]:
    turn, kind, fact, source, patience = row
    source = _by_name(_SOURCE, source)
    source["instant"] = _by_name(_INSTANT, source["instant"])
    source["observer"] = _by_name(_OBSERVER, source["observer"])
    return {
        "turn": turn,
        "kind": kind,
        "fact": _by_name(_FACTS[kind], fact),
        "source": source,
        "patience": patience,
    }


def _odd(row: list[Any]) -> dict[str, Any]:
    odd = _by_name(_ODD, row)
    saved = odd["envelope"]
    # None stood for a native line of level Info.
    known = plain(read_prefix(odd["line"])) if saved is None else None
    return odd | {"envelope": known or _by_name(_ENVELOPE, saved)}


def _by_name(names: tuple[str, ...], values: list[Any]) -> dict[str, Any]:
    """Return the values by name; a field that was added later is left out."""
    return dict(zip(names, values, strict=False))
