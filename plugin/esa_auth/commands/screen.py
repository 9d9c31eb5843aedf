"""The picture that `watch` shows of a moment."""

from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from esa_auth.commands.keys import Wishes
from esa_auth.commands.live import Alarm, Now, place
from esa_auth.visible import visible

_MOST_ALARMS = 6
# Lines of the screen that are not rows of a table.
_FRAME = 10
_NAME = 60
_HELP = (
    ("p, blank", "hold the picture still; events are counted on"),
    ("/, f", "show only failures and sources that hold a text; Enter takes it"),
    ("Esc", "everything again"),
    ("?, h", "this help"),
    ("q, Ctrl-C", "quit"),
)


def body(now: Now, clock: float, wanted: str, height: int) -> RenderableType:
    """Return the moment; ``clock`` as given to `Now.add`, ``wanted`` the filter."""
    found = [a for a in now.alarms() if _holds(wanted, a.address, a.login or "")]
    alarms = found[:_MOST_ALARMS]
    rows = max(1, height - _FRAME - max(1, len(alarms)))
    return Group(
        *_head(now, clock),
        Panel(_alarms(alarms), title="sources in alarm"),
        Panel(_failures(now, wanted, rows), title="last failures"),
    )


def help_panel() -> RenderableType:
    """Return what the keys do."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for keys, text in _HELP:
        table.add_row(Text(keys, style="bold"), Text(text))
    table.add_row(Text(""), Text(""))
    table.add_row(
        Text("columns", style="bold"),
        Text("all times are those of the log, in UTC; out: of the appliance itself"),
    )
    return Panel(table, title="help")


def foot(wishes: Wishes, refused: int, since: int) -> Text:
    """Return the last line; ``since`` events came while the picture was held."""
    if wishes.typing is not None:
        text = f"show only: {wishes.typing}_   Enter: take it, Esc: leave it"
        return Text(text, style="bold", no_wrap=True)
    said = ["q or Ctrl-C: quit, p: pause, /: filter, ?: help"]
    if wishes.paused:
        said.insert(0, f"PAUSED, {since:,} events since")
    if wishes.filter:
        said.insert(0, f"only {wishes.filter!r}")
    if refused:
        said.append(f"{refused:,} lines are no events")
    bright = wishes.paused or wishes.filter
    return Text("; ".join(said), style="bold" if bright else "dim", no_wrap=True)


def _head(now: Now, clock: float) -> tuple[Text, Text]:
    attempts, failures = now.rates(clock)
    text = f"{attempts:.1f} attempts/s, {failures:.1f} failures/s; in all"
    text += f" {now.attempts:,} attempts, {now.failures:,} failures"
    at = datetime.fromtimestamp(now.log_time, UTC) if now.log_time else None
    time = f"log time {at:%Y-%m-%d %H:%M:%S} UTC" if at else "no attempt yet"
    return (
        Text(text, style="bold", no_wrap=True, overflow="ellipsis"),
        Text(time, no_wrap=True),
    )


def _alarms(alarms: list[Alarm]) -> RenderableType:
    if not alarms:
        return Text("none", style="green")
    table = _table(("address", 3), ("failures", 1), ("users", 1), ("got in as", 3))
    for alarm in alarms:
        counts = Text(str(alarm.failures)), Text(str(alarm.users))
        login = "" if alarm.login is None else _name(alarm.login)
        address = Text(_name(alarm.address))
        table.add_row(address, *counts, Text(login, style="bold red"))
    return table


def _failures(now: Now, wanted: str, rows: int) -> RenderableType:
    table = Table(box=None, expand=True, pad_edge=False, padding=(0, 1, 0, 0))
    # The widths of a date with its time, of "1.2" and "no", and of most mechanisms.
    for title, width in (("time (UTC)", 19), ("TLS", 4), ("mechan.", 8)):
        table.add_column(title, width=width, no_wrap=True, overflow="ellipsis")
    # 15: an IPv4 address is never cut.
    for title, least, ratio in (
        ("user", 8, 4),
        ("address", 15, 4),
        ("appliance", 8, 3),
    ):
        table.add_column(
            title, min_width=least, ratio=ratio, no_wrap=True, overflow="ellipsis"
        )
    shown = 0
    for event in reversed(now.latest):
        cells = _cells(event)
        if shown < rows and _holds(wanted, *cells):
            table.add_row(*map(Text, cells))
            shown += 1
    return table


def _cells(event: dict[str, Any]) -> tuple[str, ...]:
    out = event["event"]["action"] == "smtp-auth-client"
    auth = event.get("cisco_esa", {}).get("auth", {})
    tls = event.get("tls")
    protected = tls.get("version", "yes") if tls and tls["established"] else "no"
    user = event.get("user", {}).get("name", "")
    return (
        event["@timestamp"][:19].replace("T", " "),
        _name(str(protected)) if tls else "?",
        _name(auth.get("mechanism", "")),
        f"(out) {_name(auth.get('profile', ''))}" if out else _name(user),
        _name(place(event.get("destination" if out else "source"))),
        _name(event["observer"]["name"]),
    )


def _holds(wanted: str, *texts: str) -> bool:
    low = wanted.casefold()
    return any(low in text.casefold() for text in texts)


def _name(text: str) -> str:
    return visible(text, _NAME)


def _table(*columns: tuple[str, int]) -> Table:
    table = Table(box=None, expand=True, pad_edge=False)
    for title, ratio in columns:
        table.add_column(title, ratio=ratio, no_wrap=True, overflow="ellipsis")
    return table
