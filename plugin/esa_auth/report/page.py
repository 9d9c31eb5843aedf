"""The data of a report -> one HTML file that asks nobody for anything.

User names, host names and replies are the attacker's text. They stand in the file once,
as JSON in a block that no browser runs, with every character escaped that could end it;
the page's own script puts them into text nodes. The policy in the head lets run only
the two scripts whose hashes it names.
"""

import base64
import hashlib
from typing import Any

import orjson

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
    json = orjson.dumps(data).decode().translate(_ESCAPES)
    whole = report_asset("page.html")
    # By hand and in one pass: what is put in must not be looked through again.
    parts = []
    for piece in whole.split("{{"):
        key, found, rest = piece.partition("}}")
        known = {
            "policy": policy,
            "style": style,
            "charts": charts,
            "script": script,
            "data": json,
        }
        parts.append(known[key] + rest if found else piece)
    return "".join(parts).encode("utf-8", "backslashreplace")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
