"""A tally -> the data of the page, every name of it fit to be shown."""

from typing import Any

from esa_auth import __version__
from esa_auth.report.bounded import Distinct, Kept
from esa_auth.report.matrix import matrix
from esa_auth.report.source import MOST_ACCOUNTS, accounts_at_risk
from esa_auth.report.tally import Event, Tally
from esa_auth.visible import visible

_TOP_SOURCES = 20
_TOP_KINDS = 12
_MOST_REASONS = 5
_NAMELESS = "(empty)"
_NO_ADDRESS = "(not known)"


def document(tally: Tally) -> dict[str, Any]:
    """Return plain data: text, numbers, lists; names are cut and hold no control."""
    risk = accounts_at_risk(tally.sources.rows, tally.sessions)
    start, good, bad = tally.timeline.series()
    return {
        "about": _about(tally),
        "headline": {
            "attempts": tally.attempts,
            "failures": tally.failures,
            "risk": len(risk),
            "users": _many(tally.users),
            "sources": _many_kept(tally.sources),
        },
        "risk": [
            [_user(name), _some(reasons)] for name, reasons in risk[:MOST_ACCOUNTS]
        ],
        "timeline": {
            "start": start,
            "width": tally.timeline.width,
            "success": good,
            "failure": bad,
        },
        "sources": _sources(tally),
        "matrix": _matrix(tally),
        "tls": _kinds(tally.tls),
        "mechanisms": _kinds(tally.mechanisms),
        "sessions": [_session(event) for event in tally.sessions],
        "refusals": _refusals(tally),
        "notices": _kinds(tally.notices),
        "administrators": _administrators(tally),
        "rows": [_row(event) for event in tally.rows],
    }


def _some(reasons: list[str]) -> list[str]:
    more = len(reasons) - _MOST_REASONS
    shown = [visible(reason) for reason in reasons[:_MOST_REASONS]]
    return [*shown, f"and {more} more"] if more > 0 else shown


def _about(tally: Tally) -> dict[str, Any]:
    about = tally.about
    notes = list(about.notes)
    if tally.sources.left_out:
        notes.append(
            f"{tally.sources.left_out} sources with few attempts were left out while "
            "counting; counts of single sources are lower bounds."
        )
    return {
        "version": __version__,
        "made": about.made,
        "files": about.files,
        "events": tally.events,
        "first": tally.first if tally.events else None,
        "last": tally.last if tally.events else None,
        "since": about.since,
        "until": about.until,
        "appliance": visible(about.appliance) if about.appliance else None,
        "notes": [visible(note, 400) for note in notes],
    }


def _many(distinct: Distinct) -> str:
    return f"{len(distinct):,}" if distinct.exact else f"about {len(distinct):,}"


def _many_kept(kept: Kept[Any]) -> str:
    return f"{len(kept):,}" if not kept.left_out else f"more than {len(kept):,}"


def _user(name: str) -> str:
    return visible(name) if name else _NAMELESS


def _address(text: str) -> str:
    return text or _NO_ADDRESS


def _sources(tally: Tally) -> list[dict[str, Any]]:
    return [
        {
            "address": _address(address),
            "name": visible(row.reverse_dns) if row.reverse_dns else None,
            "verified": row.verified,
            "country": visible(row.country) if row.country else None,
            "failures": row.failures,
            "successes": row.successes,
            "users": _many(row.names),
            "first": row.first,
            "last": row.last,
        }
        for address, row in tally.sources.heaviest(_TOP_SOURCES)
    ]


def _matrix(tally: Tally) -> dict[str, Any]:
    found = matrix(tally.sources.rows)
    found["sources"] = [_address(name) for name in found["sources"]]
    found["users"] = [visible(n, 40) if n else _NAMELESS for n in found["users"]]
    return found


def _kinds(kept: Kept[list[int]]) -> list[tuple[str, int, int]]:
    """Return (name, successes, failures), the rest under one name."""
    ordered = [
        (visible(name, 60), good, bad) for name, (good, bad) in kept.heaviest(len(kept))
    ]
    top, rest = ordered[:_TOP_KINDS], ordered[_TOP_KINDS:]
    if rest:
        top.append(("other", sum(r[1] for r in rest), sum(r[2] for r in rest)))
    return top


def _session(event: Event) -> dict[str, Any]:
    own = event["cisco_esa"]
    summary = own["summary"]
    return {
        "time": event["@timestamp"],
        "user": _user(event.get("user", {}).get("name", "")),
        "address": _address(event.get("source", {}).get("ip", "")),
        "session": visible(own["session"].get("id", "")),
        "attempts": summary["attempts"],
        "failures": summary["failures"],
        "messages": summary["messages"],
        "recipients": summary["recipients"],
    }


def _refusals(tally: Tally) -> list[dict[str, Any]]:
    found = []
    for key, row in tally.refusals.heaviest(_TOP_SOURCES):
        address, profile, code, reason = key.split("\0", 3)
        found.append(
            {
                "address": _address(address),
                "profile": profile,
                "code": code,
                "reason": reason,
                "count": row.count,
                "last": row.last,
            }
        )
    return found


def _administrators(tally: Tally) -> list[dict[str, Any]]:
    found = []
    for key, row in tally.administrators.heaviest(_TOP_SOURCES):
        address, _, user = key.partition("\0")
        found.append(
            {
                "user": user or _NAMELESS,
                "address": _address(address),
                "interfaces": ", ".join(sorted(row.interfaces)),
                "failures": row.failures,
                "successes": row.successes,
                "last": row.last,
            }
        )
    return found


def _row(event: Event) -> list[str]:
    own = event["cisco_esa"]
    outbound = event["event"]["action"] == "smtp-auth-client"
    other = event.get("destination" if outbound else "source", {}).get("ip", "")
    return [
        event["@timestamp"],
        event["event"]["outcome"],
        "out" if outbound else "in",
        _user(event.get("user", {}).get("name", "")) if not outbound else "",
        _address(other),
        visible(own.get("reverse_dns", {}).get("name", "")),
        visible(own.get("auth", {}).get("mechanism", ""), 40),
        visible(event["observer"]["name"], 60),
        visible(event["event"].get("reason", "")),
    ]
