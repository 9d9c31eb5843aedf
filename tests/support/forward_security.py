"""The receiver's side of the shared-key handshake, for tests."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgpack


@dataclass(frozen=True)
class Security:
    """What the receiver demands before it takes chunks."""

    shared_key: str
    hostname: str = "receiver"
    users: dict[str, str] = field(default_factory=dict)
    bytes_as_text: bool = False
    keepalive: bool = True
    forged_pong: Callable[[list[object]], bytes] | None = None

    def hello(self, nonce: bytes, salt: bytes) -> bytes:
        options = {
            "nonce": nonce,
            "auth": salt if self.users else b"",
            "keepalive": self.keepalive,
        }
        packed: bytes = msgpack.packb(
            ["HELO", options], use_bin_type=not self.bytes_as_text
        )
        return packed

    def answer(self, ping: list[Any], nonce: bytes, salt: bytes) -> list[object]:
        _, name, key_salt, digest, user, secret = ping
        key = self.shared_key.encode()
        good = digest == _hex(key_salt.encode(), name.encode(), nonce, key)
        if self.users:
            word = self.users.get(user, "").encode()
            good &= secret == _hex(salt, user.encode(), word)
        own = _hex(key_salt.encode(), self.hostname.encode(), nonce, key)
        reason = "" if good else "shared key mismatch\nforged: line"
        return ["PONG", good, reason, self.hostname, own if good else ""]


def _hex(*parts: bytes) -> str:
    return hashlib.sha512(b"".join(parts)).hexdigest()
