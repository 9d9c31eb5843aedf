"""Raw line -> when, which appliance, level, body. Pure; no time but the lines'."""

from esa_auth.envelope.clock import FUTURE, MOST_ODD, Clock, Present
from esa_auth.envelope.forms import HEADS, LEVELS, Head
from esa_auth.envelope.prefix import (
    CHANGED_ENDS,
    INFO,
    NATIVE_INFO,
    PrefixCache,
    end_of,
    has_prefix,
    read_prefix,
    start_of,
)

__all__ = [
    "CHANGED_ENDS",
    "FUTURE",
    "HEADS",
    "INFO",
    "LEVELS",
    "MOST_ODD",
    "NATIVE_INFO",
    "Clock",
    "Head",
    "PrefixCache",
    "Present",
    "end_of",
    "has_prefix",
    "read_prefix",
    "start_of",
]
