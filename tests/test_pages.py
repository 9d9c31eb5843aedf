"""What the pages for contributors name is there: files, links, packages, classes."""

import ast
import re
from pathlib import Path

import pytest

from tests.support.checkout import ROOT, needs_checkout
from tests.support.sources import PACKAGE
from tests.test_architecture import MAY_IMPORT

pytestmark = needs_checkout

PAGES = (
    *("ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"),
    *("examples/decisions/README.md", "examples/security/README.md"),
)
FOLDERS = ("plugin", "schemas", "conf", "examples", "tests", ".ci")
_FILE = re.compile(
    r"`(tests/[\w./-]+|[\w./-]+(?:\.(?:py|yaml|json|csv|lock|cfg|toml|in|md)|/))`"
)
# A place that the reader fills in, and what `make` writes.
_NOT_THERE = re.compile(r"NAME|VERSION|^dist/")
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def paths() -> frozenset[str]:
    """Return all files and folders of the checkout, with a slash before each."""
    found = [path for path in ROOT.iterdir() if path.is_file()]
    for folder in FOLDERS:
        found += [ROOT / folder, *(ROOT / folder).rglob("*")]
    return frozenset(f"/{path.relative_to(ROOT)}" for path in found)


def missing(text: str, known: frozenset[str]) -> set[str]:
    """Return the files and folders that ``text`` names and that are not there."""
    names = [name for name in _FILE.findall(text) if not _NOT_THERE.search(name)]
    named = {name.strip("/") for name in names}
    tails = {path[at:] for path in known for at in _slashes(path)}
    return {name for name in named if f"/{name}" not in tails}


def _slashes(path: str) -> list[int]:
    return [at for at, letter in enumerate(path) if letter == "/"]


@pytest.mark.parametrize("page", PAGES)
def test_the_files_that_a_page_names_are_there(page: str) -> None:
    assert missing((ROOT / page).read_text("utf-8"), paths()) == set()


def test_a_file_that_is_gone_is_seen() -> None:
    known = frozenset({"/plugin/esa_auth/ecs/events.py"})
    text = (
        "`ecs/events.py` `events.py` `ecs/event.py` `vents.py` `tests/x` `ecs/NAME.py`"
    )
    assert missing(text, known) == {"ecs/event.py", "vents.py", "tests/x"}


def all_pages() -> list[str]:
    """Return every page of the checkout, as paths from its root."""
    found = [*ROOT.glob("*.md"), *(ROOT / "conf").rglob("*.md")]
    found += (ROOT / "examples").rglob("*.md")
    return sorted(str(path.relative_to(ROOT)) for path in found)


@pytest.mark.parametrize("page", all_pages())
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    here = (ROOT / page).parent
    assert [link for link in _LINK.findall(text) if not (here / link).exists()] == []


def test_the_first_page_is_short() -> None:
    """What a stranger reads first; the rest stands beside what it is about."""
    assert 6_000 < (ROOT / "README.md").stat().st_size < 9_000


def test_the_first_page_leads_to_every_example() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    folders = {path.parent.name for path in (ROOT / "examples").glob("*/README.md")}
    named = set(re.findall(r"\]\(examples/([a-z-]+)/", text))
    assert folders - named == set()


def test_the_map_leads_to_every_page() -> None:
    """Runbooks have a list of their own, and the add-on's page is for its reader."""
    page = ROOT / "examples" / "README.md"
    links = _LINK.findall(page.read_text("utf-8"))
    named = {(page.parent / link).resolve() for link in links}
    elsewhere = re.compile(r"runbooks/|TA-esa-auth/|^README|examples/README|CHANGELOG")
    pages = {ROOT / name for name in all_pages() if not elsewhere.search(name)}
    assert pages - named == set()


def test_every_part_of_the_program_is_described() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    parts = {name.strip("_") for name in MAY_IMPORT} - {"init"}
    described = {word.removesuffix(".py") for word in re.findall(r"`([\w.]+)`", text)}
    assert parts - {word.strip("_") for word in described} == set()


def test_names_of_constants_are_still_used() -> None:
    """A table that a page sends its reader to is in one of the files of the program."""
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    named = set(re.findall(r"`(_[A-Z_]+|[A-Z]+_[A-Z_]+|RULES)`", text))
    assert len(named) > 5
    assert named - _constants() == set()


def _constants() -> set[str]:
    trees = [ast.parse(path.read_text("utf-8")) for path in _sources()]
    return {
        node.id
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _sources() -> list[Path]:
    return [*PACKAGE.rglob("*.py"), ROOT / "tests" / "test_architecture.py"]
