"""What outputs count. Plain numbers, read at any moment by any thread."""

from dataclasses import dataclass

from esa_auth.model.counters import Level, metric


@dataclass(slots=True)
class DeliveryCounters:
    """What an output counts whose receiver acknowledges.

    At the end of every `send`, ``sent == acked + poisoned``. The receiver sees an
    event more than once at most ``resent`` times in all.
    """

    sent: int = metric("Events sent for the first time.")
    resent: int = metric("Events sent again.")
    acked: int = metric("Events acknowledged.")
    poisoned: int = metric("Events given up.")
    retries: int = metric("Tries that failed.")
    connects: int = metric("Connections made.")
    acked_chunks: int = 0
    """Divides ``ack_latency_sum_us``."""
    ack_latency_last_us: int = metric(
        "Of the last chunk.", "ack_latency_last_seconds", scale=1e-6, level=True
    )
    ack_latency_sum_us: int = metric(
        "From the first byte of a chunk to its acknowledgement.",
        "ack_latency_seconds",
        scale=1e-6,
        times="acked_chunks",
    )
    stray_acks: int = 0
    """Acknowledgements of nothing that was open: late, doubled or wrong."""

    @Level
    def unacked(self) -> int:
        """Events sent and not acknowledged."""
        return max(0, self.sent - self.acked - self.poisoned)

    def acknowledged(self, events: int, seconds: float) -> None:
        """Count one chunk."""
        latency = int(seconds * 1_000_000)
        self.acked += events
        self.acked_chunks += 1
        self.ack_latency_last_us = latency
        self.ack_latency_sum_us += latency


@dataclass(slots=True)
class FileCounters:
    """What the file of events counts."""

    written: int = metric("Events written.")
    written_bytes: int = metric("Bytes written.")
    rotations: int = metric("Files that were full or old and got another name.")
    deleted: int = metric("Files deleted because enough newer ones are kept.")
