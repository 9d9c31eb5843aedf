"""What the follower counts."""

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """Totals since the start, but for ``files_open``, which is a level."""

    #: Files held open now.
    files_open: int = 0
    #: Bytes handed on or passed over (NUL holes, ends of over-long lines).
    bytes_read: int = 0
    #: Files found shorter than, or different from, what was read of them.
    truncations: int = 0
    #: Bytes that were seen to exist and could not be read any more: a lower bound.
    bytes_possibly_lost: int = 0
    #: Files that lost the name under which they were written.
    rotations: int = 0
    #: Failed system calls and damaged archives; each is tried again.
    errors: int = 0
