"""Crash and fault tests of the real command, with a set-equality oracle.

`make test` runs them small, `make soak` (ESA_AUTH_SOAK=1) at full figures. The oracle:
one clean run gives a map of event.id to the event; a run with faults must give the same
map once equal ids are merged.
"""
