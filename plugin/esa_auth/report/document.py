"""A tally -> the data of the page, every name of it fit to be shown."""

from typing import Any, TypeAlias

from esa_auth import __version__
from esa_auth.alarms import network
from esa_auth.report.bounded import Distinct, Kept
from esa_auth.report.matrix import matrix
from esa_auth.report.risks import LEVELS, Finding
from esa_auth.report.tally import Event, Tally, country_of, tls_of
from esa_auth.visible import visible

_TOP_SOURCES = 20
_TOP_KINDS = 12
_MOST_ACCOUNTS = 50
_MOST_NAMES = 50
_NAMELESS = "(empty)"
_NO_ADDRESS = "(not known)"


def document(tally: Tally) -> dict[str, Any]:
    """Return plain data: text, numbers, lists; names are cut and hold no control.

    Where a name may be chosen to see its attempts, it stands in ``picks``, and what
    belongs to it has its place there.
    """
    everyone = _at_risk(tally)
    risk = everyone[:_MOST_ACCOUNTS]
    start, good, bad = tally.timeline.series()
    found = matrix(tally.sources.rows)
    top = [address for address, _ in tally.sources.heaviest(_TOP_SOURCES)]
    sources = _places([*found["sources"], *top])
    users = _places([*found["users"], *(user for user, _ in risk)])
    return {
        "about": _about(tally),
        "headline": _headline(tally, len(everyone)),
        "picks": {
            "sources": [_address(address) for address in sources],
            "users": [_user(user) for user in users],
        },
        "risk": [_risk(user, users[user], what) for user, what in risk],
        "timeline": {
            "start": start,
            "width": tally.timeline.width,
            "success": good,
            "failure": bad,
        },
        "sources": _sources(tally, sources),
        "matrix": _matrix(found, sources, users),
        "tls": _kinds(tally.tls),
        "mechanisms": _kinds(tally.mechanisms),
        "sessions": [_session(event) for event in tally.sessions],
        "refusals": _refusals(tally),
        "notices": _kinds(tally.notices),
        "administrators": _administrators(tally),
        "rows": [_row(event, sources, users) for event in tally.rows],
    }


def _headline(tally: Tally, risk: int) -> dict[str, Any]:
    return {
        "attempts": tally.attempts,
        "failures": tally.failures,
        "relayed": tally.relayed,
        "risk": risk,
        "users": _many(tally.users),
        "sources": _many_kept(tally.sources),
    }


def _places(names: list[str]) -> dict[str, int]:
    return {name: place for place, name in enumerate(dict.fromkeys(names))}


Findings: TypeAlias = dict[str, Finding]


def _at_risk(tally: Tally) -> list[tuple[str, Findings]]:
    """Return the accounts, those with the gravest and then the most findings first."""
    for address, row in tally.sources.rows.items():
        for user, pair in row.users.items() if row.sprays else ():
            if address and user and pair.successes:
                tried = len(row.names)
                tally.risks.sprayed(user, address, tried, row.first, row.last)

    def rank(item: tuple[str, Findings]) -> tuple[int, int, str]:
        user, findings = item
        high = sum(LEVELS[rule] == "high" for rule in findings)
        return -high, -len(findings), user

    return sorted(tally.risks.found(), key=rank)


def _risk(user: str, place: int, findings: Findings) -> dict[str, Any]:
    return {
        "user": _user(user),
        "pick": place,
        "findings": [
            {
                "rule": rule,
                "level": LEVELS[rule],
                "words": visible(finding.words),
                "count": finding.count,
                "first": finding.first,
                "last": finding.last,
            }
            for rule, finding in sorted(findings.items(), key=_by_level)
        ],
    }


def _by_level(item: tuple[str, Finding]) -> tuple[bool, str]:
    return LEVELS[item[0]] != "high", item[0]


def _about(tally: Tally) -> dict[str, Any]:
    about = tally.about
    notes = list(about.notes)
    if tally.sources.left_out:
        notes.append(
            f"{tally.sources.left_out} sources with few attempts were left out while "
            "counting; counts of single sources are lower bounds."
        )
    appliances = tally.appliances
    return {
        "version": __version__,
        "made": about.made,
        "files": len(about.files),
        "names": [visible(name) for name in about.files[:_MOST_NAMES]],
        "appliances": _many_kept(appliances),
        "events_of": [
            (visible(name, 60), row[0])
            for name, row in appliances.heaviest(_MOST_NAMES)
        ],
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


def _sources(tally: Tally, places: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "address": _address(address),
            "pick": places[address],
            "name": visible(row.reverse_dns) if row.reverse_dns else None,
            "verified": row.verified,
            "country": visible(row.country) if row.country else None,
            "rules": [
                *(["brute_force_by_source"] if address and row.guesses else []),
                *(["password_spray"] if address and row.sprays else []),
            ],
            "failures": row.failures,
            "successes": row.successes,
            "users": _many(row.names),
            "first": row.first,
            "last": row.last,
        }
        for address, row in tally.sources.heaviest(_TOP_SOURCES)
    ]


def _matrix(
    found: dict[str, Any], sources: dict[str, int], users: dict[str, int]
) -> dict[str, Any]:
    """Return it with names to be shown, and where they stand in the picks."""
    return {
        **found,
        "picks": [
            [sources[name] for name in found["sources"]],
            [users[name] for name in found["users"]],
        ],
        "sources": [_address(name) for name in found["sources"]],
        "users": [visible(n, 40) if n else _NAMELESS for n in found["users"]],
    }


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
        "messages": summary.get("messages", 0),
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


def _row(
    event: Event, sources: dict[str, int], users: dict[str, int]
) -> dict[str, Any]:
    """Return an attempt: its cells, and what it belongs to of the picks."""
    own, observer = event["cisco_esa"], event["observer"]
    outbound = event["event"]["action"] == "smtp-auth-client"
    other = event.get("destination" if outbound else "source", {}).get("ip", "")
    user = event.get("user", {}).get("name", "")
    listener = observer.get("ingress", {}).get("interface", {}).get("alias", "")
    cells = [
        event["@timestamp"],
        event["event"]["outcome"],
        "out" if outbound else "in",
        "" if outbound else _user(user),
        _address(other),
        visible(own.get("reverse_dns", {}).get("name") or ""),
        visible(country_of(event) or "", 40),
        tls_of(event),
        visible(own.get("auth", {}).get("mechanism", ""), 40),
        visible(listener, 40),
        visible(observer["name"], 60),
        visible(own.get("session", {}).get("id", ""), 80),
        visible(event["event"].get("reason", "")),
    ]
    source = None if outbound else sources.get(network(other))
    return {
        "cells": cells,
        "source": source,
        "user": None if outbound else users.get(user.lower()),
    }
