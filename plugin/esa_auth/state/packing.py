"""Plain data as msgpack, piece by piece: a copy of the whole is never in memory."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import msgpack

from esa_auth.rows import Rows

PIECE = 1 << 20


def packed(value: Any) -> Iterator[bytes]:
    """Yield the bytes that `msgpack.packb` would give, `Rows` packed as lists."""
    packer = msgpack.Packer(autoreset=False)
    for _ in _steps(packer, value):
        if len(packer.getbuffer()) >= PIECE:
            yield packer.bytes()
            packer.reset()
    yield packer.bytes()


def _steps(packer: msgpack.Packer, value: Any) -> Iterator[None]:
    """Pack ``value``, yielding between two things that may be large."""
    if isinstance(value, dict):
        packer.pack_map_header(len(value))
        for key, held in value.items():
            packer.pack(key)
            if isinstance(held, bytes | str | int):
                packer.pack(held)
                yield
            else:
                yield from _steps(packer, held)
    elif isinstance(value, Rows):
        packer.pack_array_header(len(value))
        for row in value:
            packer.pack(row)
            yield
    else:
        packer.pack(value)
        yield


def unpacked(file: BinaryIO, length: int) -> Any:
    """Return the one value of ``length`` bytes that ``file`` is at.

    Raises:
        ValueError, msgpack.UnpackException: it is not one value, or there is more.
    """
    unpacker = msgpack.Unpacker(
        file,
        read_size=PIECE,
        max_buffer_size=max(length, PIECE),
        strict_map_key=False,
    )
    value = unpacker.unpack()
    if unpacker.tell() != length:
        raise ValueError(f"{length - unpacker.tell()} bytes too many")
    return value
