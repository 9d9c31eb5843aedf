"""Bytes of no good will, and an oracle that knows what they may do."""
