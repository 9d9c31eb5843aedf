"""Where events go: one module or folder per destination, each behind `Output`.

A destination gets finished items and may not look into them, so none can spoil
an event for another.
"""

from collections.abc import Sequence
from typing import Protocol, TypeVar

Item_contra = TypeVar("Item_contra", contravariant=True)


class Output(Protocol[Item_contra]):
    """One destination. Every implementation says what its return is worth."""

    def send(self, batch: Sequence[Item_contra]) -> None:
        """Hand over the whole batch, in one call that blocks until it is done.

        Raises:
            TemporaryError: not all of it was taken; the same batch may be sent
                again, which can repeat items but never loses one.
        """

    def check(self) -> None:
        """Notice, while there is nothing to send, that nobody would take it.

        Raises:
            OutputGoneError: the reader is gone for good.
        """

    def close(self) -> None:
        """Release the connection. Safe to call twice."""
