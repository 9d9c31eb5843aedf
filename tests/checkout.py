"""Where the sources are, for tests that read them."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

needs_checkout = pytest.mark.skipif(
    os.environ.get("ESA_AUTH_WHEEL_TESTED") == "1"
    or not (ROOT / "plugin" / "esa_auth").is_dir(),
    reason="needs the checkout, and this is the suite against an installed wheel",
)
