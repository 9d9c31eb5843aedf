"""What native code asks of events: templates, fragments and rules, made by `ecs`.

It writes those of sessions that are plain from their first line on. All names of
fields, and all wordings but those of the result and of the opening line, are here
and in `servers.py`.
"""

import re
from itertools import product
from typing import Any, Literal, TypeAlias

import orjson

from esa_auth import grammar
from esa_auth.ecs.events import session_id, user_part
from esa_auth.ecs.inbound import INBOUND, SOURCE, Known, Shape
from esa_auth.ecs.outbound import OUTBOUND, KnownOfServer, ServerShape
from esa_auth.ecs.templates import Layout, Template
from esa_auth.model.facts import HatDecision, InboundOpened, Instant, SessionLost, Tls
from esa_auth.model.session import Observer, Session, Source
from esa_auth.pipeline.appliance import SIDES, instant_at, read_context
from esa_auth.pipeline.forms import Kind
from esa_auth.pipeline.native.rules import Asked, Rule, rules_of
from esa_auth.pipeline.native.servers import ServerEvents, known_of_server
from esa_auth.pipeline.native.steps import OF_INSTANT
from esa_auth.pipeline.writer import Writer

Outcome: TypeAlias = Literal["success", "failure", ""]
Pieces: TypeAlias = list[tuple[bytes, int]]

# Those with one name have the same places on both sides.
_FAMILIES = list(dict.fromkeys([*INBOUND.fragments, *OUTBOUND.fragments]))
_OUTCOMES: tuple[Outcome, ...] = ("success", "failure", "")
_CLIENTS = product(_OUTCOMES, (False, True), (False, True))
# By their numbers in native code.
_KINDS: list[tuple[Layout, Any]] = [
    *((INBOUND, Shape(*client)) for client in _CLIENTS),
    *((OUTBOUND, ServerShape(outcome)) for outcome in _OUTCOMES),
]
# What tells the shapes of a kind, each a bit of their numbers, the last one first.
_BITS = ("six", "named", "verified")
# A hostile log has any number of different texts.
_MOST = 4096
_LISTENER = (
    "New SMTP ICID 0 interface {} address 198.51.100.7 "
    "reverse dns host unknown verified no"
)
# Private characters, so that they stand for themselves in JSON.
_NAME, _DOMAIN = "\ue000", "\ue001"
# In the place of two digits.
_MARK = "\ue002\ue003"


class Native:
    """A `Fragment` of native code by its family and what decides about it."""

    def __init__(self, made: Any) -> None:
        """``made`` is the class in native code."""
        self._made = made
        self._known: dict[tuple[str, Any], Any] = {}

    def fragment(self, family: str, key: Any) -> Any:
        """Return what stands for a fragment in native code."""
        found = self._known.get((family, key))
        if found is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            found = self._made(_FAMILIES.index(family), key)
            self._known[family, key] = found
        return found


