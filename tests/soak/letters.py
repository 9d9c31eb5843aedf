"""Dead letters, as far as these tests look into them."""

from pathlib import Path

import orjson


def read_letters(path: Path) -> tuple[set[str], int]:
    """Return the refused lines of a file, and how many letters cannot be read."""
    refused, broken = set(), 0
    for line in path.read_bytes().split(b"\n"):
        if not line:
            continue
        try:
            refused.add(orjson.loads(line)["cisco_esa"]["original_base64"])
        except orjson.JSONDecodeError:
            broken += 1
    return refused, broken
