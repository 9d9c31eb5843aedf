"""What the receiver says: acknowledgements and the shared-key handshake, within limits.

A receiver may be broken or hostile (CVE-2026-61674 was a stack overflow in a
client's PONG reader), so every length has a bound and every error is a `BadReply`.

The handshake is HELO from the receiver, our PING, its PONG. Digests are SHA-512 in hex
over the parts joined. Texts are hashed as the very bytes that came over the wire, since
nonce and auth salt are random bytes that some receivers send as text. Who reads and
writes is `sender`.
"""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgpack

from esa_auth.outputs.forward.failures import BadReply, Refused, shown

# The longest true message is a PONG: a reason and a host name of free length and
# 128 characters of digest.
_MAX_MESSAGE = 32 * 1024
_MAX_TEXT = 8 * 1024
_MAX_ITEMS = 16
_MAX_EXTENSION = 64

_ERRORS = (
    ValueError,
    TypeError,
    OverflowError,
    msgpack.exceptions.UnpackException,
)


class Replies:
    """Takes bytes as they come; iterates over the messages that are complete.

    Text that is not UTF-8 keeps its bytes as surrogates: Fluent Bit sends the
    nonce, 16 random bytes, as a msgpack string.
    """

    def __init__(self) -> None:
        self._unpacker = msgpack.Unpacker(
            raw=False,
            unicode_errors="surrogateescape",
            max_buffer_size=_MAX_MESSAGE,
            max_str_len=_MAX_TEXT,
            max_bin_len=_MAX_TEXT,
            max_array_len=_MAX_ITEMS,
            max_map_len=_MAX_ITEMS,
            max_ext_len=_MAX_EXTENSION,
        )

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream.

        Raises:
            BadReply: the message under way is larger than any true one.
        """
        try:
            self._unpacker.feed(data)
        except _ERRORS as error:
            raise BadReply("reply is too long") from error

    def __iter__(self) -> Iterator[object]:
        """Yield each complete message once.

        Raises:
            BadReply: the bytes are no msgpack, or over a limit.
        """
        while True:
            try:
                message = self._unpacker.unpack()
            except msgpack.exceptions.OutOfData:
                return
            except _ERRORS as error:
                raise BadReply("reply cannot be read") from error
            yield message


def acknowledged(message: object) -> str:
    """Return the chunk id that the message acknowledges.

    Raises:
        Refused: it is a HELO, so the receiver wants a shared key and we have none.
        BadReply: it is something else.
    """
    match message:
        case {"ack": str(chunk)}:
            return chunk
        case {"ack": bytes(chunk)}:
            return chunk.decode("ascii", "replace")
        case ["HELO", *_]:
            raise Refused("receiver wants a shared key, none is set")
        case _:
            raise BadReply("reply is no acknowledgement")


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
        password_digest = digest(helo.auth, username, credentials.password)
    key_digest = digest(
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
        case ["PONG", bool(accepted), str(reason), str(hostname), str(given)]:
            pass
        case _:
            raise BadReply("no PONG came from the receiver")
    if not accepted:
        raise Refused(f"receiver refused the shared key or user: {shown(reason)}")
    if hostname == credentials.self_hostname:
        raise Refused(f"receiver has our own self_hostname {shown(hostname)}")
    expected = digest(salt, hostname, helo.nonce, credentials.shared_key)
    if not hmac.compare_digest(_raw(given), expected.encode()):
        raise Refused("receiver does not know the shared key")


def digest(*parts: str | bytes) -> str:
    """Return the digest of the parts joined, as both sides of the handshake make it."""
    return hashlib.sha512(b"".join(map(_raw, parts))).hexdigest()


def _raw(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
