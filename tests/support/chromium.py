"""A page in a real browser: what it asked for, what it said, what ran in it.

Needs Chromium, node, and playwright-core and axe-core of npm (`make engines`).
"""

import atexit
import json
import os
import select
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.engines import require

_CHECKOUT = Path(__file__).parents[2]
_DRIVER = Path(__file__).with_name("chromium.js")
# To fail a test that hangs; nothing is measured by it.
_PATIENCE = 120


@dataclass(frozen=True, slots=True)
class Opened:
    """What a browser saw of a page.

    ``requests`` are addresses beside the page's own, ``messages`` what the console and
    uncaught errors said, ``answers`` what the expressions gave, ``findings`` those of
    axe-core as (impact, rule, first target).
    """

    requests: list[str]
    messages: list[str]
    answers: list[Any]
    findings: list[tuple[str, str, str]]


def open_page(page: Path, *expressions: str, **how: Any) -> Opened:
    """Open ``page`` in a fresh context of a browser and evaluate JavaScript in it.

    ``how``: ``colorScheme``, ``width`` and ``height`` in pixels, ``press`` a list of
    keys, ``axe``, ``shot`` the file for a picture of what is to be seen, ``scale``.
    Ends the test as not run where the browser is not there.
    """
    modules = os.environ.get("ESA_AUTH_NODE_MODULES")
    folder = Path(modules) if modules else _CHECKOUT / ".cache/node/node_modules"
    chromium, node = shutil.which("chromium"), shutil.which("node")
    require("Chromium", chromium, "not installed")
    require("Chromium", node, "no node to drive it with")
    for package in ("playwright-core", "axe-core"):
        found = (folder / package / "package.json").exists()
        require(package, found, "not installed (make engines)")
    job = {"page": page.as_uri(), "expressions": expressions, "how": how}
    said = _asked(_driver(str(node), str(folder), str(chromium)), job)
    findings = [tuple(finding) for finding in said.pop("findings")]
    return Opened(**said, findings=findings)


@cache
def _driver(*words: str) -> "subprocess.Popen[bytes]":
    """Start a browser for all pages; it ends with the standard input of its driver."""
    node, *rest = words
    driver = subprocess.Popen(
        [node, str(_DRIVER), *rest], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    atexit.register(driver.communicate, timeout=_PATIENCE)
    return driver


def _asked(driver: "subprocess.Popen[bytes]", job: object) -> dict[str, Any]:
    assert driver.stdin is not None
    assert driver.stdout is not None
    driver.stdin.write(json.dumps(job).encode() + b"\n")
    driver.stdin.flush()
    assert select.select([driver.stdout], [], [], _PATIENCE)[0], "the browser hangs"
    said: dict[str, Any] = json.loads(driver.stdout.readline())
    assert "error" not in said, said["error"]
    return said
