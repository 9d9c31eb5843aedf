"""What a later line changes of what a session says, and what it leaves."""

import pytest

from esa_auth.model.facts import Instant
from esa_auth.model.session import Session
from esa_auth.sessions import Messages
from esa_auth.sessions.messages import MOST_OPEN
from tests.support.harness import Event, inbound, native, opened, run

SUCCESS = "ICID 450 TLS success protocol TLSv1.2 cipher ECDHE-RSA-AES256-GCM-SHA384"
FAILED = "ICID 450 TLS failed: [Errno 54] Connection reset by peer"


def event_behind(*said: str) -> Event:
    """Return the event of a login behind lines of its connection."""
    lines: list[str | bytes] = [*opened(450), *said, inbound(450)]
    (event,) = run([native(line) for line in lines]).results
    return event


def test_a_failure_after_tls_stood_is_the_end_of_the_connection() -> None:
    event = event_behind(SUCCESS, FAILED)
    assert event["tls"]["established"] is True
    assert event["tls"] == event_behind(SUCCESS)["tls"]


def test_a_success_after_a_failure_counts() -> None:
    assert event_behind(FAILED)["tls"] == {"established": False}
    assert event_behind(FAILED, SUCCESS)["tls"] == event_behind(SUCCESS)["tls"]


def test_a_failure_says_nothing_of_a_line_that_is_not_understood() -> None:
    odd = "ICID 450 TLS established over SASL"
    assert event_behind(odd).get("tls") == event_behind(odd, FAILED).get("tls")


@pytest.mark.parametrize("last", ["ACCEPT", "RELAY"])
def test_the_last_decision_of_the_hat_is_the_one_that_counts(last: str) -> None:
    said = f"ICID 450 {last} SG PARTNERS match ALL SBRS 3.0"
    event = event_behind(said)
    assert event["cisco_esa"]["policy"]["action"] == last
    assert event["rule"]["name"] == "PARTNERS"


def test_messages_whose_ends_were_not_seen_are_forgotten_at_a_bound() -> None:
    messages = Messages()
    session = Session("icid", "450", Instant(0, "1970-01-01T00:00:00.000Z", "UTC"))
    for number in range(MOST_OPEN):
        messages.started(b"%d" % number, session)
    assert len(messages) == len(session.mids) == MOST_OPEN
    messages.started(b"one more", session)
    assert session.mids == {b"one more"}
    assert len(messages) == 1
