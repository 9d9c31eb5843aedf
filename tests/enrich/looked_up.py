"""A session, and tables that commands look it up in."""

from pathlib import Path
from typing import Any

from tests.support.harness import inbound, native, opened

SESSION = [native(body) for body in [*opened(), inbound()]]
AGAIN = native(inbound(), second=1)


def configured(folder: Path, text: str) -> str:
    path = folder / "esa-auth.yaml"
    path.write_text(text)
    return str(path)


def zone(name: str) -> bytes:
    return f"198.51.100.0/24 internal {name}\n".encode()


def name_of(event: dict[str, Any]) -> str | None:
    name: str | None = event["network"].get("name")
    return name
