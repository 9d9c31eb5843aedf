"""Programs of other ecosystems that some tests ask: there, or the test says why not."""

import os
from typing import NoReturn

import pytest


def not_run(reason: str) -> NoReturn:
    """Skip, or fail where `ESA_AUTH_REQUIRE_ENGINES=1` says that all must be there."""
    if os.environ.get("ESA_AUTH_REQUIRE_ENGINES") == "1":
        pytest.fail(f"not run: {reason}", pytrace=False)
    pytest.skip(f"not run: {reason}")
