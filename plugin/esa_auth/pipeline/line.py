"""One line on its way."""

from dataclasses import dataclass, replace

from esa_auth.envelope import end_of
from esa_auth.model.facts import Envelope, Instant
from esa_auth.model.session import Source
from esa_auth.pipeline.appliance import Appliance

# Syslogs cut at these sizes, of which a file or record lacks the priority and the NUL
# or newline. Who sent a name that a line was cut in chose what seems to follow it.
CUTS = frozenset(size - less for size in (1024, 2048, 4096, 8192) for less in range(7))


@dataclass(slots=True, eq=False)
class Line:
    """One line on its way, not to be changed; its body is at ``envelope.body_at``."""

    appliance: Appliance
    raw: bytes
    envelope: Envelope

    @property
    def physical(self) -> bytes:
        """The bytes that stood in the log."""
        return self.envelope.repeated or self.raw

    def trimmed(self) -> "Line":
        """Return it without what its line end became on the way."""
        raw = self.raw
        end = end_of(raw)
        return self if end == len(raw) else replace(self, raw=raw[:end])

    def unseen_source(self, instant: Instant) -> Source:
        """Count it, and return it as the source of an event that does not show it."""
        by, envelope, raw = self.appliance, self.envelope, self.physical
        own_stamp = envelope.stamp is not None and envelope.stamp.encode() in raw[:512]
        outside = "" if own_stamp else instant.iso
        event_id = by.identity.of_progress(raw, instant.epoch, outside)
        program = envelope.program
        return Source(None, None, instant, by.observer, event_id, program=program)
