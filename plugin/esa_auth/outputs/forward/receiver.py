"""The other end of the forward protocol: takes what ``--forward`` sends.

For trying a set-up without a shipper. It acknowledges a chunk when all its records were
written; it keeps nothing.
"""

import gzip
import hmac
import os
import socket
import socketserver
import ssl
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import msgpack

from esa_auth.outputs.forward.replies import digest

_READ = 64 * 1024
# A chunk has at most 1 MiB of events unless one alone is larger.
_MOST_BYTES = 64 << 20
# Who connects and says nothing holds a thread for so long.
_SECONDS = 300.0
_HOSTNAME = "esa-auth-receive"

Take = Callable[[str, Sequence[Any]], None]


class ForwardReceiver(socketserver.ThreadingTCPServer):
    """Listens at an address; ``take`` gets the tag and the records of each chunk.

    ``take`` is called from one thread for each connection. ``said`` gets a line for
    each connection that was refused or ended badly.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self,
        address: tuple[str, int],
        take: Take,
        said: Callable[[str], None],
        shared_key: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Listen.

        Raises:
            OSError: nobody may listen there.
        """
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.take, self.said = take, said
        self.shared_key, self.tls = shared_key, tls
        super().__init__(address, _Connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """Leave it to the connection: it has said what there is to say."""


class _Connection(socketserver.BaseRequestHandler):
    server: ForwardReceiver

    def handle(self) -> None:
        peer = f"{self.client_address[0]}:{self.client_address[1]}"
        raw: socket.socket = self.request
        try:
            raw.settimeout(_SECONDS)
            if self.server.tls:
                self.request = self.server.tls.wrap_socket(raw, server_side=True)
            self._talk()
        except ssl.SSLError as error:
            self.server.said(f"{peer}: TLS: {error.reason}")
        except TimeoutError:
            self.server.said(f"{peer}: silent for {_SECONDS:.0f} s")
        except OSError:
            # The sender went away; it repeats what was not acknowledged.
            return
        except (ValueError, msgpack.UnpackException, EOFError, zlib.error) as error:
            self.server.said(f"{peer}: not the forward protocol: {error!r:.200}")
        finally:
            self.request.close()

    def _talk(self) -> None:
        self._unpacker = msgpack.Unpacker(raw=False, max_buffer_size=_MOST_BYTES)
        if self.server.shared_key is not None:
            self._shake_hands(self.server.shared_key)
        while (message := self._next()) is not None:
            tag, records, option = _read_chunk(message)
            self.server.take(tag, records)
            if "chunk" in option:
                self._send({"ack": option["chunk"]})

    def _shake_hands(self, key: str) -> None:
        nonce = os.urandom(16)
        self._send(["HELO", {"nonce": nonce, "auth": b"", "keepalive": True}])
        match self._next():
            case ["PING", str(name), str() | bytes() as salt, str(given), *_]:
                pass
            case _:
                raise ValueError("no PING came")
        good = hmac.compare_digest(
            given.encode(), digest(salt, name, nonce, key).encode()
        )
        own = digest(salt, _HOSTNAME, nonce, key) if good else ""
        why = "" if good else "shared key mismatch"
        self._send(["PONG", good, why, _HOSTNAME, own])
        if not good:
            self.server.said(f"{self.client_address[0]}: {why}")
            raise ConnectionResetError(why)

    def _next(self) -> Any:
        while True:
            for message in self._unpacker:
                return message
            data = self.request.recv(_READ)
            if not data:
                return None
            self._unpacker.feed(data)

    def _send(self, message: object) -> None:
        self.request.sendall(msgpack.packb(message))


def _read_chunk(message: Any) -> tuple[str, list[Any], dict[str, Any]]:
    """Return tag, records and options of one chunk (PackedForward, compressed or not).

    Raises:
        ValueError: it is something else.
    """
    match message:
        case [str(tag), bytes(stream), dict(option)]:
            pass
        case _:
            raise ValueError("no PackedForward message")
    if option.get("compressed") == "gzip":
        stream = gzip.decompress(stream)
    unpacker = msgpack.Unpacker(raw=False, max_buffer_size=_MOST_BYTES)
    unpacker.feed(stream)
    return tag, [record for _, record in unpacker], option
