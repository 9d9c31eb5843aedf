"""A pipeline with its output and its dead letters: what every reading command needs."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from esa_auth.outputs import Output
from esa_auth.outputs.dead_letters import DeadLetters
from esa_auth.pipeline import Pipeline
from esa_auth.visible import visible

if TYPE_CHECKING:
    from esa_auth.enrich.tables import Tables
    from esa_auth.metrics.pulse import Pulse

Item = TypeVar("Item")

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


class Run(Generic[Item]):
    """Hands on what a pipeline made, to dead letters and output."""

    def __init__(
        self,
        pipeline: Pipeline,
        encode: Callable[[dict[str, Any]], Item] | None,
        output: Output[Item],
        letters: DeadLetters,
        name: str = "",
        tables: "Tables | None" = None,
    ) -> None:
        """``encode`` is None if ``pipeline`` makes JSON, which is sent as it is."""
        self.pipeline = pipeline
        self.tables = tables
        # What metrics read, for whoever wants them; see `commands.monitor`.
        self.pulse: Pulse | None = None
        self.listeners: Callable[[], Mapping[str, Mapping[str, int]]] | None = None
        self.output = output
        # Of the output, as its metrics are called.
        self.name = name
        self.notices = Notices(pipeline)
        # Takes what the pipeline made, as items of the output.
        self._take: Callable[[], list[Any]] = pipeline.take_lines
        if encode is not None:
            self._take = lambda: list(map(encode, pipeline.take_events()))
        self._letters = letters
        self._journal = 0

    def renew(self) -> None:
        """Look at the clock, and for newer tables; for before a block is read."""
        self.pipeline.at(int(time.time()))
        if self.tables:
            self.tables.refresh()

    def deliver(self) -> None:
        """Write the dead letters, then the events."""
        pulse = self.pulse
        if dead := self.pipeline.take_dead():
            if pulse:
                pulse.begins(0)
            self._letters.write(dead)
        if events := self._take():
            if pulse:
                pulse.begins(len(events))
            self.output.send(events)
        if pulse:
            pulse.ends(self.pipeline.counters)
        now = time.monotonic()
        if now >= self.notices.next_look:
            self.notices.look(now)

    def answer_with(self, output: Output[Item]) -> None:
        """Hand events to ``output`` from now on, in the place of stdout."""
        self.output = output

    def check(self) -> None:
        """See `Output.check`."""
        self.output.check()

    def forget(self) -> None:
        """Drop what the pipeline made: it was delivered before."""
        self.pipeline.take_dead()
        self._take()

    def sync(self) -> None:
        """Wait until dead letters and events are safe; see `Output.sync`."""
        self._letters.sync()
        self.output.sync()

    def snapshot(self) -> dict[str, Any]:
        """Return what the next start needs, what was made before it on the disk.

        Its `Rows` are of now, so save it now.
        """
        self.sync()
        sessions = self.pipeline.snapshot(lambda rows: rows)
        return {"sessions": sessions, "journal": self._journal}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take the sessions out of ``saved`` and go on with them, if they are sound.

        What is saved from now on names another journal. Only `--ack rsyslog` reads
        the lines of the last one, and they would be out of date when it does.
        """
        number = saved.get("journal", 0)
        self._journal = number + 1 if type(number) is int else 0
        try:
            self.pipeline.restore(saved.pop("sessions", {}))
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            _log.warning(
                "the saved sessions cannot be read (%s): starting without it", error
            )


class Notices:
    """Says in our log what is doubtful of an appliance, at most once an hour.

    Of each kind, the appliances that have more of it than when it was last said.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        # By the monotonic clock, in seconds.
        self.next_look = 0.0
        self._next_notice = dict.fromkeys(_TEXTS, 0.0)
        self._said: dict[tuple[str, str], int] = {}

    def look(self, now: float) -> None:
        """Say what was not said within the hour."""
        self.next_look = now + _SECONDS_BETWEEN_LOOKS
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
