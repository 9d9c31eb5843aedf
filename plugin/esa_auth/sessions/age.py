"""The two rules on time that a join goes by, both absolute and in seconds of the log.

A clock may be set back, so a difference of either sign is an age: what is an hour in
the future is as old as what is an hour in the past.

- Late: an opening line belongs to a session, or to kept lines, without one if it is at
  most `SAME_MOMENT` seconds away from the first line of these.
- Expired: a session, or kept lines, that began more than ``max_age`` seconds away from
  the time of the line that was read last is over. In a sweep it has to be so by the
  appliance's steady clock too: what has just begun behind a jump that this clock does
  not follow yet is new. `Table` alone compares: see there for ``_is_old``.
"""

# Lines of one second may come in another order over UDP (and do in Elastic's fixture).
SAME_MOMENT = 2


def is_late(opening: int, first: int) -> bool:
    """Return whether an opening line belongs to what began at ``first``."""
    return abs(opening - first) <= SAME_MOMENT