class NativeEvents(ServerEvents):
    """Answers native code."""

    def __init__(self, writer: Writer, fragment: Any) -> None:
        """``fragment`` is the class of native code for one."""
        super().__init__(Native(fragment).fragment)
        self.writer = writer
        self._numbers: dict[Observer, int] = {}
        self._last = 0
        self._asked: dict[int, list[Asked]] = {}

    def number_of(self, observer: Observer) -> int:
        """Return what stands for ``observer`` in native code, never for another one."""
        number = self._numbers.get(observer)
        if number is None:
            if len(self._numbers) >= _MOST:
                self._numbers.clear()
                self.observers.clear()
            self._last += 1
            number = self._numbers[observer] = self._last
            self.observers[number] = observer
        return number

    # ---- asked by native code -------------------------------------------------------

    def template(self, kind: int, shape: int) -> tuple[list[bytes], list[int]] | None:
        """Return the literals and slots of a template; None: it is not to be used."""
        if self._rules(kind) is None:
            return None
        layout, of_kind = _KINDS[kind]
        bits = {name: bool(shape >> n & 1) for n, name in enumerate(_BITS)}
        told = {name: bits[name] for name in of_kind._fields if name in bits}
        template = Template(layout, of_kind._replace(**told))
        if not self.writer.schema.valid(template.event):
            return None
        return [text.encode() for text in template.literals], list(template.slots)

    def rules(self, kind: int) -> list[Rule]:
        """Return the rules for the values of a kind that has templates."""
        return [asked.rule for asked in self._asked[kind]]

    def judge(self, kind: int, number: int, value: str | int) -> bool:
        """Return whether a value is what it has to be."""
        return self._asked[kind][number].fits(value)

    def texts(self, kind: int, family: int, key: Any) -> list[bytes] | None:
        """Return the texts of a fragment, None if events of a kind may not have it."""
        name = _FAMILIES[family]
        of_kind = self._kind(kind)
        known = _known(of_kind.layout, name, key)
        texts = of_kind.texts(name, key, known)
        return None if texts is None else [text.encode() for text in texts]

    def context(self, lines: bytes) -> tuple[Any, Any, bool, bool] | None:
        """Return what lines say of HAT and TLS, whether of HAT, whether of neither.

        Each ends with a newline, and lacks what stands before the number and it.
        """
        session = Session("icid", "0", instant_at(0))
        for line in lines.split(b"\n")[:-1]:
            fact = read_context(b"ICID 0 " + line)
            if not isinstance(fact, HatDecision | Tls | SessionLost):
                return None
            session.fold(fact)
        hat, tls = session.hat, session.tls
        told = self.fragment("hat", hat), self.fragment("tls", tls)
        return *told, hat is not None, hat is None and tls is None

    def listener(self, observer: int, text: bytes) -> tuple[Any, bytes] | None:
        """Return what a listener is in an event, and its own address if it has one."""
        fact = grammar.read(_LISTENER.format(text.decode()))
        by = self.observers.get(observer)
        if by is None or not isinstance(fact, InboundOpened):
            return None
        own = fact.interface_ip
        fragment = self.fragment("listener", (by, fact.interface, own))
        return fragment, (own or "").encode()

    def auth(self, mechanism: bytes, profile: bytes) -> Any:
        """Return how an event says these."""
        return self.fragment("auth", (mechanism.decode(), profile.decode()))

    def began(
        self, appliance: str, epoch: int, side: int
    ) -> tuple[list[str], str, list[str]]:
        """Return the starts in an hour, and what is around the number in session ids.

        ``epoch`` is its first second. Between the three pieces of a start, and of what
        is behind the number, stand the minute and the second.
        """
        iso = instant_at(epoch).iso
        iso = iso[: OF_INSTANT.start] + f"{_MARK}:{_MARK}" + iso[OF_INSTANT.stop :]
        session = Session(SIDES[side], _NAME, Instant(epoch, iso, "UTC"))
        before, _, behind = session_id(session, Observer(appliance)).rpartition(_NAME)
        return iso.split(_MARK), before, behind.split(_MARK)

    def users(self) -> list[Pieces]:
        """Return the text of a user: a name, an address, an account of a domain.

        What follows each piece: 0 the name, 1 the domain, 2 nothing.
        """
        names = (_NAME, f"{_NAME}@{_DOMAIN}", f"{_DOMAIN}\\{_NAME}")
        return [_pieces(name) for name in names]

    def _kind(self, kind: int) -> Kind:
        layout, shape = _KINDS[kind]
        return self.writer.kind(shape, layout)

    def _rules(self, kind: int) -> list[Asked] | None:
        if kind not in self._asked:
            of_kind = self._kind(kind)
            values, found = of_kind.layout.values, of_kind.rules
            asked = found and rules_of(values, found, self.writer.schema)
            if not asked:
                return None
            self._asked[kind] = asked
        return self._asked[kind]


def _known(layout: Layout, family: str, key: Any) -> Any:
    """Return facts of an event that has this fragment."""
    known: Any = Known() if layout is INBOUND else KnownOfServer()
    if family == "flags":
        return known._replace(source=SOURCE._replace(flags=key))
    if family == "head":
        return known._replace(source=_source_of(key))
    return (_known_of_client if layout is INBOUND else known_of_server)(family, key)


def _known_of_client(family: str, key: Any) -> Known:
    if family == "listener":
        observer, interface, own = key
        return Known(SOURCE._replace(observer=observer), interface, own)
    if family == "hat":
        return Known(hat=key)
    if family == "tls":
        return Known(tls=key)
    return Known(mechanism=key[0], profile=key[1])


def _source_of(head: Any) -> Source:
    """Return the source of a line that has this in its head."""
    level, program, priority, host, zone = head
    return SOURCE._replace(
        level=level,
        program=program,
        priority=priority,
        syslog_host=host,
        instant=SOURCE.instant._replace(zone=zone),
        flags=(),
    )


def _pieces(name: str) -> Pieces:
    """Cut the text of a user at ``name`` and at the domain in it."""
    text = orjson.dumps(user_part(name))
    whole, domain = orjson.dumps(name), orjson.dumps(_DOMAIN)
    pieces = re.split(b"(%b|%b)" % (re.escape(whole), re.escape(domain)), text)
    marks = [int(mark == domain) for mark in pieces[1::2]]
    return list(zip(pieces[::2], [*marks, 2], strict=True))
