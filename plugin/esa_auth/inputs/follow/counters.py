"""What the follower counts."""

from dataclasses import dataclass

from esa_auth.model.counters import metric


@dataclass(slots=True)
class Counters:
    """Totals since the start, but for ``files_open``, which is a level."""

    files_open: int = metric("Files held open.", level=True)
    bytes_read: int = metric("Bytes read of followed files.", "read_bytes")
    """Handed on or passed over (NUL holes, ends of over-long lines)."""
    truncations: int = metric("Files found shorter.")
    """Or different from what was read of them."""
    bytes_possibly_lost: int = metric(
        "Seen and gone before it was read.", "possibly_lost_bytes"
    )
    """A lower bound."""
    rotations: int = metric("Files that lost their name.")
    """That under which they were written."""
    errors: int = metric("Reads that failed, tried again.", "file_errors")
    """Failed system calls and damaged archives."""
