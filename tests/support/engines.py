"""Other programs that some tests run against: there, or the test says "not run"."""

import os
from typing import NoReturn

import pytest

REQUIRED = os.environ.get("ESA_AUTH_REQUIRE_ENGINES") == "1"
"""Set where every engine must be there, as in the full run of CI."""


def absent(engine: str, reason: str) -> NoReturn:
    """Report a test as not run, or as failed where engines are required."""
    message = f"not run: {engine}: {reason}"
    if REQUIRED:
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def require(engine: str, present: object, reason: str) -> None:
    """Go on if ``present`` is true, else end the test as `absent` does."""
    if not present:
        absent(engine, reason)


def optional(engine: str, present: object, reason: str) -> None:
    """Go on if ``present`` is true, else end the test as not run, in CI as well.

    For programs that no package registry has: who has them runs the tests with them.
    """
    if not present:
        pytest.skip(f"not run: {engine}: {reason}")
