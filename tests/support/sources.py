"""The modules of the package as trees, for tests of what they may hold."""

import ast
from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import cached_property

import pytest

from tests.support.checkout import ROOT

PACKAGE = ROOT / "plugin" / "esa_auth"


@dataclass(frozen=True)
class Module:
    """A source file of the package; ``name`` is dotted, without ``esa_auth``."""

    name: str
    source: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.source)

    @property
    def part(self) -> str:
        """The first word of the name: a stage, a table, a command."""
        return self.name.split(".")[0]

    def imports(self) -> Iterator[str]:
        """Yield every module that is imported, wherever in the file."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.name}: relative import"
                origin = node.module or ""
                if origin == "esa_auth":
                    # `from esa_auth import grammar` is of the module, not of a name.
                    yield from (f"esa_auth.{alias.name}" for alias in node.names)
                else:
                    yield origin

    def imported_modules(self, known: Set[str]) -> set[str]:
        """Return the modules of the package, of those ``known``, that are imported."""
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                found.update(
                    name if name.removeprefix("esa_auth.") in known else node.module
                    for name in names
                )
            elif isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
        return {n.removeprefix("esa_auth.") for n in found if n.startswith("esa_auth.")}

    def own_imports(self) -> set[str]:
        """Return the parts of the package that are imported."""
        own = {n.split(".")[1] for n in self.imports() if n.startswith("esa_auth.")}
        # Built from `plugin/native`; it imports nothing.
        own -= {"_native"}
        return {"__init__" if part == "__version__" else part for part in own}

    def foreign_imports(self) -> set[str]:
        """Return the packages of others that are imported."""
        return {name.split(".")[0] for name in self.imports()} - {"esa_auth"}


def _modules() -> list[Module]:
    found = []
    for file in sorted(PACKAGE.rglob("*.py")):
        words = file.relative_to(PACKAGE).with_suffix("").parts
        if len(words) > 1 and words[-1] == "__init__":
            words = words[:-1]
        found.append(Module(".".join(words), file.read_text("utf-8")))
    return found


MODULES = _modules()
each_module = pytest.mark.parametrize("module", MODULES, ids=lambda m: m.name)
