"""Values of any size in a store whose values are bounded by a message's size."""

from typing import Protocol

PIECE = 1 << 19
_WHOLE, _CUT = b"\0", b"\1"


class Store(Protocol):
    """State of one key, as the engine keeps it."""

    def get_bytes(self, key: bytes, /) -> bytes | None:
        """Return the value, or None."""

    def set_bytes(self, key: bytes, value: bytes, /) -> None:
        """Set the value."""

    def delete(self, key: bytes, /) -> None:
        """Forget the value, if there is one."""


class Cells:
    """Reads and writes whole values; remembers which of them lie in pieces."""

    def __init__(self) -> None:
        self._pieces: dict[str, int] = {}

    def read(self, store: Store, name: str) -> bytes | None:
        """Return the value called ``name``, or None."""
        first = store.get_bytes(name.encode())
        if first is None or first[:1] == _WHOLE:
            return None if first is None else first[1:]
        count = self._pieces[name] = int(first[1:])
        return b"".join(store.get_bytes(_part(name, n)) or b"" for n in range(count))

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
            store.set_bytes(_part(name, n), piece)
        for n in range(count, before):
            store.delete(_part(name, n))


def _part(name: str, number: int) -> bytes:
    return f"{name}.{number}".encode()
