"""Where the sources are, for tests that read them."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

IN_CHECKOUT = (
    os.environ.get("ESA_AUTH_WHEEL_TESTED") != "1"
    and (ROOT / "plugin" / "esa_auth").is_dir()
)
needs_checkout = pytest.mark.skipif(
    not IN_CHECKOUT,
    reason="needs the checkout, and this is the suite against an installed wheel",
)
