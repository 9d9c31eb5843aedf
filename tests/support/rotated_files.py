"""Numbered lines for a file that is rotated by size, and what is found of them."""

import json
from pathlib import Path
from typing import Any

from tests.support.archive_runs import letters_in


def letter(number: int, size: int = 100) -> dict[str, Any]:
    return {"number": number, "text": "x" * size}


def line(number: int, size: int = 100) -> bytes:
    return json.dumps(letter(number, size)).encode() + b"\n"


def numbers(*paths: Path) -> list[int]:
    return [found["number"] for found in letters_in(*paths)]


def family(path: Path, keep: int = 999) -> list[Path]:
    """The files that there are, oldest first."""
    older = [path.with_name(f"{path.name}.{n}") for n in range(keep, 0, -1)]
    return [p for p in [*older, path] if p.exists()]
