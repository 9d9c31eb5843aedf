"""How many examples a property is tried with, and the lines that the grammar shows."""

from hypothesis import settings

from esa_auth.grammar import RULES

SOME = settings(max_examples=150, deadline=None)
FEW = settings(max_examples=60, deadline=None)
SAMPLES = tuple(sample for rule in RULES for sample in rule.samples)
