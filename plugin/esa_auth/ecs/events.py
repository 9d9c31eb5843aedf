"""Facts and sessions -> ECS 9.4.0 events. The only stage that knows ECS names.

Pure: equal arguments give equal events. The ``sequence`` of an event, its number among
the events of its session, is given by the caller, who counts; it means nothing where
there is no session.
"""

import re
from base64 import b64encode
from hashlib import sha256
from typing import Any

from esa_auth.ecs.context import inbound_context, outbound_context
from esa_auth.model.document import Context, Document
from esa_auth.model.facts import (
    AuthNotice,
    InboundOpened,
    InboundResult,
    OutboundOpened,
    OutboundResult,
)
from esa_auth.model.session import Observer, Session, Source

MODULE = "cisco_esa"
DATASET = "cisco_esa.auth"

_AUTHENTICATION = ["authentication"]
_START, _INFO = ["start"], ["info"]
_UNKNOWN = ["esa_no_session_context"]
_CODES = {"success": "SMTPAUTH_SUCCESS", "failure": "SMTPAUTH_FAILED"}
# A byte that is not UTF-8 is written so, and its backslash ends no domain name.
_ESCAPED = re.compile(r"\\x[89a-f][0-9a-f]")
_NOTICE_ACTIONS = {
    "CONNECTION_INJECTION_SMTPAUTH_REQUIRED": "smtp-auth-required",
    "SMTPAUTH_FWD_SERVER_CONNECT": "smtp-auth-backend-connect",
}


def result_event(
    fact: InboundResult | OutboundResult,
    session: Session | None,
    source: Source,
    sequence: int = 0,
) -> Document:
    """Return the event of one attempt: `event.type` start, with its outcome."""
    if isinstance(fact, OutboundResult):
        return _outbound_result(fact, session, source, sequence)
    document = base_document(_START, "smtp-auth", source, session, sequence)
    about, own = document.own["event"], document.own["cisco_esa"]
    about["outcome"] = fact.outcome
    about["code"] = _CODES[fact.outcome]
    own["auth"] = {"mechanism": fact.mechanism, "profile": fact.profile}
    if session is None:
        _say_missing(document)
    _add_user(document, fact.user)
    return document


def _outbound_result(
    fact: OutboundResult, session: Session | None, source: Source, sequence: int
) -> Document:
    # The line itself names the server, session or not.
    alone = None if session else outbound_context(source.observer, None, fact.address)
    document = base_document(
        _START, "smtp-auth-client", source, session, sequence, context=alone
    )
    about, own = document.own["event"], document.own["cisco_esa"]
    about["outcome"] = fact.outcome
    own["auth"] = {"profile": fact.profile}
    if session is None:
        _say_missing(document)
    if fact.code:
        document.own["error"] = {"code": fact.code}
    if fact.reason:
        about["reason"] = fact.reason
    return document


def notice_event(
    fact: AuthNotice, session: Session | None, source: Source, sequence: int = 0
) -> Document:
    """Return an ancillary event: `event.type` info, never an outcome."""
    action = _NOTICE_ACTIONS.get(fact.code, "smtp-auth-backend-error")
    document = base_document(_INFO, action, source, session, sequence)
    event = document.own
    event["event"]["code"] = fact.code
    if session is None and fact.icid is not None:
        _say_missing(document)
    if fact.profile:
        event["cisco_esa"]["auth"] = {"profile": fact.profile}
    if fact.server:
        event["cisco_esa"]["backend"] = {"address": fact.server}
    if fact.reason:
        event["error"] = {"message": fact.reason}
    if fact.user is not None:
        _add_user(document, fact.user)
    return document


def base_document(
    types: list[str],
    action: str,
    source: Source,
    session: Session | None = None,
    sequence: int = 0,
    *,
    context: Context | None = None,
) -> Document:
    """Return what all events have: the line, and the session or else ``context``."""
    about: dict[str, Any] = {
        "kind": "event",
        "category": _AUTHENTICATION,
        "type": types,
        "action": action,
        "module": MODULE,
        "dataset": DATASET,
        "provider": source.program or "mail_logs",
        "timezone": source.instant.zone,
        "id": source.event_id,
    }
    # First the time: Splunk looks for it at the beginning.
    event: dict[str, Any] = {"@timestamp": source.instant.iso, "event": about}
    if session is not None:
        context, own = _of_session(session, source.observer)
        about["sequence"] = sequence
        if own["session"]["context"] == "missing":
            event["tags"] = _UNKNOWN
    else:
        context, own = context or inbound_context(source.observer), {}
    event["related"], event["cisco_esa"] = context.related, own
    if source.raw is not None:
        _add_line(event, source, source.raw)
    if source.instant.flags or source.flags:
        own["flags"] = [*source.instant.flags, *source.flags]
    if session is not None and session.conflict:
        own["flags"] = [*own.get("flags", ()), "appliance_conflict"]
    return Document(event, context)


def _of_session(session: Session, observer: Observer) -> tuple[Context, dict[str, Any]]:
    """Return the context of all sessions that were opened alike, and ``cisco_esa``.

    The latter is not cached: the next event is usually of another session.
    """
    opening, tls = session.opening, session.tls
    address = None if opening else session.address
    if session.side == "icid":
        client = opening if isinstance(opening, InboundOpened) else None
        context = inbound_context(observer, client, address, session.hat, tls)
    else:
        server = opening if isinstance(opening, OutboundOpened) else None
        context = outbound_context(observer, server, address, tls)
    return context, {
        session.side: int(session.number),
        "session": {
            "id": session_id(session, observer),
            "context": session.context,
        },
        **context.own,
    }


def session_id(session: Session, observer: Observer) -> str:
    """Return ``cisco_esa.session.id``."""
    opened = session.start.iso[:19].replace("-", "").replace(":", "")
    letter = "" if session.side == "icid" else "D"
    return f"{observer.name}:{letter}{session.number}:{opened}Z"


def _add_line(event: dict[str, Any], source: Source, raw: bytes) -> None:
    about = event["event"]
    about["hash"] = sha256(raw).hexdigest()
    about["original"] = raw.decode("utf-8", "backslashreplace")
    event["message"] = source.body
    log: dict[str, Any] = {"level": source.level} if source.level else {}
    syslog: dict[str, Any] = {}
    if source.priority is not None and source.priority <= 191:
        syslog["priority"] = source.priority
    if source.syslog_host:
        syslog["hostname"] = source.syslog_host
    if source.program:
        syslog["appname"] = source.program
    if syslog:
        log["syslog"] = syslog
    if log:
        event["log"] = log
    if "not_utf8" in source.flags:
        event["cisco_esa"]["original_base64"] = b64encode(raw).decode()


def _say_missing(document: Document) -> None:
    document.own["cisco_esa"]["session"] = {"context": "missing"}
    document.own["tags"] = _UNKNOWN


def _add_user(document: Document, name: str) -> None:
    event = document.own
    own = event["cisco_esa"]
    if not name:
        own["flags"] = [*own.get("flags", ()), "empty_user"]
        return
    event["user"] = user_part(name)
    event["related"] = {**event["related"], "user": [name]}


def user_part(name: str) -> dict[str, str]:
    """Return ``user.*`` for a name as it was typed."""
    user = {"name": name}
    if ("@" not in name and "\\" not in name) or _ESCAPED.search(name):
        return user
    local, at, domain = name.rpartition("@")
    if at and local and domain and "@" not in local:
        user["email"] = name
        user["domain"] = domain
        return user
    domain, slash, account = name.partition("\\")
    if slash and domain and account:
        user["domain"] = domain
    return user
