"""The state directory: one holder at a time, two generations of one checkpoint."""

from esa_auth.state.directory import StateDirectory

__all__ = ["StateDirectory"]
