"""What a detection is. `table` lists them all."""

from dataclasses import dataclass
from typing import TypeAlias

OLD = "2026-11-23"


@dataclass(frozen=True, slots=True)
class Is:
    """A field has one of these values."""

    field: str
    values: tuple[str | bool, ...]


@dataclass(frozen=True, slots=True)
class Isnt:
    """A field is there and has another value."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A field is a number of at least so much."""

    field: str
    least: int


@dataclass(frozen=True, slots=True)
class Has:
    """An event has a field, or has it not."""

    field: str
    there: bool = True


Condition: TypeAlias = Is | Isnt | AtLeast | Has


@dataclass(frozen=True, slots=True)
class Key:
    """What events are grouped by, or what is counted of them.

    ``how`` is `field` for a field as it is, `lower` for one without its case, `network`
    for the IPv4 address or the IPv6 /64 of an address, and `origin` for that network
    or, where a line gave no address, the appliance.
    """

    name: str
    field: str
    how: str = "field"


NETWORK = Key("network", "source.ip", "network")
ORIGIN = Key("origin", "source.ip", "origin")
ACCOUNT = Key("account", "user.name", "lower")
SESSION = Key("session", "cisco_esa.session.id")
APPLIANCE = Key("appliance", "observer.name")
SECOND = Key("second", "@timestamp")


@dataclass(frozen=True, slots=True)
class Each:
    """Each event is a finding; of those with an equal ``by``, the first."""

    by: Key | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """So many events, or values of ``distinct``, of one ``by`` within ``window``.

    With ``forgiven``, values that have a success within the window do not count.
    """

    by: Key
    window: str
    least: int
    called: str
    distinct: Key | None = None
    forgiven: bool = False


@dataclass(frozen=True, slots=True)
class After:
    """A success that has ``least`` failures of one ``by`` in the ``window`` before it.

    With ``networks`` above one, the failures must come from so many; ``distinct`` is
    what is counted instead of failures.
    """

    by: tuple[Key, ...]
    window: str
    least: int
    networks: int = 1
    distinct: Key | None = None


@dataclass(frozen=True, slots=True)
class Scattered:
    """Many networks that fail for many users, few times each, and seldom get in."""

    window: str
    tries: int
    networks: int
    users: int
    percent: int


@dataclass(frozen=True, slots=True)
class Volume:
    """So many recipients of one user, over all sessions of the ``window``."""

    window: str
    least: int


@dataclass(frozen=True, slots=True)
class FirstSeen:
    """A user who is known gets in from a network that he never came from."""

    history: str
    recent: str
    known: str


@dataclass(frozen=True, slots=True)
class Share:
    """Of so many attempts of an appliance, so many of a hundred lack their context."""

    window: str
    attempts: int
    percent: int


@dataclass(frozen=True, slots=True)
class Silent:
    """An appliance that wrote ``events`` in ``history``, and none in ``quiet``."""

    history: str
    quiet: str
    events: int


Way: TypeAlias = (
    Each | Counted | After | Scattered | Volume | FirstSeen | Share | Silent
)


@dataclass(frozen=True, slots=True)
class Detection:
    """One detection, in the words of no engine.

    ``level`` is Sigma's, ``tags`` are ATT&CK's tactics and techniques as Sigma writes
    them, ``select`` holds of each event that is looked at.
    """

    name: str
    title: str
    level: str
    tags: tuple[str, ...]
    about: str
    mistaken: tuple[str, ...]
    select: tuple[Condition, ...]
    way: Way
    since: str = "2026-11-27"
    uuid: str = ""

    @property
    def techniques(self) -> tuple[str, ...]:
        """ATT&CK's techniques, as it writes them."""
        return tuple(t[7:].upper() for t in self.tags if t.startswith("attack.t1"))


def groups(detection: Detection) -> tuple[str, ...]:
    """Return the columns by which a finding is told from another."""
    match detection.way:
        case Each(by=by):
            return (by.field if by else "event.id",)
        case Counted(by=by):
            return (by.name,)
        case After(by=keys):
            return tuple(key.name for key in keys)
        case Scattered():
            return ("day",)
        case Volume():
            return ("account",)
        case FirstSeen():
            return ("account", "network")
        case Share() | Silent():
            return ("appliance",)


def look_back(detection: Detection) -> str:
    """Return how much of the past a finding is made of; 10m for single events."""
    match detection.way:
        case Each():
            return "10m"
        case FirstSeen(history=span) | Silent(history=span):
            return span
        case way:
            return way.window


def minutes(window: str) -> int:
    """Return the minutes of a time such as 15m, 6h or 1d."""
    return int(window[:-1]) * {"m": 1, "h": 60, "d": 1440}[window[-1]]


# Minutes of a window, to the minutes by which it slides.
_STEPS = {5: 1, 10: 1, 15: 1, 60: 5, 1440: 60}


def step_of(window: str) -> int:
    """Return by how many minutes a window slides; 1 hour if it is of days."""
    return _STEPS.get(minutes(window), 60)
