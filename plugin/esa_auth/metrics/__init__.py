"""What a running command says of itself: counts, levels, and whether it is well.

Read from outside, by a thread of its own; the work does not know of it. The library
that writes Prometheus' formats is imported by `metrics.exposition` alone.
"""
