"""All that is known of one appliance."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from esa_auth import grammar
from esa_auth.envelope import Clock, Present, end_of
from esa_auth.identity import Identity
from esa_auth.model.document import Document
from esa_auth.model.facts import Envelope, Fact, Instant, Unread
from esa_auth.model.session import Observer, Session
from esa_auth.pipeline.waiting import Waiting
from esa_auth.privacy import Veil
from esa_auth.sessions import Messages, Series, Table

_MAX_REMEMBERED = 512


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
    failure for a success that makes its name a likely password.
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

    @property
    def waits(self) -> bool:
        """Whether any event waits for anything."""
        return bool(self.wait or self.redact_wait)

    @property
    def veil(self) -> Veil | None:
        """What covers names, if anything is to."""
        wanted = self.pseudonym_key is not None or self.redact
        return Veil(self.pseudonym_key, self.redact) if wanted else None

    @property
    def look_every(self) -> int:
        """Connections between two looks for what is too old or too much."""
        return max(1, min(1024, self.cap // 128))


class Odd(NamedTuple):
    """A line whose time is implausible, and how often it came.

    ``refused`` says why it is only to be kept, if it is: kind and reason.
    """

    line: bytes
    prefix: Envelope | None
    times: int = 1
    refused: tuple[str, str] | None = None


class ImplausibleTimeError(Exception):
    """A line is not to be read as one of its appliance, for its time is not: see there.

    Raised before anything is changed, by what asks when the line was written.
    """

    def __init__(self, appliance: "Appliance", odd: Odd) -> None:
        super().__init__()
        self.appliance, self.odd = appliance, odd


class Appliance:
    """Clock, sessions, messages and ids of one appliance."""

    def __init__(
        self, name: str, settings: Settings, present: Present | None = None
    ) -> None:
        zone = dict(settings.zones).get(name, settings.zone)
        self.name = name
        self.observer = Observer(name)
        self.clock = Clock(zone, settings.reference, present)
        # Of an archive: lines that are put off, and whom to tell that they were odd.
        self.odd: list[Odd] = []
        self.came_back: Callable[[Appliance], None] | None = None
        self.implausible = 0
        self.inbound = Table("icid", settings.max_age, read_context, instant_at)
        self.outbound = Table("dcid", settings.max_age, read_context, instant_at)
        self.series = Series()
        self.messages = Messages()
        # Empty for ever unless `Settings.wait`.
        self.waiting = Waiting()
        self.identity = (
            Identity(name, settings.id_key) if settings.id_key else Identity(name)
        )
        # Connections until it is looked for sessions that are too old: its own, for an
        # event must not depend on what other appliances write.
        self.until_look = settings.look_every
        # The second of the line read last, as `Table` keeps it: b"<epoch> ".
        self.second = b""
        # What the kept lines of a time near to it begin with, see `Table.near`.
        self.lately = b""
        # What stood before its body: the stamp of a native line, else the envelope.
        # None if that had no time; a line that begins alike has the same one.
        self.head: bytes | Envelope | None = None
        self._instant: Instant | None = None
        self.tables = {
            b"New %b %b " % (word, side): table
            for word in (b"SMTP", b"smtp")
            for side, table in ((b"ICID", self.inbound), (b"DCID", self.outbound))
        }

    def instant(self, line: bytes, prefix: Envelope | None) -> Instant | None:
        """Return when ``line`` was written; no prefix means a native line.

        Raises:
            ImplausibleTimeError: see `envelope.clock`.
        """
        head = line[:24] if prefix is None else prefix
        if head == self.head:
            return self._instant
        if prefix is None:
            instant = self.clock.resolve(line[:24].decode("ascii", "replace"))
        elif prefix.stamp is None:
            instant = None
        else:
            instant = self.clock.resolve(prefix.stamp, prefix.around)
        if instant is None:
            self.head = None
            return None
        if not self.clock.follow(instant):
            # So that the next line is looked at, whatever its head, and not only known
            # again: what is put off is to be read before it.
            self.head = None
            raise ImplausibleTimeError(self, Odd(line, prefix))
        self.head, self._instant = head, instant
        self.second = b"%d " % instant.epoch
        self.lately = self.second[: self.inbound.near]
        if self.odd and self.came_back:
            self.came_back(self)
        return instant

    def set_offset(self, seconds: int) -> None:
        """Take the zone of a file header."""
        self.clock.set_offset(seconds)
        self.head = None

    def set_version(self, version: str, serial: str) -> None:
        """Take version and serial."""
        self.observer = Observer(self.name, version, serial)

    def leave(self, serial: str) -> list[Session]:
        """Forget and return the sessions that are not those of machine ``serial``."""
        if self.observer.serial in (None, serial):
            return []
        ended = [*self.inbound.live.values(), *self.outbound.live.values()]
        for table in (self.inbound, self.outbound):
            table.kept.clear()
            table.live.clear()
        return ended

    @property
    def doubts(self) -> dict[str, int]:
        """How often what of its lines was doubtful, by the flag that says so."""
        conflicts = self.inbound.conflicts + self.outbound.conflicts
        return {
            "assumed_utc": self.clock.zone.assumed_utc,
            "future_time": self.clock.future,
            "implausible_time": self.implausible,
            "appliance_conflict": conflicts + self.series.conflicts,
        }

    def inherit(self, other: "Appliance") -> None:
        """Add the doubts of an appliance that is forgotten, but for its tables'."""
        self.clock.zone.assumed_utc += other.clock.zone.assumed_utc
        self.clock.future += other.clock.future
        self.implausible += other.implausible
        self.series.conflicts += other.series.conflicts

    def open_sessions(self) -> int:
        """Return how many connections are held."""
        return len(self.inbound) + len(self.outbound)


class Line(NamedTuple):
    """One line on its way: ``prefix`` is None for a native line of level Info."""

    appliance: Appliance
    raw: bytes
    at: int
    prefix: Envelope | None

    @property
    def body(self) -> str:
        """The body as text; bytes that are not UTF-8 are escaped."""
        return self.raw[self.at :].decode("utf-8", "backslashreplace")

    @property
    def instant(self) -> Instant | None:
        """When it was written."""
        return self.appliance.instant(self.raw, self.prefix)

    @property
    def physical(self) -> bytes:
        """The bytes that stood in the log."""
        prefix = self.prefix
        return self.raw if prefix is None else prefix.repeated or self.raw

    def trimmed(self) -> "Line":
        """Return it without what its line end became on the way."""
        raw = self.raw
        end = end_of(raw)
        return self if end == len(raw) else self._replace(raw=raw[:end])


def read_context(body: bytes) -> Fact | Unread:
    """Return what a line of a connection says; its number is 0."""
    # A long one may be long on purpose, and is not remembered.
    if len(body) > _MAX_REMEMBERED:
        return grammar.read(body.decode("utf-8", "backslashreplace"))
    return _remembered(body)


@lru_cache(maxsize=4096)
def _remembered(body: bytes) -> Fact | Unread:
    return grammar.read(body.decode("utf-8", "backslashreplace"))


@lru_cache(maxsize=4096)
def instant_at(epoch: int) -> Instant:
    """Return the instant of ``epoch`` seconds, in UTC."""
    utc = datetime.fromtimestamp(epoch, UTC)
    iso = utc.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
    return Instant(epoch, iso, "UTC")
