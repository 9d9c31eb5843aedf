"""What `watch` shows, for a terminal of 80 columns or more."""

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from esa_auth.live import ALARM_SECONDS, Alarm, Now, place
from esa_auth.visible import visible

_MOST_ALARMS = 6
# Lines of the screen that are not rows of a table.
_FRAME = 9
_NAME = 60


def screen(now: Now, clock: float, refused: int, height: int) -> RenderableType:
    """Return the picture of this moment; ``clock`` as given to `Now.add`."""
    alarms = now.alarms()[:_MOST_ALARMS]
    rows = max(1, height - _FRAME - max(1, len(alarms)))
    minutes = ALARM_SECONDS // 60
    return Group(
        _head(now, clock),
        Panel(_alarms(alarms), title=f"sources in alarm, {minutes} min"),
        Panel(_failures(now, rows), title="last failures"),
        _foot(refused),
    )


def _head(now: Now, clock: float) -> Text:
    attempts, failures = now.rates(clock)
    text = f"{attempts:.1f} attempts/s, {failures:.1f} failures/s; in all"
    text += f" {now.attempts:,} attempts, {now.failures:,} failures"
    return Text(text, style="bold", no_wrap=True, overflow="ellipsis")


def _foot(refused: int) -> Text:
    text = f"; {refused:,} lines are no events" if refused else ""
    return Text(f"q or Ctrl-C: quit{text}", style="dim", no_wrap=True)


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


def _failures(now: Now, rows: int) -> RenderableType:
    table = _table(("time", 2), ("user", 3), ("address", 3), ("appliance", 2))
    for event in list(now.latest)[: -rows - 1 : -1]:
        other = event.get("source") or event.get("destination")
        table.add_row(
            Text(event["@timestamp"][11:19]),
            Text(_name(event.get("user", {}).get("name", ""))),
            Text(_name(place(other))),
            Text(_name(event["observer"]["name"])),
        )
    return table


def _name(text: str) -> str:
    return visible(text, _NAME)


def _table(*columns: tuple[str, int]) -> Table:
    table = Table(box=None, expand=True, pad_edge=False)
    for title, ratio in columns:
        table.add_column(title, ratio=ratio, no_wrap=True, overflow="ellipsis")
    return table
