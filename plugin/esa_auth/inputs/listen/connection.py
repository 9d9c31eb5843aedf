"""One sender: its socket, what it has sent of a message, and how its lines are read."""

import selectors
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any, NamedTuple

from esa_auth.inputs.decode import LineForm, recognised
from esa_auth.inputs.framings import AUTO, FRAMINGS
from esa_auth.inputs.listen.frames import FrameError, Frames
from esa_auth.inputs.records import Broken, Piece, Terms

#: Bytes that are taken of one sender before the next has its turn.
BLOCK = 1 << 16


@dataclass(slots=True)
class Counters:
    """Totals of one listener since the start, but for ``open``, which is a level."""

    #: Connections held now.
    open: int = 0
    #: Connections taken.
    accepted: int = 0
    #: Connections closed at once, because there were as many as there may be.
    refused: int = 0
    #: Connections that failed to agree on TLS, or took too long for it.
    handshakes_failed: int = 0
    #: Bytes received; of TLS, what was in it.
    received_bytes: int = 0
    #: Messages: whole lines, frames or datagrams.
    messages: int = 0
    #: Connections that ended inside a message, or whose messages had no length.
    broken: int = 0
    #: Datagrams that the system dropped, because its buffer was full.
    dropped: int = 0

    def closing_line(self, address: str) -> str:
        """Return them as a sentence."""
        if address.startswith("udp:"):
            said = f"{self.messages} datagrams, {self.dropped} dropped by the system"
        else:
            said = (
                f"{self.messages} messages of {self.accepted} connections,"
                f" {self.refused} refused, {self.handshakes_failed} without TLS,"
                f" {self.broken} broken off"
            )
        return f"{address}: {said}"


class Arrival(NamedTuple):
    """What one sender sent; ``host`` is its address, None of a Unix socket."""

    host: str | None
    pieces: list[Piece]


class Forms:
    """The framing inside the messages; with ``auto`` each sender's first byte tells."""

    def __init__(self, name: str, terms: Terms) -> None:
        """``name`` is `auto` or the name of a framing of lines."""
        forms = {row.name: row.lines(terms) for row in FRAMINGS if row.lines}
        self._forms: dict[str, LineForm] = forms
        self._only = None if name == AUTO else forms[name]
        #: Bytes of the longest message that one of them takes.
        self.longest = max(
            form.longest for form in ([self._only] if self._only else forms.values())
        )

    def of(self, message: bytes) -> LineForm:
        """Return how a sender is read whose first message this is."""
        if self._only is not None:
            return self._only
        first = message[0] if message else 0
        return self._forms[recognised(FRAMINGS, first, lines=True).name]


class Connection:
    """A stream of messages from one sender."""

    def __init__(
        self,
        opened: socket.socket,
        host: str | None,
        counters: Counters,
        forms: Forms,
        handshake_until: float | None,
    ) -> None:
        """``handshake_until`` is the time by which TLS is to be agreed on, if it is."""
        self.socket, self.host, self.counters = opened, host, counters
        self.handshake_until = handshake_until
        #: It has sent what was not taken in its turn, and the system knows no more of.
        self.has_more = False
        self._forms, self._frames = forms, Frames(forms.longest)
        self._form: LineForm | None = None

    def shake_hands(self) -> int:
        """Go on with the handshake; return what to wait for now (`selectors`).

        Raises:
            OSError: it failed.
        """
        try:
            if isinstance(self.socket, ssl.SSLSocket):
                self.socket.do_handshake()
        except ssl.SSLWantReadError:
            return selectors.EVENT_READ
        except ssl.SSLWantWriteError:
            return selectors.EVENT_WRITE
        self.handshake_until = None
        return selectors.EVENT_READ

    def receive(self) -> tuple[list[Piece], int, bool]:
        """Read a turn's worth; return it, its bytes, and whether the sender is gone."""
        blocks: list[bytes] = []
        size, ended = 0, False
        while size < BLOCK:
            block = self._read(BLOCK - size)
            if not block:
                ended = block is not None
                break
            blocks.append(block)
            size += len(block)
        pending = isinstance(self.socket, ssl.SSLSocket) and self.socket.pending() > 0
        self.has_more = pending and not ended
        self.counters.received_bytes += size
        broken: list[Piece] = []
        try:
            messages = self._frames.feed(b"".join(blocks)) if blocks else []
        except FrameError as error:
            messages, ended = error.messages, True
            broken = [Broken(error.raw, str(error))]
            self._frames = Frames(self._forms.longest)
            self.counters.broken += 1
        pieces = [*self._read_messages(messages), *broken]
        if ended:
            pieces.extend(self.rest())
        return pieces, size, ended

    def rest(self) -> Iterable[Piece]:
        """Return the beginning of a message that nothing more comes of."""
        raw = self._frames.rest()
        if raw:
            self.counters.broken += 1
            yield Broken.cut(raw)

    def _read_messages(self, messages: list[bytes]) -> Iterable[Piece]:
        if not messages:
            return ()
        self.counters.messages += len(messages)
        if self._form is None:
            self._form = self._forms.of(messages[0])
        return self._form.read(messages)

    def _read(self, size: int) -> bytes | None:
        """Return some bytes, None if there are none now, b"" if it is over."""
        try:
            return self.socket.recv(size)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except OSError:
            return b""


def sender_of(address: Any) -> str | None:
    """Return the host in the address of a socket, as it is written elsewhere."""
    return _named(address[0]) if isinstance(address, tuple) else None


@lru_cache(maxsize=4096)
def _named(text: str) -> str:
    address = ip_address(text)
    # What listens for both kinds is told IPv4 senders so.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
