"""Follows log files over rotation, truncation and restart; knows lines, not mail.

What it promises: without truncation every complete line is delivered once per run,
in the order of the log; after a restart with saved positions it goes on behind the last
line delivered. A file that is truncated in place (copytruncate) is read again from its
start; what was written between the copy and the truncation is gone, and counted where
it was seen.
"""

from esa_auth.inputs.follow.counters import Counters
from esa_auth.inputs.follow.follower import Follower
from esa_auth.inputs.follow.record import (
    OPENING,
    Chunk,
    Position,
    all_unread,
    name_to_text,
    text_to_name,
)

__all__ = [
    "OPENING",
    "Chunk",
    "Counters",
    "Follower",
    "Position",
    "all_unread",
    "name_to_text",
    "text_to_name",
]
