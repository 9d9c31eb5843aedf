"""The state directory: one holder at a time, two generations of one checkpoint."""

from esa_auth.state.checkpoint import CheckpointStore
from esa_auth.state.directory import StateDirectory
from esa_auth.state.journal import Journal

__all__ = ["CheckpointStore", "Journal", "StateDirectory"]
