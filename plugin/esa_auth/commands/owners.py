"""Whose a log is, for lines that do not say it: by its path, serial or folder.

Sessions of two appliances have equal numbers, so that lines of two must never be read
as those of one.
"""

import logging
import os
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from esa_auth.fields import reader
from esa_auth.grammar import LOG_BEGINS
from esa_auth.inputs.follow import OPENING, name_to_text, text_to_name
from esa_auth.pipeline.origin import origin

# `/srv/esa01/2026-03/mail_logs`: such a folder names no appliance.
_DATE = re.compile(r"(?:19|20)\d\d(?:[-_.]?\d\d){0,3}|\d\d")
_BEGIN = f": {LOG_BEGINS}".encode()
_log = logging.getLogger("esa_auth")


class Opening(NamedTuple):
    """What the first lines of a file say of its writer.

    ``named`` means that its lines name their appliance themselves; of a file that is
    not ``known`` only the line before the serial number is there.
    """

    serial: str | None
    named: bool
    known: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A log: its path, and the appliance that a pattern reads in it."""

    log: str
    appliance: str | None = None

    @property
    def folder(self) -> str:
        """The folder that stands for its appliance."""
        folder = os.path.dirname(self.log)
        while _DATE.fullmatch(os.path.basename(folder)):
            folder = os.path.dirname(folder)
        return folder


@dataclass(slots=True)
class _Known:
    """What was found out about a log: its name, by which path, and its serial."""

    name: str
    appliance: str | None
    serial: str | None


class Owners:
    """Gives every log the name of its appliance, and keeps to it.

    In this order: the name that the configuration has for the serial number, the part
    of the path that a pattern calls ``{appliance}``, and the default name, as long as
    one appliance alone can be meant. Of several, each that has no name is called by
    its serial number, or by its folder if there is none.
    """

    def __init__(self, serials: dict[str, str], default: str, *, said: bool) -> None:
        """Take names by serial number and the default name.

        ``said`` means that somebody chose the default: then it is also that of logs
        without a serial number, in any folder.
        """
        self._serials, self._default, self._said = serials, default, said
        # By name, the serial number or the folder that it stands for.
        self._holders = {name: serial for serial, name in serials.items()}
        self._former: dict[str, set[str]] = {}
        self._logs: dict[str, _Known] = {}
        # Several serial numbers are there; several appliances want the default name.
        self._several = self._contested = False
        self._told: set[tuple[str, str]] = set()

    def foresee(self, files: Iterable[tuple[Place, Opening]]) -> None:
        """Find out whether one appliance alone can be meant by the default name."""
        open_to_it = [
            (place, opening)
            for place, opening in files
            if place.appliance is None and opening.known and not opening.named
        ]
        serials = {opening.serial for _, opening in open_to_it if opening.serial}
        unnamed = serials - self._serials.keys()
        settled = {place.folder for place, opening in open_to_it if opening.serial}
        folders = {place.folder for place, _ in open_to_it} - settled
        self._contested = len(unnamed) + (0 if self._said else len(folders)) > 1
        self._several = self._contested or len(serials) > 1
        if self._several:
            for serial in sorted(unnamed):
                text = "serial %s has no name in `appliances`: it is its name"
                self._say(text, serial)

    def name(self, place: Place, opening: Opening) -> str:
        """Return the name of the appliance that wrote a file."""
        before = self._logs.get(place.log)
        if before and place.appliance and before.appliance != place.appliance:
            before = None
        if opening.serial:
            name = self._of_serial(place, opening.serial, before)
        else:
            name = self._of_path(place, opening, before)
        if opening.known and not opening.named:
            serial = opening.serial or (before.serial if before else None)
            self._logs[place.log] = _Known(name, place.appliance, serial)
        return name

    def snapshot(self, logs: Collection[str]) -> dict[str, Any]:
        """Return what a restart needs of ``logs``, given as `name_to_text` does."""
        return {
            "holders": {
                name: name_to_text(holder) for name, holder in self._holders.items()
            },
            "former": {
                name: sorted(map(name_to_text, of)) for name, of in self._former.items()
            },
            "logs": [
                [name_to_text(log), of.name, of.appliance, of.serial]
                for log, of in self._logs.items()
                if name_to_text(log) in logs
            ],
            "several": [self._several, self._contested],
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up a snapshot; what the configuration says goes before it.

        Raises:
            ValueError, LookupError: it is not a snapshot.
        """
        holders = reader(dict[str, str])(saved["holders"])
        former = reader(dict[str, tuple[str, ...]])(saved["former"])
        logs = reader(tuple[tuple[str, str, str | None, str | None], ...])
        known = {
            text_to_name(log): _Known(name, appliance, serial)
            for log, name, appliance, serial in logs(saved["logs"])
        }
        several, contested = reader(tuple[bool, bool])(saved["several"])
        self._several, self._contested = several, contested
        self._holders = {
            **{name: text_to_name(of) for name, of in holders.items()},
            **self._holders,
        }
        self._former = {name: set(map(text_to_name, of)) for name, of in former.items()}
        self._logs = known

    def _of_serial(self, place: Place, serial: str, before: _Known | None) -> str:
        if serial in self._serials:
            return self._serials[serial]
        held = [name for name, holder in self._holders.items() if holder == serial]
        wanted = place.appliance or (held[0] if held else None)
        if wanted is None and before:
            wanted = before.name
        if wanted is None:
            wanted = serial if self._several else self._default
        holder = self._holders.get(wanted)
        if holder in (None, serial, place.folder):
            self._holders[wanted] = serial
            return wanted
        if self._follows(place, serial, wanted, before):
            self._former.setdefault(wanted, set()).add(str(holder))
            self._holders[wanted] = serial
            self._say("%s: %s from here on, serial %s before", wanted, serial, holder)
            return wanted
        self._say(
            "%s: serial %s cannot be called %s, as %s is: it is called by its serial"
            " number; give each a name of its own, as appliances.NAME.serial or as"
            " {appliance} in the path",
            place.log,
            serial,
            wanted,
            holder,
        )
        self._holders.setdefault(serial, serial)
        return serial

    def _follows(
        self, place: Place, serial: str, name: str, before: _Known | None
    ) -> bool:
        """Say whether a machine takes the place of the one that had the name."""
        if before is None or before.name != name:
            return False
        if serial in self._former.get(name, ()) or before.serial is None:
            return False
        shared = (Place(log) for log, of in self._logs.items() if of.name == name)
        return all(other.folder == place.folder for other in shared)

    def _of_path(self, place: Place, opening: Opening, before: _Known | None) -> str:
        if before:
            return before.name
        if place.appliance:
            return place.appliance
        if opening.named or not opening.known:
            return self._default
        folder = place.folder
        beside = {
            of.name for log, of in self._logs.items() if folder == Place(log).folder
        }
        if len(beside) == 1:
            return beside.pop()
        holder = self._holders.get(self._default)
        if self._said or (not self._contested and holder in (None, folder)):
            self._holders.setdefault(self._default, folder)
            if holder not in (None, folder):
                self._say(
                    "%s: no serial number in it: taken as %s's",
                    place.log,
                    self._default,
                )
            return self._default
        name = _text(os.path.basename(folder))
        if self._holders.setdefault(name, folder) != folder:
            name = _text(folder)
        self._say(
            "%s: no serial number in it: called %s by its folder; {appliance} in the"
            " path, or --appliance for all of them, says it better",
            place.log,
            name,
        )
        return name

    def _say(self, text: str, *values: str | None) -> None:
        what = (text, "\0".join(map(str, values)))
        if what not in self._told:
            self._told.add(what)
            _log.warning(text, *values)


@lru_cache(maxsize=256)
def read_opening(data: bytes) -> Opening:
    """Return what the first bytes of a file say, a cut last line left out."""
    lines = data.lstrip(b"\0").split(b"\n")[:-1]
    found = origin((line, None, None) for line in lines)
    known = len(data) >= OPENING or not all(_BEGIN in line for line in lines)
    return Opening(found.serial, found.named, known)


def _text(name: str) -> str:
    """Return a file name as text that can be written, whatever bytes it is made of."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
