"""Values of any size in a store whose values are bounded by a message's size."""

from typing import Protocol

PIECE = 1 << 19
"""Bytes of a value that are kept together, our own letter not counted."""
# Letters, because the engine takes eight bytes that could be a time for one of its own.
_WHOLE, _CUT, _PART = b"W", b"C", b"P"


class Store(Protocol):
    """State of one key, as the engine keeps it."""

    def get_bytes(self, key: bytes, /) -> bytes | None:
        """Return the value, or None."""

    def set_bytes(self, key: bytes, value: bytes, /) -> None:
        """Set the value."""

    def delete(self, key: bytes, /) -> None:
        """Forget the value, if there is one."""


class SplitValues:
    """Reads and writes whole values; remembers which of them lie in pieces."""

    def __init__(self) -> None:
        self._pieces: dict[str, int] = {}

    def read(self, store: Store, name: str) -> bytes | None:
        """Return the value called ``name``, or None."""
        first = store.get_bytes(name.encode())
        if first is None or first[:1] == _WHOLE:
            return None if first is None else first[1:]
        count = self._pieces[name] = int(first[1:])
        parts = [store.get_bytes(_part(name, n)) or b"" for n in range(count)]
        return b"".join(part[1:] for part in parts)

    def write(self, store: Store, name: str, value: bytes | None) -> None:
        """Set the value called ``name``; None forgets it."""
        before = self._pieces.pop(name, 0)
        count = 0
        if value is None:
            store.delete(name.encode())
        elif len(value) < PIECE:
            store.set_bytes(name.encode(), _WHOLE + value)
        else:
            count = self._pieces[name] = -(-len(value) // PIECE)
            store.set_bytes(name.encode(), _CUT + b"%d" % count)
        for n in range(count):
            piece = (value or b"")[n * PIECE : (n + 1) * PIECE]
            store.set_bytes(_part(name, n), _PART + piece)
        for n in range(count, before):
            store.delete(_part(name, n))


def _part(name: str, number: int) -> bytes:
    return f"{name}.{number}".encode()
