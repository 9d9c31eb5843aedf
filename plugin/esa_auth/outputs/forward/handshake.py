"""The shared-key handshake: HELO from the receiver, our PING, its PONG.

Pure functions; who reads and writes is `sender`. Digests are SHA-512 in hex over
the parts joined. Texts are hashed as the very bytes that came over the wire, since
nonce and auth salt are random bytes that some receivers send as text.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

import msgpack

from esa_auth.outputs.forward.failures import BadReply, Refused, shown


@dataclass(frozen=True, slots=True)
class Credentials:
    """What we prove, and what the receiver must prove to know."""

    self_hostname: str
    shared_key: str = field(repr=False)
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Helo:
    """The receiver's opening: ``auth`` is empty if it asks for no user."""

    nonce: bytes
    auth: bytes
    keepalive: bool


def read_helo(message: object) -> Helo:
    """Return what the HELO says.

    Raises:
        BadReply: the message is no HELO.
    """
    match message:
        case ["HELO", dict(options)]:
            nonce = options.get("nonce")
            auth = options.get("auth", "")
            keepalive = options.get("keepalive", True)
        case _:
            raise BadReply("no HELO came from the receiver")
    if not isinstance(nonce, str | bytes) or not isinstance(auth, str | bytes):
        raise BadReply("HELO is malformed")
    return Helo(_raw(nonce), _raw(auth), keepalive is not False)


def ping(helo: Helo, credentials: Credentials, salt: str) -> bytes:
    """Return the packed PING. The salt must be text: Fluent Bit refuses bytes.

    Raises:
        Refused: the receiver asks for a user and none is set.
    """
    username, password_digest = "", ""
    if helo.auth:
        if not credentials.username:
            raise Refused("receiver wants a user name, none is set")
        username = credentials.username
        password_digest = _digest(helo.auth, username, credentials.password)
    key_digest = _digest(
        salt, credentials.self_hostname, helo.nonce, credentials.shared_key
    )
    packed: bytes = msgpack.packb(
        [
            "PING",
            credentials.self_hostname,
            salt,
            key_digest,
            username,
            password_digest,
        ]
    )
    return packed


def check_pong(
    message: object, helo: Helo, credentials: Credentials, salt: str
) -> None:
    """Return if the PONG takes us in and proves that the receiver has the key.

    Raises:
        Refused: it does not.
        BadReply: the message is no PONG.
    """
    match message:
        case ["PONG", bool(accepted), str(reason), str(hostname), str(digest)]:
            pass
        case _:
            raise BadReply("no PONG came from the receiver")
    if not accepted:
        raise Refused(f"receiver refused the shared key or user: {shown(reason)}")
    if hostname == credentials.self_hostname:
        raise Refused(f"receiver has our own self_hostname {shown(hostname)}")
    expected = _digest(salt, hostname, helo.nonce, credentials.shared_key)
    if not hmac.compare_digest(_raw(digest), expected.encode()):
        raise Refused("receiver does not know the shared key")


def _digest(*parts: str | bytes) -> str:
    return hashlib.sha512(b"".join(map(_raw, parts))).hexdigest()


def _raw(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
