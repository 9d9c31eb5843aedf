"""All that is known of one appliance."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from esa_auth import grammar
from esa_auth.envelope import Clock, Present
from esa_auth.identity import Identity
from esa_auth.model.counters import ApplianceCounts
from esa_auth.model.dead_letter import ReplayHints
from esa_auth.model.document import Document
from esa_auth.model.facts import Envelope, Fact, Instant, Side, Unread
from esa_auth.model.session import Observer
from esa_auth.pipeline.waiting import Waiting
from esa_auth.privacy import Pseudonymizer
from esa_auth.sessions import (
    NO_REPORTS,
    Changes,
    Ended,
    Event,
    Messages,
    ReportEvery,
    Series,
    State,
    Table,
)

SIDES: tuple[Side, ...] = ("icid", "dcid")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a pipeline is told.

    ``appliance`` names lines that do not name theirs, ``zones`` maps an appliance to
    its IANA zone and ``zone`` is for the rest, ``names`` maps an address to the
    appliance that has it, ``reference`` is when the file was written (epoch s, for
    stamps without year) or, if ``live``, the present at the start, ``cap`` bounds the
    open sessions and ``max_age`` their age in seconds of the log, ``max_line`` the
    bytes of a line. ``pseudonym_key`` replaces names, ``redact`` takes away likely
    passwords; ``enrich`` adds to every event; ``wait`` is for how many seconds of the
    log an event waits for late lines of its session, and ``redact_wait`` that of a
    failure for a success that makes its name a likely password. ``report_every`` is
    after what an open session is reported. ``whole`` asks the schema about each event
    as a whole, and not by parts. ``native`` lets native code, where it is built, read
    lines that are plain.
    """

    appliance: str = "esa"
    zone: str | None = None
    zones: tuple[tuple[str, str], ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    reference: int = 0
    live: bool = False
    cap: int = 200_000
    max_age: int = 6 * 3600
    max_line: int = 65_536
    id_key: bytes | None = None
    pseudonym_key: bytes | None = field(default=None, repr=False)
    redact: bool = False
    enrich: Callable[[Document], Document] | None = field(default=None, repr=False)
    wait: int = 0
    redact_wait: int = 0
    report_every: ReportEvery = NO_REPORTS
    whole: bool = False
    native: bool = False

    @property
    def reports(self) -> bool:
        """Whether open sessions are reported."""
        return self.report_every != NO_REPORTS

    @property
    def waits(self) -> bool:
        """Whether any event waits for anything."""
        return bool(self.wait or self.redact_wait)

    @property
    def pseudonymizer(self) -> Pseudonymizer | None:
        """What replaces names, or None if they are to stay."""
        wanted = self.pseudonym_key is not None or self.redact
        return Pseudonymizer(self.pseudonym_key, self.redact) if wanted else None

    @property
    def look_every(self) -> int:
        """Connections between two looks for what is too old or too much."""
        return max(1, min(1024, self.cap // 128))


class Odd(NamedTuple):
    """A line whose time is implausible, and how often it came.

    ``rejected`` says why it becomes a dead letter unread, if it does: kind and reason.
    """

    line: bytes
    envelope: Envelope
    times: int = 1
    rejected: tuple[str, str] | None = None


class ImplausibleTimeError(Exception):
    """A line is not to be read as one of its appliance, for its time is not: see there.

    Raised before anything is changed, by what asks when the line was written.
    """

    def __init__(self, appliance: "Appliance", odd: Odd) -> None:
        super().__init__()
        self.appliance, self.odd = appliance, odd


def looks_in(left: int, every: int) -> int:
    """Return the connections to the next look, of the saved number of them.

    The cap, and with it ``every``, may be another one than at the stop.

    Raises:
        ValueError: it is no such number.
    """
    if left <= 0:
        raise ValueError(f"a look in {left} connections")
    return min(left, every)


class Appliance:
    """Clock, sessions, messages and ids of one appliance."""

    def __init__(
        self, name: str, settings: Settings, present: Present | None = None
    ) -> None:
        zone = dict(settings.zones).get(name, settings.zone)
        self.name = name
        self.observer = Observer(name)
        self.clock = Clock(zone, settings.reference, present)
        # Of an archive: lines that are put off.
        self.odd: list[Odd] = []
        self.implausible = 0
        self.changes = Changes()
        self.inbound, self.outbound = (
            Table(
                side,
                settings.max_age,
                read_context,
                grammar.shortened_tls,
                instant_at,
                self.changes,
            )
            for side in SIDES
        )
        self.tables = {"icid": self.inbound, "dcid": self.outbound}
        self.series = Series()
        self.messages = Messages(self.changes)
        # Empty for ever unless `Settings.wait`.
        self.waiting = Waiting(self.changes)
        self.identity = (
            Identity(name, settings.id_key) if settings.id_key else Identity(name)
        )
        # Connections until it is looked for sessions that are too old: its own, for an
        # event must not depend on what other appliances write.
        self.look_every = self.until_look = settings.look_every
        # What stood before its body, None if that had no time; and when it was written.
        self.head: Envelope | None = None
        self.instant: Instant | None = None

    def move_to(self, raw: bytes, envelope: Envelope) -> Instant | None:
        """Set the clock to the time of a line; return it, or None if it has none.

        Raises:
            ImplausibleTimeError: see `envelope.clock`; nothing is moved.
        """
        instant = None
        if envelope.stamp is not None:
            instant = self.clock.resolve(envelope.stamp, envelope.around)
        if instant is None:
            self.head = None
            return None
        if not self.clock.follow(instant):
            # So that the next line is looked at, whatever its head, and not only known
            # again: what is put off is to be read before it.
            self.head = None
            raise ImplausibleTimeError(self, Odd(raw, envelope))
        self.head, self.instant = envelope, instant
        return instant

    def set_offset(self, seconds: int) -> None:
        """Take the zone of a file header."""
        self.clock.set_offset(seconds)
        self.head = None

    def set_version(self, version: str, serial: str) -> None:
        """Take version and serial."""
        self.observer = Observer(self.name, version, serial)

    def leave(self, serial: str) -> list[Ended]:
        """End and return the sessions that are not those of machine ``serial``."""
        if self.observer.serial in (None, serial):
            return []
        return self.abandon(Event.APPLIANCE_CHANGED)

    def abandon(self, event: Event) -> list[Ended]:
        """End all connections by ``event``; return the sessions."""
        now = self.clock.now
        return [*self.inbound.abandon(event, now), *self.outbound.abandon(event, now)]

    def counts(self) -> ApplianceCounts:
        """Return what was counted of it."""
        tables = self.inbound, self.outbound
        return ApplianceCounts(
            evicted=sum(table.ends[State.EVICTED] for table in tables),
            expired=sum(table.ends[State.EXPIRED] for table in tables),
            replaced=sum(table.ends[State.REPLACED] for table in tables),
            assumed_utc=self.clock.zone.assumed_utc,
            future_time=self.clock.future,
            implausible_time=self.implausible,
            appliance_conflict=sum(t.conflicts for t in tables) + self.series.conflicts,
        )

    def hints(self, time: str | None, ordinal: int | None) -> ReplayHints:
        """Return what a replay needs of it; ``time`` and ``ordinal`` are the line's."""
        clock, observer = self.clock.snapshot(), self.observer
        return ReplayHints(
            time,
            ordinal,
            clock["offset"],
            clock["last"],
            observer.version,
            observer.serial,
            implausible=self.clock.odd_one,
        )

    def open_sessions(self) -> int:
        """Return how many connections are held."""
        return len(self.inbound) + len(self.outbound)


@lru_cache(maxsize=4096)
def read_context(body: bytes) -> Fact | Unread:
    """Return what a line of a connection says; its number is 0."""
    return grammar.read(body.decode("utf-8", "backslashreplace"))


@lru_cache(maxsize=1024)
def instant_at(epoch: int) -> Instant:
    """Return the instant of ``epoch`` seconds, in UTC."""
    utc = datetime.fromtimestamp(epoch, UTC)
    iso = utc.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
    return Instant(epoch, iso, "UTC")
