"""Pages that `esa-auth report` makes, and what stands in them without a browser."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import orjson

from tests.support.process import esa_auth

DETECTIONS = Path(__file__).parents[2] / "examples" / "detections" / "mail_logs"


def written(folder: Path, lines: list[str], *words: str) -> Path:
    """Write a log, make a report of it, return the page."""
    log, out = folder / "mail_logs", folder / "report.html"
    log.write_text("\n".join(lines) + "\n", "utf-8", newline="\n")
    done = esa_auth("report", "--quiet", *words, "-o", str(out), str(log))
    assert done.code == 0, done.stderr
    return out


def data_of(html: Path) -> dict[str, Any]:
    """Return what the page was made of."""
    text = html.read_text("utf-8")
    start = text.index('id="data">') + len('id="data">')
    data: dict[str, Any] = orjson.loads(text[start : text.index("</script>", start)])
    return data


class Tables(HTMLParser):
    """What stands in the tables of the markup, without any script: by its section."""

    def __init__(self, html: Path) -> None:
        super().__init__()
        self.rows: dict[str, list[list[str]]] = {}
        self.text = ""
        self._section, self._in_cell, self._in_script = "", False, False
        self.feed(html.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "section":
            self._section = dict(attrs)["id"] or ""
            self.rows[self._section] = []
        elif tag == "tr":
            self.rows[self._section].append([])
        elif tag in ("td", "th"):
            self.rows[self._section][-1].append("")
            self._in_cell = True
        self._in_script = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag not in ("td", "th")
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[self._section][-1][-1] += data
        elif not self._in_script:
            self.text += data

    def attempts(self) -> list[dict[str, str]]:
        """Return the attempts, each by the headings of its columns."""
        head, *rows = self.rows["attempts"]
        return [dict(zip(head, row, strict=True)) for row in rows]


def at_risk(data: dict[str, Any]) -> dict[str, list[str]]:
    """Return the accounts at risk, and what detections say of each."""
    return {
        account["user"]: [finding["rule"] for finding in account["findings"]]
        for account in data["risk"]
    }
