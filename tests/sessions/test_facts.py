"""What a later line changes of what a session says, and what it leaves."""

import pytest

from esa_auth.model.facts import (
    Bounced,
    ConnectionFailed,
    Delayed,
    Delivered,
    Fact,
    Instant,
    Tls,
    Unread,
)
from esa_auth.model.session import MAX_USER_LETTERS, MAX_USERS, Session
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


def test_a_line_that_is_not_understood_may_be_the_first_on_tls() -> None:
    session = Session("icid", "450", Instant(0, "1970-01-01T00:00:00.000Z", "UTC"))
    session.fold(Unread(auth_like=True))
    assert session.tls == Tls("icid", "450", None)
    session.fold(Tls("icid", "450", True, "TLSv1.3"))
    session.fold(Unread(auth_like=True))
    assert session.tls == Tls("icid", "450", True, "TLSv1.3")


def test_an_opening_that_comes_late_says_when_the_session_began() -> None:
    said = [(1, inbound(450)), (2, opened(450)[0]), (5, b"ICID 450 close")]
    end = run([native(line, second) for second, line in said]).events[-1]
    assert end["event"]["action"] == "smtp-session-end"
    assert end["event"]["start"] == "2009-04-22T11:00:02.000Z"
    assert end["source"]["ip"] == "198.51.100.7"


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


def names_of(*users: str) -> int:
    """Return how many names the end of a session tells of those that were tried."""
    lines = [native(line) for line in (*opened(450), *(inbound(450, u) for u in users))]
    end = run([*lines, native("ICID 450 close")]).events[-1]
    assert end["cisco_esa"]["summary"]["attempts"] == len(users)
    found: int = end["cisco_esa"]["summary"]["users"]
    return found


def test_the_names_of_a_session_are_bounded_in_number() -> None:
    users = [f"u{number}" for number in range(MAX_USERS + 1)]
    assert names_of(*users[:-1]) == names_of(*users) == MAX_USERS


def test_the_names_of_a_session_are_bounded_in_letters() -> None:
    half = MAX_USER_LETTERS // 8
    users = [str(n) * half for n in range(7)]
    assert names_of(*users, "7" * half) == 8
    assert names_of(*users, "7" * (half + 1)) == 7
    # A shorter one may still have room.
    assert names_of(*users, "7" * (half + 1), "8" * half) == 8


def outbound_session() -> Session:
    return Session("dcid", "5", Instant(0, "1970-01-01T00:00:00.000Z", "UTC"))


def test_what_became_of_the_messages_is_counted_apart() -> None:
    session = outbound_session()
    facts: list[Fact] = [
        Delivered("5", 3),
        Delivered("5", 2),
        Delayed("5"),
        ConnectionFailed("5"),
        Bounced("5", "550", "no such user"),
        Bounced("5", "551", "moved"),
    ]
    for fact in facts:
        session.fold_delivery(fact)
    told = session.summary
    assert (told.delivered, told.bounced, told.delayed) == (5, 2, 1)
    assert told.connection_errors == 1
    # The first one says why.
    assert told.bounce == ("550", "no such user")
