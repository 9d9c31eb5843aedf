"""Says once in the log when the receiver changes its state."""

import logging

_LOG = logging.getLogger(__name__)


class Health:
    """Remembers the last state of one receiver, named by its address."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._trouble = ""

    @property
    def trouble(self) -> str:
        """What the receiver fails with now; empty if it works."""
        return self._trouble

    def failed(self, trouble: str) -> None:
        """Log the trouble, unless it is the one that was logged last."""
        if trouble != self._trouble:
            self._trouble = trouble
            _LOG.warning("forward to %s: %s; retrying", self._address, trouble)

    def works(self) -> None:
        """Log the recovery, if there was trouble."""
        if self._trouble:
            self._trouble = ""
            _LOG.warning("forward to %s: acknowledges again", self._address)

    def poison(self, event_id: str, reason: str) -> None:
        """Log that an event was given up; every one is worth a line."""
        _LOG.error("forward to %s: gave up %s: %s", self._address, event_id, reason)

    def smaller(self, limit: int) -> None:
        """Log that chunks are kept smaller from now on."""
        _LOG.warning(
            "forward to %s: larger chunks are not acknowledged, keeping to %d bytes",
            self._address,
            limit,
        )
