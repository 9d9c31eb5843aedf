"""What is a list and no more: sessions, refusals, notices, the attempts themselves."""

from typing import Any

from esa_auth.report.markup import (
    NUMBER,
    TIME,
    Column,
    Html,
    cell,
    join,
    note,
    number,
    row,
    table,
    tag,
    time,
)

# What `document` returns.
Data = dict[str, Any]


def sessions(data: Data) -> Html:
    """Return the sessions that sent most."""
    found = data["sessions"]
    if not found:
        return note("None that sent mail and whose end was seen.")
    columns: tuple[Column, ...] = (
        *(("End", TIME), ("User", ""), ("Address", ""), ("Session", "")),
        ("Failures before", NUMBER),
        *(("Messages", NUMBER), ("Recipients", NUMBER)),
    )
    keys = ("user", "address", "session", "failures", "messages", "recipients")
    rows = [row((time(x["time"]), *(x[key] for key in keys)), columns) for x in found]
    caption = f"The {len(found)} sessions with most recipients"
    return table(caption, columns, rows, "sessions")


def refusals(data: Data) -> Html:
    """Return where other servers refused the appliance."""
    found = data["refusals"]
    if not found:
        return note("None.")
    columns: tuple[Column, ...] = (
        *(("Server", ""), ("Profile", ""), ("Code", ""), ("Reply", "text")),
        *(("Times", NUMBER), ("Last", TIME)),
    )
    keys = ("address", "profile", "code", "reason", "count")
    rows = [row((*(x[key] for key in keys), time(x["last"])), columns) for x in found]
    caption = "Refusals of the appliance's own logins at other servers"
    return table(caption, columns, rows, "outbound-refusals")


def notices(data: Data) -> Html:
    """Return what the appliance says of logins beside the verdicts."""
    if not data["notices"]:
        return note("None.")
    columns: tuple[Column, ...] = (("Notice", ""), ("Times", NUMBER))
    rows = [row((name, good + bad), columns) for name, good, bad in data["notices"]]
    return table("Notices about logins, by their code", columns, rows, "notices")


def administrators(data: Data) -> Html:
    """Return who logged in to the appliance itself."""
    found = data["administrators"]
    if not found:
        text = "None in these logs: they are in authentication, gui_logs, cli_logs and"
        return note(f"{text} audit_logs.")
    columns: tuple[Column, ...] = (
        *(("User", ""), ("Address", ""), ("Interface", "")),
        *(("Lines failed", NUMBER), ("Lines succeeded", NUMBER), ("Last", TIME)),
    )
    rows = [
        row(
            (
                *(x["user"], x["address"], x["interfaces"] or "not said"),
                *(x["failures"], x["successes"], time(x["last"])),
            ),
            columns,
        )
        for x in found
    ]
    caption = "Who logged in to the appliance, or tried; AsyncOS can write one login in"
    return table(f"{caption} more than one line", columns, rows, "administrators")


_ATTEMPT: tuple[Column, ...] = (
    *(("Time", TIME), ("Outcome", ""), ("Way", ""), ("User", ""), ("Address", "")),
    *(("Reverse DNS", ""), ("Country", ""), ("TLS", "word"), ("Mechanism", "word")),
    *(("Listener", "word"), ("Appliance", ""), ("Session", "name"), ("Reason", "text")),
)


def attempts(data: Data) -> Html:
    """Return the latest attempts; a script may sift them."""
    rows = [_attempt(found) for found in data["rows"]]
    if not rows:
        return note("No attempts.")
    all_of_them = number(data["headline"]["attempts"])
    caption = f"The latest {number(len(rows))} of {all_of_them} attempts; in: at the"
    caption += " appliance, out: of the appliance at another server"
    return join([tag("div", id="sift"), table(caption, _ATTEMPT, rows, "attempts")])


def _attempt(found: Data) -> Html:
    stamp, outcome, *others = found["cells"]
    cells = [cell(time(stamp), TIME), cell(outcome, outcome)]
    kinds = [kind for _, kind in _ATTEMPT[2:]]
    cells += [cell(value, kind) for value, kind in zip(others, kinds, strict=True)]
    return tag("tr", *cells, data_source=found["source"], data_user=found["user"])
