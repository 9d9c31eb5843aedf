"""A page in a real browser: what it asked for, what it said, what ran in it.

Needs Chromium, node, and playwright-core and axe-core of npm (`make engines`).
"""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
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


def open_page(page: Path, scratch: Path, *expressions: str, **how: Any) -> Opened:
    """Open ``page`` in a fresh profile and evaluate JavaScript in it.

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
    job = {
        "modules": str(folder),
        "chromium": chromium,
        "page": page.as_uri(),
        "profile": str(scratch / "profile"),
        "expressions": expressions,
        "how": how,
    }
    done = subprocess.run(
        [str(node), str(_DRIVER), json.dumps(job)],
        capture_output=True,
        timeout=_PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    said = json.loads(done.stdout)
    findings = [tuple(finding) for finding in said.pop("findings")]
    return Opened(**said, findings=findings)
