"""Says in our log what is doubtful of an appliance's lines, at most once an hour."""

import logging
import time
from collections.abc import Iterable

from esa_auth.pipeline import Pipeline
from esa_auth.visible import visible

# All appliances are looked at, and a fleet has many.
_SECONDS_BETWEEN_LOOKS = 10.0
_SECONDS_BETWEEN_NOTICES = 3600.0
_MOST_NAMES = 3

_TEXTS = {
    "assumed_utc": "stamps without a zone are taken for UTC (flag assumed_utc): set"
    " --timezone, or appliances.NAME.timezone in the configuration",
    "future_time": "lines more than 5 minutes ahead of our clock (flag future_time): is"
    " the time zone that of the appliance, are both clocks right?",
    "implausible_time": "lines more than a day away from the others or from our clock"
    " (flag implausible_time), read on their own: forged, or a clock that jumped",
    "appliance_conflict": "two appliances under one name (flag appliance_conflict):"
    " give each a name of its own",
}

_log = logging.getLogger("esa_auth")


class Notices:
    """Of each kind, the appliances that have more of it than when it was last said."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._next_look = 0.0
        self._next_notice = dict.fromkeys(_TEXTS, 0.0)
        self._said: dict[tuple[str, str], int] = {}

    def look(self) -> None:
        """Look if it is time to; cheap if not."""
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _SECONDS_BETWEEN_LOOKS
            self.look_now(now)

    def look_now(self, now: float) -> None:
        """Say what was not said within the hour."""
        known = self._pipeline.registry.appliances
        self._said = {at: n for at, n in self._said.items() if at[1] in known}
        due = [kind for kind, at in self._next_notice.items() if now >= at]
        found = {kind: list(self._news(kind)) for kind in due}
        for kind, names in found.items():
            if names:
                self._next_notice[kind] = now + _SECONDS_BETWEEN_NOTICES
                _log.warning("%s: %s", _listed(names), _TEXTS[kind])

    def _news(self, kind: str) -> Iterable[str]:
        for name, appliance in list(self._pipeline.registry.appliances.items()):
            count = getattr(appliance.counts(), kind)
            if count > self._said.get((kind, name), 0):
                self._said[kind, name] = count
                yield name


def _listed(names: list[str]) -> str:
    shown = ", ".join(visible(name) for name in names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown
