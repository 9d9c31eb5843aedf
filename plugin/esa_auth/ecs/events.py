"""Facts and sessions -> ECS 9.4.0 events. Pure; the only stage that knows ECS names."""

import hashlib
import re
from base64 import b64encode
from collections import deque
from typing import Any

from esa_auth.ecs.parts import endpoint, inbound_view, observer_part, outbound_view
from esa_auth.facts import AuthNotice, InboundResult, Instant, OutboundResult
from esa_auth.joined import Observer, Session, Source

ECS_VERSION = "9.4.0"
MODULE = "cisco_esa"
DATASET = "cisco_esa.auth"

# The sessions that have a view, the latest last.
_VIEWED: deque[Session] = deque(maxlen=512)
_ECS = {"version": ECS_VERSION}
_AUTHENTICATION = ["authentication"]
_DELIMITERS = (" using AUTH mechanism: ", "for user: ", " with profile: ")
# A byte that is not UTF-8 is written so, and its backslash ends no domain name.
_ESCAPED = re.compile(r"\\x[89a-f][0-9a-f]")
_NOTICE_ACTIONS = {
    "CONNECTION_INJECTION_SMTPAUTH_REQUIRED": "smtp-auth-required",
    "SMTPAUTH_FWD_SERVER_CONNECT": "smtp-auth-backend-connect",
}


def view_of(session: Session, observer: Observer) -> dict[str, Any]:
    """Return the parts that all events of ``session`` share. Not to be changed."""
    if session.view is None:
        build = inbound_view if session.side == "icid" else outbound_view
        session.view = build(session, observer)
        # A view has ten times the size of what it was made from.
        if len(_VIEWED) == _VIEWED.maxlen:
            _VIEWED[0].view = None
        _VIEWED.append(session)
    return session.view


def result_event(
    fact: InboundResult | OutboundResult, session: Session | None, source: Source
) -> dict[str, Any]:
    """Return the event of one attempt: `event.type` start, with its outcome."""
    event = _base(session, source)
    about = event["event"]
    about["type"] = ["start"]
    about["outcome"] = fact.outcome
    if isinstance(fact, InboundResult):
        about["action"] = "smtp-auth"
        about["code"] = (
            "SMTPAUTH_SUCCESS" if fact.outcome == "success" else "SMTPAUTH_FAILED"
        )
        own = event["cisco_esa"]
        own["auth"] = {"mechanism": fact.mechanism, "profile": fact.profile}
        if session is None:
            own["session"] = {"context": "missing"}
            event["tags"] = ["esa_no_session_context"]
            event["network"] = {**_smtp("ingress")}
        _add_user(event, fact.user)
        return event
    about["action"] = "smtp-auth-client"
    event["cisco_esa"]["auth"] = {"profile": fact.profile}
    if session is None:
        event["cisco_esa"]["session"] = {"context": "missing"}
        event["tags"] = ["esa_no_session_context"]
        event["network"] = {**_smtp("egress")}
    _add_peer(event, fact.address)
    if fact.code:
        event["error"] = {"code": fact.code}
    if fact.reason:
        about["reason"] = fact.reason
    return event


def notice_event(
    fact: AuthNotice, session: Session | None, source: Source
) -> dict[str, Any]:
    """Return an ancillary event: `event.type` info, never an outcome."""
    event = _base(session, source)
    about = event["event"]
    about["type"] = ["info"]
    about["code"] = fact.code
    about["action"] = _NOTICE_ACTIONS.get(fact.code, "smtp-auth-backend-error")
    if session is None:
        event["network"] = {**_smtp("ingress")}
        if fact.icid is not None:
            event["cisco_esa"]["session"] = {"context": "missing"}
            event["tags"] = ["esa_no_session_context"]
    if fact.profile:
        event["cisco_esa"]["auth"] = {"profile": fact.profile}
    if fact.server:
        event["cisco_esa"]["backend"] = {"address": fact.server}
    if fact.reason:
        event["error"] = {"message": fact.reason}
    if fact.user is not None:
        _add_user(event, fact.user)
    return event


