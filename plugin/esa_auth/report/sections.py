"""The data of a report -> what stands in the page, to be read without any script."""

from typing import Any

from esa_auth.report import charted, listed
from esa_auth.report.markup import (
    NUMBER,
    TIME,
    Column,
    Html,
    isolated,
    join,
    note,
    number,
    pick,
    row,
    table,
    tag,
    time,
)

# What `document` returns.
Data = dict[str, Any]

_NOT_ASKED = (
    "By the detections of conf/sigma that name an account; first_seen_network compares"
    " with thirty days before and is left to the SIEM. auth_without_tls is shown for"
    " logins that succeeded."
)


def sections(data: Data) -> list[tuple[str, str, Html]]:
    """Return the parts of the page: id, title, content."""
    parts = (
        ("glance", "At a glance", _glance),
        ("risk", "Accounts at risk", _risk),
        ("time", "Outcomes over time", charted.timeline),
        ("sources", "Top sources", charted.sources),
        ("matrix", "Who tried whom", charted.matrix),
        ("tls", "TLS", charted.tls),
        ("mechanisms", "Mechanisms", charted.mechanisms),
        ("sessions", "Sessions after a login", listed.sessions),
        ("outbound", "Outbound relay failures", listed.refusals),
        ("notices", "Notices", listed.notices),
        ("administrators", "Logins to the appliance itself", listed.administrators),
        ("attempts", "Attempts", listed.attempts),
    )
    return [(name, title, write(data)) for name, title, write in parts]


def about(data: Data) -> Html:
    """Return what the head says of the reading."""
    known = data["about"]
    span = f"{time(known['first'])} to {time(known['last'])}" if known["first"] else ""
    limits = [
        f"{word} {time(known[word])}" for word in ("since", "until") if known[word]
    ]
    chosen = known["appliance"]
    facts = (
        ("Time", span or "no events"),
        ("Asked for", ", ".join(limits) or None),
        ("Only appliance", isolated(chosen) if chosen else None),
        ("Events", number(known["events"])),
        (f"Appliances ({known['appliances']})", _appliances(known["events_of"])),
        (f"Files ({number(known['files'])})", _files(known)),
    )
    return join(
        tag("div", tag("dt", name), tag("dd", text)) for name, text in facts if text
    )


def _appliances(found: list[tuple[str, int]]) -> Html:
    return join(
        join([", " if place else "", isolated(name), f" ({number(events)} events)"])
        for place, (name, events) in enumerate(found)
    )


def _files(known: Data) -> Html:
    names = known["names"]
    more = known["files"] - len(names)
    shown = [
        join([", " if place else "", isolated(name)])
        for place, name in enumerate(names)
    ]
    return join([*shown, f" and {number(more)} more" if more else ""])


def _glance(data: Data) -> Html:
    headline = data["headline"]
    attempts, failures = headline["attempts"], headline["failures"]
    share = f" ({round(100 * failures / attempts)} %)" if attempts else ""
    risk = headline["risk"]
    figures = (
        ("attempts", number(attempts), False),
        (f"failures{share}", number(failures), failures > 0),
        ("accounts at risk", number(risk), risk > 0),
        ("users tried", headline["users"], False),
        ("sources", headline["sources"], False),
    )
    shown = [
        tag("div", tag("dt", t), tag("dd", v), class_="failure" if bad else None)
        for t, v, bad in figures
    ]
    out = headline["relayed"]
    said = f"{number(attempts - out)} attempts at the appliance and {number(out)} of"
    said += " the appliance at other servers. Users and sources are of the former."
    notes = [said, *data["about"]["notes"]]
    return join([tag("dl", *shown, class_="figures"), *map(note, notes)])


def _risk(data: Data) -> Html:
    columns: tuple[Column, ...] = (
        *(("Account", ""), ("Level", ""), ("Detection", ""), ("What", "text")),
        *(("Times", NUMBER), ("First", TIME), ("Last", TIME)),
    )
    rows = [
        row(
            (
                pick(account["user"], user=account["pick"]),
                tag("span", finding["level"], class_=f"level {finding['level']}"),
                tag("code", finding["rule"]),
                finding["words"],
                finding["count"],
                time(finding["first"]),
                time(finding["last"]),
            ),
            columns,
        )
        for account in data["risk"]
        for finding in account["findings"]
    ]
    if not rows:
        return join([note("None."), note(_NOT_ASKED)])
    shown = f"{len(data['risk'])} of {number(data['headline']['risk'])} accounts"
    return join([table(shown, columns, rows, "accounts-at-risk"), note(_NOT_ASKED)])
