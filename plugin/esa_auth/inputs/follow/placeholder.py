"""``{appliance}`` in a pattern: the part of a path that names the appliance."""

import os
import re
from functools import lru_cache

PLACEHOLDER = "{appliance}"
_PARTS = re.compile(r"\{appliance\}|\[!?\]?[^]]*\]|.", re.DOTALL)


def widened(pattern: str) -> str:
    """Return the glob that finds what ``pattern`` means."""
    return pattern.replace(PLACEHOLDER, "*")


def appliance_in(path: str, pattern: str) -> str | None:
    """Return what stands in ``path`` where ``pattern`` has its placeholder.

    Args:
        path: A file that the glob has found, or one in a directory that it has found.
        pattern: As it was given.
    """
    if PLACEHOLDER not in pattern:
        return None
    match = _expression(os.path.abspath(pattern)).fullmatch(os.path.abspath(path))
    # File names are bytes: a name that is no UTF-8 could not be written.
    return match and os.fsencode(match["appliance"]).decode("utf-8", "backslashreplace")


@lru_cache(maxsize=256)
def _expression(pattern: str) -> re.Pattern[str]:
    parts = [_part(part) for part in pattern.strip("/").split("/")]
    first, _, rest = "".join(parts).partition(PLACEHOLDER)
    # The same name wherever it stands again.
    rest = rest.replace(PLACEHOLDER, "(?P=appliance)")
    return re.compile(f"{first}(?P<appliance>[^/]+){rest}(?:/[^/]*)?", re.DOTALL)


def _part(part: str) -> str:
    """Return the expression for a part of a path, the placeholder left in it."""
    if part == "**":
        return "(?:/[^/]+)*"
    return "/" + "".join(map(_translated, _PARTS.findall(part)))


def _translated(glob: str) -> str:
    if glob == PLACEHOLDER:
        return glob
    if glob in ("*", "**"):
        return "[^/]*"
    if glob == "?":
        return "[^/]"
    if len(glob) > 1:
        return glob.replace("\\", "\\\\").replace("[!", "[^", 1)
    return re.escape(glob)
