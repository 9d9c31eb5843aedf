"""What the forward destination counts. Plain numbers, read at any moment."""

from dataclasses import dataclass


@dataclass(slots=True)
class ForwardCounters:
    """Whole numbers that only grow, but for ``ack_latency_last_us``.

    At the end of every `send`, ``sent == acked + poisoned``. The receiver sees an
    event more than once at most ``resent`` times in all.
    """

    sent: int = 0
    """Events written to the receiver for the first time."""
    resent: int = 0
    """Events written again, witnesses included (see `forward.trial`)."""
    acked: int = 0
    """Events that the receiver has acknowledged."""
    poisoned: int = 0
    """Events handed to ``on_poison``."""
    retries: int = 0
    """Failed tries, whatever the reason."""
    connects: int = 0
    """Connections made, handshake included."""
    stray_acks: int = 0
    """Acknowledgements of nothing that was open: late, doubled or wrong."""
    acked_chunks: int = 0
    """Chunks acknowledged; divides ``ack_latency_sum_us``."""
    ack_latency_last_us: int = 0
    """Microseconds from the first byte written to the ack, of the last chunk."""
    ack_latency_sum_us: int = 0
    """The same, summed over ``acked_chunks``."""
