"""`event.id`: deterministic, position-free, distinct for identical lines.

HMAC-SHA-256 over (version, appliance, kind, ordinal of this exact line within its
second, raw line bytes), first 16 bytes, base64url: 22 characters. From raw bytes only:
a parser fix must not change the ids of history.
"""

import hashlib
import hmac
from binascii import b2a_base64
from itertools import islice

_VERSION = b"v1"
_URLSAFE = bytes.maketrans(b"+/", b"-_")
DEFAULT_KEY = b"esa-auth/1"
# Seconds of the log whose lines are remembered: UDP brings lines of neighbouring
# seconds interleaved, and a file header can be later than the lines after it.
SECONDS_KEPT = 4
# Lines of one second that are remembered apart: a forger can give any number of lines
# the same stamp. Of more, the oldest are forgotten, at a replay the same ones.
MOST_LINES = 200_000
_DIGEST = 16


class Identity:
    """Ids for the lines of one appliance."""

    __slots__ = ("_key", "_prefix", "_seconds", "_short")

    def __init__(self, appliance: str, key: bytes = DEFAULT_KEY) -> None:
        self._key = key
        # Of the lines only a keyed digest is held: a line may be as long as it likes,
        # and what is saved must tell nobody its names.
        self._short = hashlib.blake2b(key).digest()
        self._prefix = b"%b\0%b\0" % (_VERSION, appliance.encode())
        self._seconds: dict[int, dict[bytes, int]] = {}

    def of_line(self, raw: bytes, second: int, outside: str = "") -> str:
        """Return the id of a line; ``outside`` is its stamp when ``raw`` has none."""
        ordinal = self.ordinal(raw, second)
        return self._digest(b"line\0%d\0%b\0%b" % (ordinal, outside.encode(), raw))

    def ordinal(self, raw: bytes, second: int) -> int:
        """Count a line; return how many identical ones its second had before."""
        counts = self._seconds.get(second)
        if counts is None:
            counts = self._seconds[second] = {}
            if len(self._seconds) > SECONDS_KEPT:
                del self._seconds[next(iter(self._seconds))]
        line = self._digest_of(raw)
        ordinal = counts.get(line, 0)
        counts[line] = ordinal + 1
        if len(counts) > MOST_LINES:
            for oldest in list(islice(counts, MOST_LINES // 2)):
                del counts[oldest]
        return ordinal

    def counted(self, raw: bytes, second: int) -> int | None:
        """Return the ordinal of the line that was counted last."""
        count = self._seconds.get(second, {}).get(self._digest_of(raw), 0)
        return count - 1 if count else None

    def of_open_end(self, anchor_id: str) -> str:
        """Return the id of a session end that no line says, from its first event's."""
        return self._digest(b"end\0" + anchor_id.encode())

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

    def _digest_of(self, raw: bytes) -> bytes:
        return hashlib.blake2b(raw, digest_size=_DIGEST, key=self._short).digest()

    def _digest(self, what: bytes) -> str:
        digest = hmac.digest(self._key, self._prefix + what, "sha256")
        return b2a_base64(digest[:16]).translate(_URLSAFE)[:22].decode()


class Recalled(Identity):
    """The id of one line whose ordinal is known from the first time it was read."""

    __slots__ = ("_ordinal",)

    def __init__(self, appliance: str, ordinal: int, key: bytes = DEFAULT_KEY) -> None:
        super().__init__(appliance, key)
        self._ordinal = ordinal

    def ordinal(self, raw: bytes, second: int) -> int:
        """Return the known ordinal."""
        return self._ordinal

    def counted(self, raw: bytes, second: int) -> int | None:
        """Return the known ordinal."""
        return self._ordinal
