"""The runbooks, for systems that show a page beside a finding."""

import re

from tests.support.checkout import ROOT

from conf.build.detections import Detection
from conf.build.table import DETECTIONS

FOLDER = ROOT / "conf" / "sigma" / "runbooks"
_LINK = re.compile(r"\[([^]]+)\]\(([^):]+)\.md\)")


def guide(detection: Detection) -> str:
    """Return the page about a detection as Markdown without links into the folder."""
    text = (FOLDER / f"{detection.name}.md").read_text("utf-8")
    # The title, and the line about level and ATT&CK, are fields of a rule.
    _, _, parts = text.partition("\n## ")
    titles = {d.name: d.title for d in DETECTIONS}

    def named(link: re.Match[str]) -> str:
        return f'{link[1]} ("{titles[link[2]]}")'

    return f"## {_LINK.sub(named, parts)}"
