"""The picture of a report in README: ``python -m tests.support.screenshot``."""

import tempfile
from pathlib import Path

from tests.support.checkout import ROOT
from tests.support.chromium import open_page
from tests.support.process import esa_auth

LOG = "examples/detections/mail_logs"
PICTURE = ROOT / "examples" / "detections" / "report.png"
SIZE = {"width": 1200, "height": 1250, "scale": 0.75}


def main() -> None:
    """Make a report of the ten attacks and take a picture of its beginning."""
    with tempfile.TemporaryDirectory() as name:
        page = Path(name, "report.html")
        words = ("report", "--appliance", "esa01", "-o", str(page), LOG)
        done = esa_auth(*words, cwd=ROOT)
        assert done.code == 0, done.stderr
        open_page(page, shot=str(PICTURE), **SIZE)


if __name__ == "__main__":
    main()
