"""The two rules on time that a join goes by, both absolute and in seconds of the log.

A clock may be set back, so a difference of either sign is an age: what is an hour in
the future is as old as what is an hour in the past.

- Late: an opening line belongs to a session, or to kept lines, without one if it is at
  most `SAME_MOMENT` seconds away from the first line of these.
- Expired: a session, or kept lines, more than `max_age` seconds away from the line in
  hand (or, in a sweep, from the appliance's clock) is over.
"""

# Lines of one second may come in another order over UDP (and do in Elastic's fixture).
SAME_MOMENT = 2


def is_late(opening: int, first: int) -> bool:
    """Return whether an opening line belongs to what began at ``first``."""
    return abs(opening - first) <= SAME_MOMENT


def is_expired(began: int, now: int, max_age: int) -> bool:
    """Return whether what began at ``began`` is over by ``now``."""
    return abs(now - began) > max_age
