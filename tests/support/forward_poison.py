"""Receivers that choke on some events, and a keeper of what was given up."""

from collections.abc import Callable

from esa_auth.outputs.forward import Entry
from tests.support.forward_receiver import Behaviour, Connection, Received, ack


class Poison:
    """Keeps what was given up."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.reasons: list[str] = []

    def __call__(self, entry: Entry, reason: str) -> None:
        self.ids.append(entry[0])
        self.reasons.append(reason)


def by_silence(connection: Connection) -> None:
    """Fluentd's answer to a chunk over its ``chunk_size_limit``."""
    connection.stay_silent()


def by_reset(connection: Connection) -> None:
    connection.reset()


def chokes_on(bad: set[str], how: Callable[[Connection], None]) -> Behaviour:
    def behaviour(connection: Connection, received: Received) -> None:
        if bad & set(received.ids):
            how(connection)
        else:
            ack(connection, received)

    return behaviour
