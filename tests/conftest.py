"""Options and settings that all tests share."""

import os

import pytest
from hypothesis import settings

# No example is measured: on a busy machine any of them takes long.
settings.register_profile("test", deadline=None, stateful_step_count=30)
settings.register_profile(
    "soak", deadline=None, max_examples=5000, stateful_step_count=100
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite expected.ndjson and counters.json of the golden cases",
    )
