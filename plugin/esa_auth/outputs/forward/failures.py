"""Why a try failed. None of these leaves `ForwardOutput.send`.

Each text is one line, holds no secret, and is the same for the same cause, so that
it can tell one state of the receiver from another.

* DeliveryFailure
    * Unreachable       no usable connection; nothing was offered
        * Refused       by the settings of one side: key, password, certificate
    * BadReply          bytes that are no reply of the protocol
    * Unacknowledged    a chunk was offered, at least in part, and not acknowledged
        * Silent        nothing came until the deadline
"""

_SHOWN = 80


class DeliveryFailure(Exception):
    """A try failed, and may be made again."""


class Unreachable(DeliveryFailure):
    """There is no usable connection, so no chunk can be to blame."""


class Refused(Unreachable):
    """The settings of the two sides do not fit; only a person can mend that."""


class BadReply(DeliveryFailure):
    """The receiver sent what is no reply of the protocol, or too much of it."""


class Unacknowledged(DeliveryFailure):
    """A chunk was offered on a working connection and not acknowledged."""


class Silent(Unacknowledged):
    """Nothing came until the deadline."""


def shown(text: str) -> str:
    """Return the receiver's text as it may stand in a log line: ASCII, short."""
    return ascii(text[:_SHOWN])
