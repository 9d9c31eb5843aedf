"""Reads what ships in `schemas/` and `conf/`, in a checkout, a wheel or a zip."""

import json
import os
from importlib.util import find_spec
from pathlib import Path

# `importlib.resources` does the same, but brings archives and temporary files with it,
# which delays the first event.
from pkgutil import get_data
from typing import Any


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema ``schemas/<name>.schema.json``."""
    text = _text("esa_auth.schemas", f"{name}.schema.json")
    document: dict[str, Any] = json.loads(text)
    return document


def conf_text(name: str) -> str:
    """Return the text of ``conf/<name>``."""
    return _text("esa_auth.conf", name)


def conf_folder() -> Path:
    """Return the folder with what is in ``conf/``.

    Raises:
        FileNotFoundError: it is in an archive, and no folder.
    """
    spec = find_spec("esa_auth.conf")
    if spec is None or spec.origin is None or not os.path.isfile(spec.origin):
        raise FileNotFoundError("esa_auth.conf is in no folder")
    return Path(spec.origin).parent


def report_asset(name: str) -> str:
    """Return the text of a part of the report's page."""
    return _text("esa_auth.report", f"assets/{name}")


def _text(package: str, name: str) -> str:
    found = get_data(package, name)
    if found is None:
        raise FileNotFoundError(f"{package}: {name}: its loader reads no files")
    return found.decode()
