"""The data of a report -> one HTML file that asks nobody for anything.

User names, host names and replies are the attacker's text. In the markup they are
escaped and isolated. For the charts they stand once more as JSON, in a block that no
browser runs, with every character escaped that could end it. The policy in the head
lets run only the two scripts whose hashes it names; without them the page says the
same, and only its charts, its search and its CSV are gone.
"""

import base64
import hashlib
from typing import Any

import orjson

from esa_auth.report.markup import Html, join, tag, time
from esa_auth.report.sections import about, sections
from esa_auth.resources import report_asset

_ESCAPES = {
    ord(character): f"\\u{ord(character):04x}" for character in "<>&'\u2028\u2029"
}


def page(data: dict[str, Any]) -> bytes:
    """Return the HTML file, UTF-8."""
    style, script = report_asset("page.css"), report_asset("page.js")
    charts = report_asset("echarts.common.min.js")
    for text in (script, charts):
        if "</script" in text.lower() or "<!--" in text:
            raise ValueError("a script of the page would end its own element")
    policy = (
        f"default-src 'none'; script-src {_hash(charts)} {_hash(script)};"
        f" style-src {_hash(style)}; base-uri 'none'; form-action 'none'"
    )
    parts = sections(data)
    # The attempts are in the markup; a search looks there.
    drawn = {key: value for key, value in data.items() if key != "rows"}
    known = {
        "policy": policy,
        "style": style,
        "about": about(data),
        "sections": join(
            tag("li", tag("a", title, href=f"#{name}")) for name, title, _ in parts
        ),
        "main": join(_section(*part) for part in parts),
        "made": _made(data["about"]),
        "data": orjson.dumps(drawn).decode().translate(_ESCAPES),
        "charts": charts,
        "script": script,
    }
    return _filled(report_asset("page.html"), known).encode("utf-8", "backslashreplace")


def _section(name: str, title: str, inside: Html) -> Html:
    head = tag("h2", title, id=f"{name}-title")
    return tag("section", head, inside, id=name, aria_labelledby=f"{name}-title")


def _made(known: dict[str, Any]) -> str:
    made = time(known["made"]) if known["made"] else "a day that is not said"
    return f"Made by esa-auth {known['version']} on {made}. All times are UTC."


def _filled(template: str, known: dict[str, str]) -> str:
    """Put the parts where they belong, in one pass: none is looked through again."""
    pieces = []
    for piece in template.split("{{"):
        key, found, rest = piece.partition("}}")
        pieces.append(known[key] + rest if found else piece)
    return "".join(pieces)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
