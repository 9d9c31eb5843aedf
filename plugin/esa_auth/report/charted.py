"""What is drawn as a chart or as shades, and the numbers of it as tables."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from esa_auth.report.markup import (
    COUNTS,
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
    scroll,
    table,
    tag,
    time,
)

# What `document` returns.
Data = dict[str, Any]

# Failures from which on a square of the matrix is darker.
_SHADES = (1, 3, 10, 50)


def _chart(name: str, label: str, details: Html) -> Html:
    """Return a place for a chart, and the same as a table."""
    return tag(
        "figure",
        tag(
            "div",
            class_="chart",
            role="img",
            aria_label=label,
            data_chart=name,
            hidden=True,
        ),
        tag("details", tag("summary", "As a table"), details, open=True),
    )


def timeline(data: Data) -> Html:
    """Return attempts over time."""
    line = data["timeline"]
    if not line["success"]:
        return note("No attempts.")
    minutes = line["width"] // 60
    width = f"{minutes} min" if minutes < 60 else f"{minutes // 60} h"
    width = width if minutes < 1440 else f"{minutes // 1440} d"
    columns: tuple[Column, ...] = (("From", TIME), *COUNTS)
    rows = [
        row((_at(line["start"] + place * line["width"]), bad, good), columns)
        for place, (good, bad) in enumerate(
            zip(line["success"], line["failure"], strict=True)
        )
        if good or bad
    ]
    label = f"Failed and succeeded attempts, a bar for each {width}"
    caption = f"Attempts by time (UTC), each {width}"
    return _chart("time", label, table(caption, columns, rows, "attempts-by-time"))


def _at(epoch: int) -> str:
    return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%d %H:%M}"


def sources(data: Data) -> Html:
    """Return the sources with most failures."""
    places = data["sources"]
    if not places:
        return note("No attempts.")
    columns: tuple[Column, ...] = (
        *(("Address", ""), ("Detections", ""), ("Reverse DNS", ""), ("Country", "")),
        *(*COUNTS, ("Users", NUMBER), ("First", TIME), ("Last", TIME)),
    )
    rows = [
        row(
            (
                pick(place["address"], source=place["pick"]),
                join(tag("code", rule) for rule in place["rules"]) or "",
                _reverse(place),
                place["country"] or "not known",
                place["failures"],
                place["successes"],
                place["users"],
                time(place["first"]),
                time(place["last"]),
            ),
            columns,
        )
        for place in places
    ]
    caption = f"The {len(places)} sources with most failures of"
    caption += f" {data['headline']['sources']}; choose one to see its attempts"
    chart = tag(
        "div",
        class_="chart",
        role="img",
        aria_label="Attempts of the ten largest sources",
        data_chart="sources",
        hidden=True,
    )
    return join([chart, table(caption, columns, rows, "sources")])


def _reverse(place: Data) -> str:
    doubt = "" if place["verified"] or not place["name"] else " (not verified)"
    return f"{place['name'] or 'none'}{doubt}"


def matrix(data: Data) -> Html:
    """Return users by sources."""
    found = data["matrix"]
    if not found["users"]:
        return note("No failures.")
    caption = "Failures of each source at each user; n+m means m logins after or beside"
    caption += " n failures"
    more = ". A spray is a long row, a hunted account a long column; beside the"
    more += " address: how many users it tried. Choose a number to see its attempts."
    heads = [tag("th", isolated(user), scope="col") for user in found["users"]]
    made = tag(
        "table",
        tag("caption", caption, more),
        tag("thead", tag("tr", tag("th", "Source", scope="col"), *heads)),
        tag("tbody", *_matrix_rows(found)),
        class_="matrix",
        data_csv="who-tried-whom",
    )
    return scroll(caption, made)


def _matrix_rows(found: Data) -> Iterator[Html]:
    squares = {(at, to): (bad, good) for at, to, bad, good in found["cells"]}
    sources, users = found["picks"]
    for at, name in enumerate(found["sources"]):
        head = pick(f"{name} ({number(found['tried'][at])})", source=sources[at])
        cells = [
            _square(squares.get((at, to)), sources[at], user)
            for to, user in enumerate(users)
        ]
        yield tag("tr", tag("th", head, scope="row"), *cells)


def _square(counts: tuple[int, int] | None, source: int, user: int) -> Html:
    if counts is None:
        return tag("td", "")
    bad, good = counts
    said = f"{number(bad)}+{number(good)}" if good else number(bad)
    shade = sum(bad >= least for least in _SHADES)
    kind = f"w{shade} login" if good else f"w{shade}"
    return tag("td", pick(said, source=source, user=user), class_=kind)


def _bars(data: Data, name: str, label: str) -> Html:
    columns: tuple[Column, ...] = (("Name", ""), *COUNTS)
    rows = [row((text, bad, good), columns) for text, good, bad in data[name]]
    if not rows:
        return note("No attempts.")
    return _chart(name, label, table(label, columns, rows, f"attempts-by-{name}"))


def tls(data: Data) -> Html:
    """Return attempts by how their connection was protected."""
    return _bars(data, "tls", "Attempts by TLS version")


def mechanisms(data: Data) -> Html:
    """Return attempts by their mechanism."""
    return _bars(data, "mechanisms", "Attempts by mechanism")
