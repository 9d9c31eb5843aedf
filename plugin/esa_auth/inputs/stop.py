"""A stop signal as a question that loops can ask."""

import signal
from types import FrameType


class StopSignal:
    """True once SIGTERM or SIGINT came; to be called from the main thread."""

    def __init__(self) -> None:
        self._came = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def __call__(self) -> bool:
        """Return whether it is time to end."""
        return self._came

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._came = True
