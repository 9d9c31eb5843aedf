"""No valid event ends a program that reads events, whatever it leaves out."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console

from esa_auth.commands.live import Now
from esa_auth.commands.screen import body
from esa_auth.report import About, Tally, document, page
from esa_auth.validation import EventSchema
from tests.support.golden_cases import golden_events

ACTIONS = (
    "smtp-auth",
    "smtp-auth-client",
    "smtp-session-end",
    "smtp-session-progress",
    "admin-login",
    "admin-logout",
)
OUTCOMES = ("success", "failure", None)


def without_each(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the event without one of its parts, at any depth."""
    for key, value in event.items():
        yield {k: v for k, v in event.items() if k != key}
        if isinstance(value, dict):
            for smaller in without_each(value):
                yield {**event, key: smaller}


def shape(tree: Any) -> Any:
    """Return the keys of an event, and of it alone what tells its kind."""
    if not isinstance(tree, dict):
        return type(tree).__name__
    return tuple((key, shape(value)) for key, value in sorted(tree.items()))


def shapes() -> list[dict[str, Any]]:
    """Return an event of each shape, kind and outcome in the golden folders."""
    found = {}
    for _, event in golden_events():
        about = event["event"]
        found[shape(event), about["action"], about.get("outcome")] = event
    return list(found.values())


def variants() -> Iterator[dict[str, Any]]:
    """Yield valid events, each with a part left out or of another kind."""
    schema = EventSchema()
    for event in shapes():
        about = {k: v for k, v in event["event"].items() if k != "outcome"}
        kinds = [
            {
                **event,
                "event": about | {"action": action} | ({"outcome": o} if o else {}),
            }
            for action in ACTIONS
            for o in OUTCOMES
        ]
        for changed in (event, *kinds, *without_each(event)):
            if schema.valid(changed):
                yield changed


def drawn(now: Now) -> str:
    console = Console(width=80, height=120)
    with console.capture() as capture:
        console.print(body(now, 0.0, "", 120))
    return capture.get()


def test_watch_and_report_take_every_valid_event() -> None:
    now, tally = Now(), Tally(About(made="2026-07-01T00:00:00.000Z"))
    taken = 0
    for event in variants():
        now.add(event, 0.0)
        tally.add(event)
        taken += 1
        # The screen shows as many of the latest as it has lines for.
        if taken % 50 == 0:
            drawn(now)
    assert taken > 1000
    drawn(now)
    assert page(document(tally))


def test_a_source_without_an_ip_is_shown_by_its_address() -> None:
    now = Now()
    event = {
        "@timestamp": "2026-03-02T08:00:00.000Z",
        "event": {"action": "smtp-auth", "outcome": "failure"},
        "observer": {"name": "esa01"},
        "source": {"address": "198.51.100.300"},
    }
    for _ in range(12):
        now.add(event, 0.0)
    assert [alarm.address for alarm in now.alarms()] == ["198.51.100.300"]
    assert "198.51.100.300" in drawn(now)
