"""`event.id`: deterministic, position-free, distinct for identical lines.

HMAC-SHA-256 over (version, appliance, kind, ordinal of this exact line within its
second, raw line bytes), first 16 bytes, base64url: 22 characters. From raw bytes only:
a parser fix must not change the ids of history.
"""

from binascii import b2a_base64
from hashlib import sha256
from itertools import islice

_VERSION = b"v1"
_URLSAFE = bytes.maketrans(b"+/", b"-_")
# RFC 2104 pads a key to the block of SHA-256 and changes it by these two bytes.
_BLOCK = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))
DEFAULT_KEY = b"esa-auth/1"
# Seconds of the log whose lines are remembered: UDP brings lines of neighbouring
# seconds interleaved, and a file header can be later than the lines after it.
SECONDS_KEPT = 16
# Lines of one second that are remembered apart: a forger can give any number of lines
# the same stamp. Of more, the oldest are forgotten, at a replay the same ones.
MOST_LINES = 200_000
_DIGEST = 16


class Identity:
    """Ids for the lines of one appliance."""

    __slots__ = ("_first", "_inner", "_outer", "_seconds")

    def __init__(self, appliance: str, key: bytes = DEFAULT_KEY) -> None:
        block = (key if len(key) <= _BLOCK else sha256(key).digest()).ljust(
            _BLOCK, b"\0"
        )
        # HMAC is SHA-256 of a block and of SHA-256 of another block and the text. That
        # `hmac.digest` begins with the blocks at each call costs more than the rest.
        self._inner = block.translate(_INNER) + b"%b\0%b\0" % (
            _VERSION,
            appliance.encode(),
        )
        self._outer = block.translate(_OUTER)
        self._first = self._inner + b"line\x000\0\0"
        # Of the lines only a keyed digest is held, the half of an HMAC: a line may be
        # as long as it likes, and what is saved must tell nobody its names.
        self._seconds: dict[int, dict[bytes, int]] = {}

    def of_line(self, raw: bytes, second: int, outside: str = "") -> str:
        """Return the id of a line; ``outside`` is its stamp when ``raw`` has none."""
        first = sha256(self._first + raw).digest()
        ordinal = self._count(first[:_DIGEST], second)
        if ordinal or outside:
            what = b"line\0%d\0%b\0%b" % (ordinal, outside.encode(), raw)
            return self._digest(what)
        return _text(sha256(self._outer + first).digest())

    def of_progress(self, raw: bytes, second: int, outside: str = "") -> str:
        """Return the id of what a line makes known of its session; see `of_line`."""
        ordinal = self.ordinal(raw, second)
        what = b"progress\0%d\0%b\0%b" % (ordinal, outside.encode(), raw)
        return self._digest(what)

    def ordinal(self, raw: bytes, second: int) -> int:
        """Count a line; return how many identical ones its second had before."""
        return self._count(self._digest_of(raw), second)

    def counted(self, raw: bytes, second: int) -> int | None:
        """Return the ordinal of the line that was counted last."""
        count = self._seconds.get(second, {}).get(self._digest_of(raw), 0)
        return count - 1 if count else None

    def of_open_end(self, anchor_id: str) -> str:
        """Return the id of a session end that no line says, from its first event's."""
        return self._digest(b"end\0" + anchor_id.encode())

    @property
    def texts(self) -> tuple[bytes, bytes, bytes]:
        """What a line is hashed with: its first, its later ones, the outer hash."""
        return self._first, self._inner, self._outer

    def snapshot(self) -> dict[int, dict[bytes, int]]:
        """Return the ordinals a restart needs."""
        return self._seconds

    def restore(self, saved: dict[int, dict[bytes, int]]) -> None:
        """Take up a snapshot."""
        # Up to version 0.1 the lines themselves were saved.
        self._seconds = {
            second: {
                line if len(line) == _DIGEST else self._digest_of(line): count
                for line, count in counts.items()
            }
            for second, counts in saved.items()
        }

    def _count(self, line: bytes, second: int) -> int:
        counts = self._seconds.get(second)
        if counts is None:
            counts = self._seconds[second] = {}
            if len(self._seconds) > SECONDS_KEPT:
                del self._seconds[next(iter(self._seconds))]
        ordinal = counts.get(line, 0)
        counts[line] = ordinal + 1
        if len(counts) > MOST_LINES:
            for oldest in list(islice(counts, MOST_LINES // 2)):
                del counts[oldest]
        return ordinal

    def _digest_of(self, raw: bytes) -> bytes:
        return sha256(self._first + raw).digest()[:_DIGEST]

    def _digest(self, what: bytes) -> str:
        inner = sha256(self._inner + what).digest()
        return _text(sha256(self._outer + inner).digest())


class Recalled(Identity):
    """The id of one line whose ordinal is known from the first time it was read."""

    __slots__ = ("_last", "_next")

    def __init__(self, appliance: str, ordinal: int, key: bytes = DEFAULT_KEY) -> None:
        super().__init__(appliance, key)
        self._next = self._last = ordinal

    def counted(self, raw: bytes, second: int) -> int | None:
        """Return the known ordinal."""
        return self._last

    def _count(self, line: bytes, second: int) -> int:
        # A line that says how often it was repeated is more than one attempt.
        self._last, self._next = self._next, self._next + 1
        return self._last


def _text(digest: bytes) -> str:
    return b2a_base64(digest[:_DIGEST]).translate(_URLSAFE)[:22].decode()
