"""Each kind of event, made of facts and compared whole with a file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from esa_auth.ecs import (
    admin_event,
    dead_letter,
    notice_event,
    result_event,
    session_end_event,
    session_progress_event,
)
from esa_auth.ecs.templates import joined
from esa_auth.model.dead_letter import DeadLetter, ReplayHints
from esa_auth.model.document import Document
from esa_auth.model.facts import (
    AdminLogin,
    AdminLogout,
    AuthNotice,
    Bounced,
    HatDecision,
    InboundAddress,
    InboundOpened,
    InboundResult,
    Instant,
    OutboundOpened,
    OutboundResult,
    Outcome,
    Side,
    Tls,
)
from esa_auth.model.session import Observer, Session, Source
from esa_auth.validation import EventSchema

EVENTS = Path(__file__).parent / "events"
ESA = Observer("esa01.example.com", "15.0.1-030", "564D0A1B2C3D-0123456789AB")
BEGIN = Instant(1_776_852_000, "2026-04-22T10:00:00.250Z", "+02:00")
LATER = Instant(1_776_852_003, "2026-04-22T10:00:03.000Z", "+02:00", ("assumed_utc",))
# As a line of syslog whose last byte of a name is not UTF-8.
FULL = Source(
    b"<22>x ann\xe9",
    "x ann\\xe9",
    LATER,
    ESA,
    "A" * 22,
    "info",
    "mail_logs",
    22,
    "relay1",
    ("not_utf8",),
)
BARE = Source(b"x", "x", BEGIN, Observer("esa02"), "B" * 22)
TOLD = Source(None, None, LATER, ESA, "C" * 22)


def inbound() -> Session:
    session = Session("icid", "450", BEGIN)
    for fact in (
        InboundOpened("450", "Data 1", "192.0.2.1", "198.51.100.7", "c.example", True),
        HatDecision("450", "RELAY", "PARTNERS", "198.51.100.0/24", "1.5", "Norway"),
        Tls("icid", "450", True, "TLSv1.3", "TLS_AES_256_GCM_SHA384"),
    ):
        session.fold(fact)
    return session


def outbound() -> Session:
    session = Session("dcid", "5640", BEGIN)
    session.fold(OutboundOpened("5640", "192.0.2.1", "2001:db8::25", 587))
    session.fold(Tls("dcid", "5640", True, "TLSv1.2", "ECDHE"))
    return session


def attempt(outcome: Outcome, user: str = "EXAMPLE\\ann") -> InboundResult:
    return InboundResult("450", outcome, user, "LOGIN", "ldap")


def tried(side: Side) -> Session:
    session = inbound() if side == "icid" else outbound()
    if side == "icid":
        session.fold_result(attempt("failure", "bob"))
        session.fold_result(attempt("success"))
        session.messages, session.recipients = 2, 5
        return session
    session.fold_result(REFUSED)
    session.fold_delivery(Bounced("5640", "550", "no such user"))
    session.delivered, session.delayed, session.connection_errors = 4, 3, 1
    return session


def of_two_appliances() -> Session:
    session = tried("icid")
    session.disown()
    return session


def known_by_its_address() -> Session:
    session = Session("icid", "450", BEGIN)
    session.fold(InboundAddress("450", "198.51.100.7"))
    return session


REFUSED = OutboundResult(
    "5640", "2001:db8::25", "relay", "failure", "535", "Authentication failed"
)
UNREACHED = AuthNotice(
    "SMTPAUTH_FWD_SERVER_CONNECT", "450", "ann", "fwd", "192.0.2.7", "x"
)
LOGIN = AdminLogin(
    "ADMIN_GUI_LOGIN", "success", "joe@example.com", "203.0.113.9", "HTTPS", "admin",
    "password", "192.0.2.1",
)  # fmt: skip
CASES: dict[str, Callable[[], Document]] = {
    "inbound_success": lambda: result_event(attempt("success"), inbound(), FULL, 3),
    "inbound_failure_alone": lambda: result_event(attempt("failure", ""), None, BARE),
    "inbound_by_address": lambda: result_event(
        attempt("failure"), known_by_its_address(), BARE, 1
    ),
    "outbound_failure": lambda: result_event(REFUSED, outbound(), FULL, 1),
    "outbound_success_alone": lambda: result_event(
        OutboundResult("5640", "192.0.2.25", "relay", "success"), None, BARE
    ),
    "notice_required": lambda: notice_event(
        AuthNotice("CONNECTION_INJECTION_SMTPAUTH_REQUIRED", "450"), inbound(), FULL, 2
    ),
    "notice_of_a_server": lambda: notice_event(
        UNREACHED, None, BARE
    ),
    "notice_of_no_connection": lambda: notice_event(
        AuthNotice("SMTPAUTH_LDAP_ERROR", reason="no answer"), None, BARE
    ),
    "inbound_end": lambda: session_end_event(tried("icid"), FULL, 4, closed=True),
    "inbound_end_unsaid": lambda: session_end_event(
        of_two_appliances(), TOLD, 4, closed=False
    ),
    "outbound_end": lambda: session_end_event(tried("dcid"), FULL, 2, closed=True),
    "inbound_progress": lambda: session_progress_event(
        tried("icid"), tried("icid").summary._replace(users=1), "bob", TOLD, 5
    ),
    "outbound_progress": lambda: session_progress_event(
        tried("dcid"), tried("dcid").summary, None, TOLD, 3
    ),
    "admin_login": lambda: admin_event(LOGIN, FULL),
    "admin_login_bare": lambda: admin_event(
        AdminLogin("ADMIN_LOGIN_FAILED", "failure", "", reason="x"), BARE
    ),
    "admin_logout": lambda: admin_event(
        AdminLogout("ADMIN_CLI_LOGOUT", "joe", "2001:db8::9", "SSH"), BARE
    ),
}  # fmt: skip


def compare(name: str, found: Any, *, update: bool) -> None:
    """Hold what was made against what stands in the folder."""
    path = EVENTS / f"{name}.json"
    if update:
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    assert found == json.loads(path.read_text())


@pytest.mark.parametrize("name", CASES)
def test_an_event(name: str, request: pytest.FixtureRequest) -> None:
    event = joined(CASES[name]())
    assert EventSchema().valid(event)
    compare(name, event, update=bool(request.config.getoption("--update-golden")))


def test_a_dead_letter(request: pytest.FixtureRequest) -> None:
    hints = ReplayHints(
        LATER.iso, 2, 7200, 1_776_852_003, "15.0.1-030", implausible=True
    )
    letter = DeadLetter(b"ICID\xe9", "unread", ("a", "b"), "esa01", hints)
    found = dead_letter(letter, BEGIN.iso)
    compare(
        "dead_letter", found, update=bool(request.config.getoption("--update-golden"))
    )


def test_every_file_is_of_a_case() -> None:
    assert {path.stem for path in EVENTS.iterdir()} == {*CASES, "dead_letter"}
