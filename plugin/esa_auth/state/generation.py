"""The bytes of one checkpoint file: header, checksum, payload.

The layout of the header is the same for all versions, so that an older program
can tell a file of a newer one from a damaged file.
"""

import hashlib
import struct
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import BinaryIO

# Also that of what is inside, `pipeline.entries.VERSION`. It rises for both: then an
# older program says that it is one, and does not take the payload for a damaged one.
VERSION = 2
_MAGIC = b"ESAAUTH\n"
# magic, format version, sequence number, length of the payload in bytes
_FIELDS = struct.Struct(">8sHQQ")
_CHECKSUM_SIZE = 16
HEADER_SIZE = _FIELDS.size + _CHECKSUM_SIZE
# Read at a time: a checkpoint may be as large as the memory it is of.
_PIECE = 1 << 20


class DamagedError(Exception):
    """The bytes are no checkpoint, or not a whole one; the text says why."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One checkpoint; of two valid ones the higher ``sequence`` is the newer."""

    sequence: int
    payload: bytes
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before a payload."""

    sequence: int
    length: int
    version: int = VERSION


def header(generation: Generation) -> bytes:
    """Return what stands before the payload in the file."""
    head = Head(generation.sequence, len(generation.payload), generation.version)
    return sealed(head, BytesIO(generation.payload))


def sealed(head: Head, payload: BinaryIO) -> bytes:
    """Return the bytes of ``head``; ``payload`` is read for it, to its end."""
    fields = _FIELDS.pack(_MAGIC, head.version, head.sequence, head.length)
    digest = hashlib.blake2b(fields, digest_size=_CHECKSUM_SIZE)
    for piece in iter(partial(payload.read, _PIECE), b""):
        digest.update(piece)
    return fields + digest.digest()


def checked(file: BinaryIO, size: int) -> Head:
    """Read a checkpoint file of ``size`` bytes to its end; return what it says.

    The version is not judged here: the checksum covers it, so a version that comes
    back is one that a program wrote and not a flipped bit.

    Raises:
        DamagedError: empty, torn, altered, or not ours.
        OSError: it cannot be read.
    """
    if size < HEADER_SIZE:
        raise DamagedError(f"{size} bytes, shorter than a header")
    found = file.read(HEADER_SIZE)
    magic, version, sequence, length = _FIELDS.unpack(found[: _FIELDS.size])
    if magic != _MAGIC:
        raise DamagedError("not a checkpoint of esa-auth")
    if length != size - HEADER_SIZE:
        raise DamagedError(
            f"{size - HEADER_SIZE} bytes of payload, header says {length}"
        )
    head = Head(sequence, length, version)
    if found != sealed(head, file):
        raise DamagedError("wrong checksum")
    return head


def decode(data: bytes) -> Generation:
    """Return the checkpoint that ``data``, a whole file, holds.

    Raises:
        DamagedError: as `checked`.
    """
    head = checked(BytesIO(data), len(data))
    return Generation(head.sequence, data[HEADER_SIZE:], head.version)
