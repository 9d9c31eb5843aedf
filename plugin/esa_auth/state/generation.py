"""The bytes of one checkpoint file: header, checksum, payload.

The layout of the header is the same for all versions, so that an older program
can tell a file of a newer one from a damaged file.
"""

import hashlib
import struct
from dataclasses import dataclass

VERSION = 1
_MAGIC = b"ESAAUTH\n"
# magic, format version, sequence number, length of the payload in bytes
_FIELDS = struct.Struct(">8sHQQ")
_CHECKSUM_SIZE = 16
HEADER_SIZE = _FIELDS.size + _CHECKSUM_SIZE


class DamagedError(Exception):
    """The bytes are no checkpoint, or not a whole one; the text says why."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One checkpoint; of two valid ones the higher ``sequence`` is the newer."""

    sequence: int
    payload: bytes
    version: int = VERSION


def _checksum(fields: bytes, payload: bytes) -> bytes:
    digest = hashlib.blake2b(fields, digest_size=_CHECKSUM_SIZE)
    digest.update(payload)
    return digest.digest()


def header(generation: Generation) -> bytes:
    """Return what stands before the payload in the file."""
    fields = _FIELDS.pack(
        _MAGIC, generation.version, generation.sequence, len(generation.payload)
    )
    return fields + _checksum(fields, generation.payload)


def decode(data: bytes) -> Generation:
    """Return the checkpoint that ``data``, a whole file, holds.

    The version is not judged here: the checksum covers it, so a version that comes
    back is one that a program wrote and not a flipped bit.

    Raises:
        DamagedError: empty, torn, altered, or not ours.
    """
    if len(data) < HEADER_SIZE:
        raise DamagedError(f"{len(data)} bytes, shorter than a header")
    fields, payload = data[: _FIELDS.size], data[HEADER_SIZE:]
    magic, version, sequence, length = _FIELDS.unpack(fields)
    if magic != _MAGIC:
        raise DamagedError("not a checkpoint of esa-auth")
    if length != len(payload):
        raise DamagedError(f"{len(payload)} bytes of payload, header says {length}")
    if data[_FIELDS.size : HEADER_SIZE] != _checksum(fields, payload):
        raise DamagedError("wrong checksum")
    return Generation(sequence, payload, version)
