"""How a language says each kind of detection: a new kind, or language, begins here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, NoReturn, TypeVar

from conf.build.detections import (
    After,
    Counted,
    Each,
    FirstSeen,
    Scattered,
    Share,
    Silent,
    Volume,
    Way,
)

Said = TypeVar("Said")


class CannotSayError(Exception):
    """A language cannot say a detection; the text is why, and what to take instead."""


@dataclass(frozen=True, slots=True)
class Kinds(Generic[Said]):
    """What a language makes of each kind."""

    each: Callable[[Each], Said]
    counted: Callable[[Counted], Said]
    after: Callable[[After], Said]
    scattered: Callable[[Scattered], Said]
    volume: Callable[[Volume], Said]
    first_seen: Callable[[FirstSeen], Said]
    share: Callable[[Share], Said]
    silent: Callable[[Silent], Said]

    def said(self, way: Way) -> Said:
        """Return what is made of ``way``; raise `CannotSayError` if nothing can."""
        match way:
            case Each():
                return self.each(way)
            case Counted():
                return self.counted(way)
            case After():
                return self.after(way)
            case Scattered():
                return self.scattered(way)
            case Volume():
                return self.volume(way)
            case FirstSeen():
                return self.first_seen(way)
            case Share():
                return self.share(way)
            case Silent():
                return self.silent(way)


def cannot(reason: str) -> Callable[[Way], NoReturn]:
    """Return what a language makes of a kind that it cannot say."""

    def refuse(_: Way) -> NoReturn:
        raise CannotSayError(reason)

    return refuse
