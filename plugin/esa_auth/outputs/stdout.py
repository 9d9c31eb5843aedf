"""Events on stdout: the operating system has them, the reader may not."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from esa_auth.outputs import Opened, Secret, Surroundings
from esa_auth.outputs.descriptor import check_reader, is_torn, write_all


def read_settings(section: Mapping[str, Any], secret: Secret) -> None:
    """Return nothing: how events are framed is no matter of the output."""


def open_output(settings: None, around: Surroundings) -> Opened:
    """Open stdout."""
    return Opened(around.line, Stdout(around))


class Stdout:
    """Takes framed events."""

    counters = None
    trouble = ""

    def __init__(self, around: Surroundings) -> None:
        self._stop, self._patience = around.stop, around.patience
        # Half an event that a crash left in a file must not spoil the next one.
        torn = around.framing == "json" and is_torn(sys.stdout.fileno())
        self._before = b"\n" if torn else b""

    def send(self, batch: Sequence[bytes]) -> None:
        """Write the batch; see `write_all` for what it raises."""
        data = self._before + b"".join(batch)
        self._before = b""
        write_all(sys.stdout.fileno(), data, self._stop, self._patience)

    def sync(self) -> None:
        """Do nothing: it is the reader who has a disk."""

    def check(self) -> None:
        """See `check_reader`."""
        check_reader(sys.stdout.fileno())

    def close(self) -> None:
        """Do nothing: stdout is not ours to close."""
