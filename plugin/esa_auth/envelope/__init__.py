"""Raw line -> when, which appliance, level, body. Pure; no time but the lines'."""

from esa_auth.envelope.clock import Clock, Present
from esa_auth.envelope.prefix import has_prefix, is_stamp, read_prefix

__all__ = ["Clock", "Present", "has_prefix", "is_stamp", "read_prefix"]
