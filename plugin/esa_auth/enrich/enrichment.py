"""All enrichers of a command, and what they said of contexts before."""

from collections.abc import Sequence
from typing import Any

from esa_auth.enrich import Enricher, added
from esa_auth.model.document import Context, Document

# As many as the ECS stage holds of them.
_MOST_CONTEXTS = 4096


class Enrichment:
    """Adds to documents; of a context only once, for all events that have it."""

    def __init__(self, enrichers: Sequence[Enricher]) -> None:
        self.enrichers = tuple(enrichers)
        self._of_context = [e for e in enrichers if e.of_context]
        self._of_event = [e for e in enrichers if not e.of_context]
        self._known: dict[Context, tuple[Context, dict[str, Any]]] = {}

    def __call__(self, document: Document) -> Document:
        """Return ``document`` with what the tables say, before it is validated."""
        own, context = document
        known = self._known.get(context)
        if known is None:
            known = self._learn(context)
        context, more = known
        if more:
            own["cisco_esa"] = added(own["cisco_esa"], more)
        for enrich in self._of_event:
            enrich(own)
        return Document(own, context)

    def forget(self) -> None:
        """Ask again: a table is another."""
        self._known.clear()

    def _learn(self, context: Context) -> tuple[Context, dict[str, Any]]:
        if len(self._known) >= _MOST_CONTEXTS:
            self._known.clear()
        parts: dict[str, Any] = {**context.parts, "cisco_esa": {}}
        for enrich in self._of_context:
            enrich(parts)
        more: dict[str, Any] = parts.pop("cisco_esa")
        new = context
        if parts != context.parts:
            new = Context(parts, context.related, context.own)
        self._known[context] = new, more
        return new, more
