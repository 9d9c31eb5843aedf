"""Lines that matter to nobody, and those of connections without AUTH, in native code.

`esa_auth._native` is built from `plugin/native` where there is a compiler. It keeps
nothing: it changes the same tables as `Connections`, in the same way, and hands over
each line that is not plain. So all else is the same with it and without.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from esa_auth import grammar
from esa_auth.envelope import INFO, PrefixCache
from esa_auth.model.counters import Counters
from esa_auth.model.facts import Envelope, Side
from esa_auth.pipeline.appliance import Appliance
from esa_auth.pipeline.dispatch import Dispatcher
from esa_auth.pipeline.registry import ApplianceRegistry
from esa_auth.pipeline.unusual import REPEATED
from esa_auth.sessions.kept import MAX_KEPT
from esa_auth.sessions.states import State

try:
    from esa_auth import _native
except ImportError:
    IS_BUILT = False
else:
    IS_BUILT = True

# What native code needs of an appliance; see `plugin/native/src/place.rs`.
Place: TypeAlias = tuple[Any, ...]


class NativeReader:
    """What native code asks and tells while it reads; `feed` is called."""

    def __init__(
        self,
        read: Callable[[list[tuple[bytes, None, None]]], None],
        registry: ApplianceRegistry,
        prefixes: PrefixCache,
        dispatch: Dispatcher,
        counters: Counters,
    ) -> None:
        """``read`` takes lines that are handed over."""
        self._read, self._registry, self._prefixes = read, registry, prefixes
        self._count = counters
        # Of the place that was told last.
        self._appliance: Appliance | None = None
        self._head = b""
        self._envelope: Envelope | None = None
        self._thousand: bytes | None = None
        settings = registry.settings
        words = _words(dispatch)
        self._sieve = _native.Sieve(words, settings.max_age, MAX_KEPT)

    @property
    def handed_over(self) -> dict[str, int]:
        """How many lines were not plain, by reason."""
        return self._sieve.handed_over

    def feed(self, lines: list[bytes]) -> None:
        """Read lines in log order."""
        self._sieve.feed(lines, self)

    # ---- asked by native code -------------------------------------------------------

    def begin(self) -> tuple[Place | None, Place | None]:
        """Return the place of lines that do not name their appliance."""
        self._appliance = None
        return None, self._native()

    def read(self, line: bytes) -> int | tuple[Place | None, Place | None]:
        """Read a line; return the place of lines with its head, and that of `begin`.

        If both are as they were: how many connections may be added.
        """
        self._read([(line, None, None)])
        if (appliance := self._appliance) is not None:
            same = appliance.head is self._envelope and line.startswith(self._head)
            if same and appliance.series.thousand == self._thousand:
                return self._room(appliance)
        self._appliance, place = None, None
        head = line[: line.find(INFO) + len(INFO)]
        envelope = self._prefixes.known.get(head)
        if envelope is not None:
            name = envelope.host or self._registry.settings.appliance
            appliance = self._registry.appliances.get(name)
            # Else its time is not that of the clock.
            if appliance is not None and appliance.head == envelope:
                place = self._place(head, appliance)
            if place is not None and appliance is not None:
                self._appliance, self._head = appliance, head
                self._envelope = appliance.head
                self._thousand = appliance.series.thousand
        return place, self._native()

    def settle(self, context: int, grown: int, inbound: int, outbound: int) -> None:
        """Count lines of connections, which were opened and closed so often."""
        appliance = self._appliance
        if appliance is None:
            return
        self._count.context += context
        appliance.until_look.left -= grown
        self._registry.until_look.left -= grown
        appliance.inbound.ends[State.CLOSED] += inbound
        appliance.outbound.ends[State.CLOSED] += outbound

    def _native(self) -> Place | None:
        appliance = self._registry.appliances.get(self._registry.settings.appliance)
        return self._place(b"", appliance) if appliance else None

    def _place(self, head: bytes, appliance: Appliance) -> Place | None:
        if appliance.changes.watching or appliance.instant is None:
            return None
        inbound, outbound = appliance.inbound, appliance.outbound
        return (
            head,
            appliance.instant.epoch,
            self._room(appliance),
            appliance.series.thousand,
            [inbound.kept, inbound.live],
            [outbound.kept, outbound.live],
            appliance.messages.open,
        )

    def _room(self, appliance: Appliance) -> int:
        """Return how many connections may be added before Python looks at all."""
        return min(appliance.until_look.left, self._registry.until_look.left) - 1


def _words(dispatch: Dispatcher) -> tuple[Any, ...]:
    """Return what native code is to know of the grammar; see `words.rs`."""
    rules = grammar.GRAMMAR
    passed = rules.mail_passed_over()
    sides: tuple[Side, Side] = ("icid", "dcid")
    return (
        [(w.encode(), f"0123456789{n}".encode()) for w, n in passed.items()],
        list(dispatch.handlers),
        list(dispatch.mail_leads),
        [[w.encode() for w in rules.words_at_sight(s, "context")] for s in sides],
        [word.lower().encode() for word in (*rules.phrases.words, REPEATED)],
    )