def session_end_event(session: Session, source: Source, closed: bool) -> dict[str, Any]:
    """Return the summary of a session that saw AUTH."""
    event = _base(session, source)
    event["event"] |= {
        "action": "smtp-session-end",
        "category": ["authentication", "session"],
        "type": ["end"],
        "start": session.start.iso,
        "end": source.instant.iso,
        "duration": _nanoseconds(session.start, source.instant),
    }
    own = event["cisco_esa"]
    own["session"] = {**own["session"], "closed": closed}
    own["summary"] = _summary(session)
    if session.users:
        names = list(session.users)
        event["related"] = {**event["related"], "user": names}
    if session.last_success:
        event["user"] = _user(session.last_success)
    return event


def _nanoseconds(start: Instant, end: Instant) -> int:
    """Return how long it took in the unit that ECS wants, never less than 0."""
    seconds = end.epoch - start.epoch
    millis = int(end.iso[-4:-1]) - int(start.iso[-4:-1])
    return max(0, seconds * 1000 + millis) * 1_000_000


def _summary(session: Session) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "attempts": session.attempts,
        "failures": session.failures,
    }
    if session.side == "icid":
        return summary | {
            "users": len(session.users),
            "messages": session.messages,
            "recipients": session.recipients,
        }
    summary |= {
        "delivered": session.delivered,
        "bounced": session.bounced,
        "delayed": session.delayed,
        "connection_errors": session.connection_errors,
    }
    if session.bounce:
        code, text = session.bounce
        reply = {"code": code, "text": text}
        summary["bounce"] = {k: v for k, v in reply.items() if v}
    return summary


def _base(session: Session | None, source: Source) -> dict[str, Any]:
    raw, instant = source.raw, source.instant
    about: dict[str, Any] = {
        "kind": "event",
        "category": _AUTHENTICATION,
        "module": MODULE,
        "dataset": DATASET,
        "provider": source.program or "mail_logs",
        "timezone": instant.zone,
        "id": source.event_id,
    }
    if session is None:
        view = _no_session(source.observer)
    else:
        view = view_of(session, source.observer)
        session.sequence += 1
        about["sequence"] = session.sequence
    own = {**view["cisco_esa"]}
    # First the time: Splunk looks for it at the beginning.
    event = {
        "@timestamp": instant.iso,
        "ecs": _ECS,
        "event": about,
        **view,
        "cisco_esa": own,
    }
    if raw is not None:
        about["hash"] = hashlib.sha256(raw).hexdigest()
        about["original"] = raw.decode("utf-8", "backslashreplace")
        event["message"] = source.body
        _add_log(event, source)
    if instant.flags or source.flags:
        own["flags"] = [*instant.flags, *source.flags]
        if raw is not None and "not_utf8" in source.flags:
            own["original_base64"] = b64encode(raw).decode()
    return event


def _no_session(observer: Observer) -> dict[str, Any]:
    return {
        "observer": observer_part(observer),
        "related": {"hosts": [observer.name]},
        "cisco_esa": {},
    }


def _add_log(event: dict[str, Any], source: Source) -> None:
    log: dict[str, Any] = {}
    if source.level:
        log["level"] = source.level
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


def _add_user(event: dict[str, Any], name: str) -> None:
    own = event["cisco_esa"]
    if not name:
        own["flags"] = [*own.get("flags", ()), "empty_user"]
        return
    event["user"] = _user(name)
    event["related"] = {**event["related"], "user": [name]}
    if is_ambiguous(name):
        own["flags"] = [*own.get("flags", ()), "ambiguous_user"]


def is_ambiguous(name: str) -> bool:
    """Whether ``name`` holds words of the line around it."""
    return any(words in name for words in _DELIMITERS)


def _user(name: str) -> dict[str, str]:
    user = {"name": name}
    if _ESCAPED.search(name):
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


def _add_peer(event: dict[str, Any], address: str) -> None:
    """The result line itself names the server, session or not."""
    if "destination" in event:
        return
    peer = endpoint(address)
    if peer is None:
        return
    event["destination"] = event["server"] = peer
    if ip := peer.get("ip"):
        known = event["related"].get("ip", ())
        event["related"] = {**event["related"], "ip": [*dict.fromkeys([*known, ip])]}
        kind = "ipv6" if ":" in ip else "ipv4"
        event["network"] = {**event["network"], "type": kind}


def _smtp(direction: str) -> dict[str, str]:
    return {"protocol": "smtp", "transport": "tcp", "direction": direction}
