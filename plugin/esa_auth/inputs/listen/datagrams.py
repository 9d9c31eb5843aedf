"""A socket of datagrams, each of which is a message."""

import socket
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

from esa_auth.inputs.decode import LineForm
from esa_auth.inputs.listen.connection import Arrival, Counters, Forms, sender_of
from esa_auth.inputs.listen.endpoint import OVERFLOW
from esa_auth.inputs.listen.frames import one_line

# No datagram of IP is longer.
_LONGEST = 1 << 16
_MOST = 512
_COUNT_BYTES = 4
_FROM_AND_FORM = itemgetter(0, 1)


class Datagrams:
    """Takes datagrams of any sender."""

    def __init__(self, opened: socket.socket, counters: Counters, forms: Forms) -> None:
        self.socket = opened
        self._counters, self._forms = counters, forms
        self._dropped = 0

    def receive(self) -> Iterator[tuple[Arrival, int]]:
        """Read what there is, in order; yield it with its bytes."""
        taken: list[tuple[str | None, LineForm, bytes]] = []
        for _ in range(_MOST):
            try:
                data, said, _, address = self.socket.recvmsg(
                    _LONGEST, socket.CMSG_SPACE(_COUNT_BYTES)
                )
            except BlockingIOError:
                break
            except OSError:
                # An answer of the network to somebody else's datagram.
                continue
            self._note(said)
            self._counters.received_bytes += len(data)
            message = one_line(data)[: self._forms.longest + 1]
            taken.append((sender_of(address), self._forms.of(message), message))
        self._counters.messages += len(taken)
        for (host, form), some in groupby(taken, _FROM_AND_FORM):
            messages = [message for _, _, message in some]
            size = sum(map(len, messages))
            yield Arrival(host, list(form.read(messages))), size

    def _note(self, said: list[tuple[int, int, bytes]]) -> None:
        for level, kind, value in said:
            if (level, kind) == (socket.SOL_SOCKET, OVERFLOW):
                # A sum of 32 bits since the socket was opened.
                now = int.from_bytes(value, "little")
                self._counters.dropped += (now - self._dropped) % (1 << 32)
                self._dropped = now
