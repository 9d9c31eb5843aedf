"""The receiver's bytes as messages, within limits.

A receiver may be broken or hostile (CVE-2026-61674 was a stack overflow in a
client's PONG reader), so every length has a bound and every error is a `BadReply`.
"""

from collections.abc import Iterator

import msgpack

from esa_auth.outputs.forward.failures import BadReply, Refused

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
