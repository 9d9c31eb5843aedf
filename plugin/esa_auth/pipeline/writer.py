"""Writes events of plain inbound sessions as JSON, by template and valid by parts.

What it writes is what `ecs` builds and orjson writes of the same facts, byte for byte.
What is not plain, or not valid by parts, is left to the caller, who builds a document
of it, which the whole schema judges.
"""

from functools import lru_cache
from hashlib import sha256
from json.encoder import encode_basestring as quoted
from typing import Any, NamedTuple

import orjson

from esa_auth.ecs.context import ip_of
from esa_auth.ecs.events import session_id, user_part
from esa_auth.ecs.inbound import INBOUND, Known, Shape
from esa_auth.ecs.session import nanoseconds
from esa_auth.ecs.templates import Layout
from esa_auth.model.facts import InboundOpened, InboundResult
from esa_auth.model.session import Session, Source
from esa_auth.pipeline.forms import Form, Kind
from esa_auth.pipeline.fragments import Fragments, Texts
from esa_auth.validation import EventSchema

# Templates cost some 10 ms to make and save 10 us an event or less; a short log has
# fewer events.
WORTH_IT = 400
# As many events as it takes for native code, which saves more of each.
_WORTH_IT_NATIVELY = 16

_NO_SUMMARY: tuple[Any, ...] = ("", "", 0, 0, 0, 0, 0, 0)


class _Said(NamedTuple):
    """What an event says of its own, behind what all of its session say.

    ``names`` and ``user`` are values, ``names_text`` and ``user_text`` their JSON;
    ``summary`` is of an end, in the order of `ecs.inbound`.
    """

    outcome: Any
    names: list[str]
    names_text: str
    user: dict[str, str] | None
    user_text: str
    summary: tuple[Any, ...] = _NO_SUMMARY
    auth: tuple[str, str] | None = None


