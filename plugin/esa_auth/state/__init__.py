"""The state directory: one holder at a time, two generations of one checkpoint."""

from esa_auth.state.directory import StateDirectory
from esa_auth.state.journal import Journal
from esa_auth.state.memory import Memory

__all__ = ["Journal", "Memory", "StateDirectory"]
