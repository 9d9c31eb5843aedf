"""The figures of the detections, for rules and commands: `conf/thresholds.json`."""

import json
from functools import cache

from esa_auth.resources import conf_text

_UNITS = {"m": 60, "h": 3600, "d": 86400}


def figure(detection: str, name: str) -> int:
    """Return how many there must be, or the seconds of a time such as ``15m``."""
    value: int | str = _all()[detection][name]["is"]
    if isinstance(value, int):
        return value
    return int(value[:-1]) * _UNITS[value[-1]]


def span(detection: str, name: str = "window") -> str:
    """Return a time as it is written: a number and m, h or d."""
    return str(_all()[detection][name]["is"])


@cache
def _all() -> dict[str, dict[str, dict[str, int | str]]]:
    found: dict[str, dict[str, dict[str, int | str]]] = json.loads(
        conf_text("thresholds.json")
    )
    return found
