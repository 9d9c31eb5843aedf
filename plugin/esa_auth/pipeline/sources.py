"""Lines -> what their events say of them; each is counted for its id."""

from esa_auth.model.facts import Instant
from esa_auth.model.session import Source
from esa_auth.pipeline.appliance import Line

# Syslogs cut at these sizes, of which a file or record lacks the priority and the NUL
# or newline. Who sent a name that a line was cut in chose what seems to follow it.
CUTS = frozenset(size - less for size in (1024, 2048, 4096, 8192) for less in range(7))


def unseen(line: Line, instant: Instant) -> Source:
    """Count ``line``, and return it as the source of an event that does not show it."""
    by, envelope, raw = line.appliance, line.envelope, line.physical
    own_stamp = envelope.stamp is not None and envelope.stamp.encode() in raw[:512]
    outside = "" if own_stamp else instant.iso
    event_id = by.identity.of_progress(raw, instant.epoch, outside)
    program = envelope.program
    return Source(None, None, instant, by.observer, event_id, program=program)


def source_of(
    line: Line, instant: Instant, body: str, doubts: tuple[str, ...] = ()
) -> Source:
    """Count ``line``, and return it as the source of the event that it says.

    ``body`` is its text without what stands behind it, ``doubts`` are flags for it.
    """
    by, envelope = line.appliance, line.envelope
    raw = envelope.repeated or line.raw
    flags = () if raw.isascii() or _is_utf8(raw) else ("not_utf8",)
    if len(raw) in CUTS:
        flags = (*flags, "possibly_cut")
    if envelope.repeated is not None:
        flags = (*flags, "repeated_message")
    own_stamp = envelope.stamp is not None and envelope.stamp.encode() in raw[:512]
    event_id = by.identity.of_line(raw, instant.epoch, "" if own_stamp else instant.iso)
    return Source(
        raw,
        body,
        instant,
        by.observer,
        event_id,
        envelope.level,
        envelope.program,
        envelope.priority,
        envelope.host,
        flags + doubts,
        None if own_stamp else envelope.stamp,
    )


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
