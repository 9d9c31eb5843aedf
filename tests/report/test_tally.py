"""What a report keeps of very many events: little, and every finding of them."""

from typing import Any

import pytest

from esa_auth.report import About, Tally, document, page
from tests.support.report_pages import at_risk

FIVE_MB = 5_000_000


def test_the_largest_page_is_below_five_megabytes() -> None:
    """Every list full, every name as long as it may be and escaped all through."""
    tally = Tally(About(made="2026-03-02T00:00:00.000Z"))
    for number in range(12_000):
        tally.add(worst_event(number))
    html = page(document(tally))
    assert len(tally.sources) <= 10_000
    assert len(html) < FIVE_MB


def worst_event(number: int) -> dict[str, Any]:
    """Return an attempt (or the end of a session) with the worst of names."""
    name = f"{number}" + "<" * 9_990
    event: dict[str, Any] = {
        "@timestamp": f"2026-03-02T{number // 3600:02d}:{number // 60 % 60:02d}"
        f":{number % 60:02d}.000Z",
        "event": {"action": "smtp-auth", "outcome": "failure"},
        "observer": {"name": name},
        "user": {"name": name},
        "source": {"ip": f"2001:db8::{number:x}"},
        "cisco_esa": {
            "auth": {"mechanism": name},
            "reverse_dns": {"name": name, "verified": False},
            "policy": {"country": name},
            "session": {"id": name},
        },
    }
    if number % 3 == 1:
        event["event"] = {"action": "smtp-session-end"}
        event["cisco_esa"]["summary"] = {
            "attempts": 2,
            "failures": 1,
            "messages": 1,
            "recipients": number,
        }
    if number % 100 == 1:
        event["event"] = {"action": "admin-login", "outcome": "failure"}
        event["cisco_esa"]["admin"] = {"interface": name}
    if number % 3 == 2:
        event["event"] = {
            "action": "smtp-auth-client",
            "outcome": "failure",
            "reason": name,
        }
    return event


def test_a_login_is_not_pushed_out_by_failures() -> None:
    """A spray of more names than are kept, one of which was right."""
    tally = Tally(About())
    for number in range(300):
        event = worst_event(3 * number)
        event["user"] = {"name": f"u{number}"}
        event["source"] = {"ip": "203.0.113.9"}
        if number == 200:
            event["event"] = {"action": "smtp-auth", "outcome": "success"}
        tally.add(event)
    data = document(tally)
    assert at_risk(data) == {"u200": ["password_spray"]}
    assert data["risk"][0]["findings"][0]["count"] == 1


@pytest.mark.parametrize(("ids", "count"), [("a", 1), ("abc", 3), ("aab", 2)])
def test_an_event_that_is_read_twice_in_a_row_is_one_finding(
    ids: str, count: int
) -> None:
    tally = Tally(About())
    for number, name in enumerate(ids):
        event = worst_event(number)
        event["user"], event["source"] = {"name": "ann"}, {"ip": "203.0.113.9"}
        event["event"] = {"action": "smtp-auth", "outcome": "success", "id": name}
        event["tls"] = {"established": False}
        event["cisco_esa"] |= {"auth": {"mechanism": "PLAIN"}, "policy": {}}
        tally.add(event)
    (account,) = document(tally)["risk"]
    (finding,) = account["findings"]
    assert (finding["rule"], finding["count"]) == ("auth_without_tls", count)