class Writer:
    """Writes results and ends; see the top of the module."""

    def __init__(self, schema: EventSchema) -> None:
        self.schema = schema
        self._forms: dict[tuple[Any, ...], Form] = {}
        self._kinds: dict[Any, Kind] = {}
        self._made: dict[Layout, Fragments] = {}
        # Results that `ecs` builds before templates are made; its caller counts them.
        self.to_build = WORTH_IT

    @property
    def is_worth_it_natively(self) -> bool:
        """Whether there were events enough to make templates for native code."""
        return self.to_build <= max(0, WORTH_IT - _WORTH_IT_NATIVELY)

    def kind(self, shape: Any, layout: Layout = INBOUND) -> Kind:
        """Return the kind that ``shape`` is of, with the fragments of its events."""
        found = self._kinds.get(shape.kind)
        if found is None:
            made = self._made.setdefault(layout, Fragments(layout))
            found = self._kinds[shape.kind] = Kind(shape.kind, self.schema, made)
        return found

    def result(
        self, fact: InboundResult, session: Session, source: Source, sequence: int
    ) -> bytes | None:
        """Return the event of an attempt, or None if it is not plain."""
        name = fact.user
        if not name:
            return None
        user, text = _user(name)
        auth = (fact.mechanism, fact.profile)
        names = f"[{quoted(name)}]"
        said = _Said(fact.outcome, [name], names, user, text, auth=auth)
        return self._event(said, session, source, sequence)

    def end(self, session: Session, source: Source, sequence: int) -> bytes | None:
        """Return the event of the end that a line says, or None if it is not plain."""
        users, last = session.users, session.last_success
        if not users:
            return None
        start, end = session.start, source.instant
        summary = (
            start.iso,
            end.iso,
            nanoseconds(start, end),
            session.attempts,
            session.failures,
            len(users),
            session.messages,
            session.recipients,
        )
        names = f"[{','.join(map(quoted, users))}]"
        user, text = _user(last) if last else (None, "")
        said = _Said("", list(users), names, user, text, summary)
        return self._event(said, session, source, sequence)

    def _event(
        self, said: _Said, session: Session, source: Source, sequence: int
    ) -> bytes | None:
        opening, observer = session.opening, source.observer
        if not isinstance(opening, InboundOpened) or opening.verified is None:
            return None
        address, name, own = opening.address, opening.reverse_dns, opening.interface_ip
        raw, body = source.raw, source.body
        if (
            raw is None
            or body is None
            or "not_utf8" in source.flags
            or name == observer.name
            or address == own
            or ip_of(address) != address
        ):
            return None
        form = self._form(said, session, opening)
        fragments = self._fragments(form.kind, said, session, source, opening)
        if fragments is None:
            return None
        values = (
            source.instant.iso,
            source.event_id,
            sequence,
            sha256(raw).hexdigest(),
            raw.decode(),
            body,
            said.names,
            said.user,
            int(session.number),
            session_id(session, observer),
            address,
            name,
            *said.summary,
        )
        if not form.takes(values):
            return None
        return form.fill((*_texts(values, said), *fragments))

    def _form(self, said: _Said, session: Session, opening: InboundOpened) -> Form:
        key = (
            said.outcome,
            said.user is not None,
            session.hat is not None,
            opening.verified,
            opening.reverse_dns is not None,
            ":" in opening.address,
        )
        form = self._forms.get(key)
        if form is None:
            shape = Shape(
                said.outcome,
                said.user is not None,
                session.hat is not None,
                opening.verified is True,
                opening.reverse_dns is not None,
                ":" in opening.address,
            )
            form = self._forms[key] = Form(shape, self.kind(shape), self.schema)
        return form

    def _fragments(
        self,
        kind: Kind,
        said: _Said,
        session: Session,
        source: Source,
        opening: InboundOpened,
    ) -> Texts | None:
        flags = (*source.instant.flags, *source.flags)
        if session.conflict:
            flags = (*flags, "appliance_conflict")
        interface, own = opening.interface, opening.interface_ip
        hat, tls = session.hat, session.tls
        connection = (source.observer, interface, own, hat, tls)
        known = kind.joined.get(connection)
        if known is None:
            known = _joined(
                kind.texts("listener", connection[:3], Known(source, interface, own)),
                kind.texts("hat", hat, Known(hat=hat)),
                kind.texts("tls", tls, Known(tls=tls)),
            )
            kind.join(connection, known)
        level, program, priority = source.level, source.program, source.priority
        zone, auth = source.instant.zone, said.auth
        line = (level, program, priority, source.syslog_host, zone, auth, flags)
        more = kind.joined.get(line)
        if more is None:
            mechanism, profile = auth or ("", "")
            head = source._replace(instant=source.instant._replace(flags=()), flags=())
            more = _joined(
                kind.texts("head", line[:5], Known(head)),
                kind.texts("auth", auth, Known(mechanism=mechanism, profile=profile))
                if auth
                else ("",),
                kind.texts("flags", flags, Known(head._replace(flags=flags))),
            )
            kind.join(line, more)
        return known + more if known and more else None


def _texts(values: tuple[Any, ...], said: _Said) -> tuple[object, ...]:
    """Return the JSON of values; what cannot have a quote in it is not looked at."""
    time, event_id, sequence, digest, line, body, _, _, number, of, address, name = (
        values[:12]
    )
    start, end, *counts = said.summary
    return (
        f'"{time}"',
        f'"{event_id}"',
        sequence,
        f'"{digest}"',
        quoted(line),
        quoted(body),
        said.names_text,
        said.user_text,
        number,
        quoted(of),
        f'"{address}"',
        quoted(name) if name else "",
        f'"{start}"',
        f'"{end}"',
        *counts,
    )


def _joined(*found: Texts | None) -> Texts:
    """Return the texts of fragments as one tuple; nothing if one may not be."""
    texts: Texts = ()
    for one in found:
        if one is None:
            return ()
        texts += one
    return texts


@lru_cache(4096)
def _user(name: str) -> tuple[dict[str, str], str]:
    """Return ``user`` of an event, as a value and as the text of the member."""
    user = user_part(name)
    return user, orjson.dumps(user).decode()
