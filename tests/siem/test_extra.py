"""Whether the tests beside this one ran at all."""

from importlib.util import find_spec

import pytest

from tests.support.checkout import needs_checkout
from tests.support.engines import require

pytestmark = needs_checkout


@pytest.mark.parametrize("module", ["sigma", "eql", "splunk_appinspect"])
def test_the_extra_is_installed(module: str) -> None:
    require(module, find_spec(module), "the extra `siem` is not installed")
