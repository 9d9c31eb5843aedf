"""A reader of the command's stdout, as a log shipper would be."""

import threading
from typing import IO

from tests.soak.events import Events
from tests.soak.sizes import HANG

_BLOCK = 1 << 16


class Pipe:
    """Reads a pipe to its end in a thread; can be made to pause.

    What stands behind the last newline when the writer is gone is no event.
    """

    def __init__(self, pipe: IO[bytes] | None, events: Events) -> None:
        assert pipe is not None
        self._pipe = pipe
        self._events = events
        self._flows = threading.Event()
        self._flows.set()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def pause(self) -> None:
        """Read nothing more, but for one block perhaps."""
        self._flows.clear()

    def resume(self) -> None:
        """Read on."""
        self._flows.set()

    def finish(self) -> None:
        """Read to the end, which the end of the writer is."""
        self.resume()
        self._thread.join(HANG)
        assert not self._thread.is_alive()
        self._pipe.close()

    def _read(self) -> None:
        rest = b""
        while block := self._pipe.read1(_BLOCK):  # type: ignore[attr-defined]  # Popen's pipes are buffered readers
            *lines, rest = (rest + block).split(b"\n")
            self._events.add_lines(lines)
            self._flows.wait(HANG)
