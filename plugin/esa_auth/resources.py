"""Reads what ships in `schemas/` and `conf/`, in a checkout, a wheel or a zip."""

import json
from importlib.resources import files
from typing import Any


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema ``schemas/<name>.schema.json``."""
    text = files("esa_auth.schemas").joinpath(f"{name}.schema.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def conf_text(name: str) -> str:
    """Return the text of ``conf/<name>``."""
    return files("esa_auth.conf").joinpath(name).read_text("utf-8")


def report_asset(name: str) -> str:
    """Return the text of a part of the report's page."""
    folder = files("esa_auth.report").joinpath("assets")
    return folder.joinpath(name).read_text("utf-8")
