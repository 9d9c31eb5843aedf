"""The states of a connection and the events that lead from one to another.

All of it is data in this file, as in h11's ``_state.py``. `Table` asks `TRANSITIONS`
for the next state, and nothing else begins or ends a connection.

::

    UNKNOWN --opened, described--> KEPT --authenticated--> LIVE
       |                            |                       ^ |
       |                            |                       | |
       +--------authenticated-------|-----------------------+ |
                                    |                         |
                                    +------------+------------+
                                                 |
          closed ------------------> CLOSED      |
          opened ------------------> REPLACED    |  an ended connection
          grew_old ----------------> EXPIRED   <-+  is forgotten: its number
          crowded_out -------------> EVICTED        is UNKNOWN again
          appliance_changed -------> REPLACED
          input_ended -------------> GIVEN_UP

- UNKNOWN: nothing is held of this number.
- KEPT: its lines are stored as bytes that nobody has read yet.
- LIVE: it has a `Session`, since AUTH was seen.

The line that ends a connection can also begin the next one of the same number. It is
then applied twice: to the connection that ends, and to the number that is UNKNOWN
again. Age comes before any other event: whatever ends a connection that is too old, it
ends as EXPIRED (`sessions.table`).
"""

from enum import IntEnum, unique
from typing import NamedTuple

from esa_auth.model.session import Session


@unique
class State(IntEnum):
    """What is known of the connection that has a number (ICID or DCID)."""

    UNKNOWN = 0
    KEPT = 1
    LIVE = 2
    CLOSED = 3
    REPLACED = 4
    EXPIRED = 5
    EVICTED = 6
    GIVEN_UP = 7


@unique
class Event(IntEnum):
    """What happens to a connection."""

    #: ``New ... ICID n``.
    OPENED = 0
    #: The same, out of order: it belongs to the connection whose other lines are here.
    OPENED_LATE = 1
    #: A line on its sender group, on TLS, or with the client's address.
    DESCRIBED = 2
    #: A line of the AUTH family.
    AUTHENTICATED = 3
    #: ``ICID n close``.
    CLOSED = 4
    #: It is older than `sessions.max_age`.
    GREW_OLD = 5
    #: More connections are held than `sessions.cap` allows.
    CROWDED_OUT = 6
    #: The file header names another appliance than before.
    APPLIANCE_CHANGED = 7
    #: No more lines will come.
    INPUT_ENDED = 8


_ENDS = {
    Event.OPENED: State.REPLACED,
    Event.CLOSED: State.CLOSED,
    Event.GREW_OLD: State.EXPIRED,
    Event.CROWDED_OUT: State.EVICTED,
    Event.APPLIANCE_CHANGED: State.REPLACED,
    Event.INPUT_ENDED: State.GIVEN_UP,
}
# Nothing is held, so nothing ends.
_NOTHING = dict.fromkeys(_ENDS, State.UNKNOWN)

TRANSITIONS: dict[State, dict[Event, State]] = {
    State.UNKNOWN: {
        **_NOTHING,
        Event.OPENED: State.KEPT,
        Event.OPENED_LATE: State.KEPT,
        Event.DESCRIBED: State.KEPT,
        Event.AUTHENTICATED: State.LIVE,
    },
    State.KEPT: {
        **_ENDS,
        Event.OPENED_LATE: State.KEPT,
        Event.DESCRIBED: State.KEPT,
        Event.AUTHENTICATED: State.LIVE,
    },
    State.LIVE: {
        **_ENDS,
        Event.OPENED_LATE: State.LIVE,
        Event.DESCRIBED: State.LIVE,
        Event.AUTHENTICATED: State.LIVE,
    },
}

#: What an event says of a session whose end no line says (`cisco_esa.flags`).
END_FLAGS = {
    State.REPLACED: "session_replaced",
    State.EXPIRED: "session_expired",
    State.EVICTED: "session_evicted",
    State.GIVEN_UP: "input_ended",
}


class Ended(NamedTuple):
    """A session that is over, and the state in which it ended."""

    session: Session
    state: State
