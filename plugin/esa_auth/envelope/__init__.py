"""Raw line -> when, which appliance, level, body. Pure; no time but the lines'."""

from esa_auth.envelope.clock import MOST_ODD, Clock, Present
from esa_auth.envelope.ends import CHANGED_ENDS, end_of, start_of
from esa_auth.envelope.forms import HEADS, LEVELS, Head
from esa_auth.envelope.prefix import (
    INFO,
    NATIVE_INFO,
    PrefixCache,
    has_prefix,
    read_prefix,
)

__all__ = [
    "CHANGED_ENDS",
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
