"""`python -m tests.siem` writes all in `conf/` that is made from something else."""

from collections.abc import Iterator
from pathlib import Path

from tests.checkout import ROOT
from tests.siem import addon, dashboards, queries, templates


def generated() -> Iterator[tuple[Path, str]]:
    """Return each made file and its text."""
    yield from templates.generated()
    yield from queries.generated()
    yield from addon.generated()
    yield from dashboards.generated()


def main() -> None:
    """Write them."""
    for path, text in generated():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
