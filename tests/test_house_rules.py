"""What no source may hold, how large it is and what it is called. Read by ast."""

import ast
from pathlib import Path

import pytest

from tests.support.checkout import ROOT, needs_checkout
from tests.support.sources import MODULES, Module, each_module

pytestmark = needs_checkout
NAMELESS = frozenset(
    {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
)
MOST_LINES = 300
MOST_LINES_OF_A_FUNCTION = 40


# ---- the rules, each of which a source can break ------------------------------------


def broad_handlers(module: Module) -> list[int]:
    """Return the lines that catch everything; to let go and raise again is not to."""
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler):
            kinds = "BaseException" if node.type is None else ast.unparse(node.type)
            words = set(kinds.strip("()").replace(",", " ").split())
            last = node.body[-1]
            passes_on = isinstance(last, ast.Raise) and last.exc is None
            if "Exception" in words or ("BaseException" in words and not passes_on):
                found.append(node.lineno)
    return found


def unsafe_yaml(module: Module) -> list[int]:
    """Return the lines that read YAML with anything but a safe loader."""
    safe = {"yaml.SafeLoader", "yaml.CSafeLoader"}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef):
            bases = {ast.unparse(base) for base in node.bases}
            if bases and bases <= safe:
                safe.add(node.name)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.IfExp):
            either = {ast.unparse(node.value.body), ast.unparse(node.value.orelse)}
            if either <= safe:
                safe.update(ast.unparse(target) for target in node.targets)
    found = []
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if not name.startswith("yaml.") or "load" not in name:
            continue
        loaders = [k.value for k in node.keywords if k.arg == "Loader"]
        loaders += node.args[1:2]
        named = [ast.unparse(loader) for loader in loaders]
        if name != "yaml.safe_load" and not (
            name == "yaml.load" and named and set(named) <= safe
        ):
            found.append(node.lineno)
    return found


def long_functions(module: Module) -> dict[str, int]:
    """Return the functions that are too long, with their lines."""
    found = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MOST_LINES_OF_A_FUNCTION:
                found[node.name] = lines
    return found


def long_files(folder: Path) -> dict[str, int]:
    """Return the Python files below ``folder`` that are too long, with their lines."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        lines = len(path.read_text("utf-8").splitlines())
        if lines > MOST_LINES:
            found[str(path.relative_to(folder))] = lines
    return found


def taken_names(module: Module) -> set[str]:
    """Return the functions that are called as a module of their package is."""
    modules = {each.name for each in MODULES}
    return {
        node.name
        for node in module.tree.body
        if isinstance(node, ast.FunctionDef) and f"{module.name}.{node.name}" in modules
    }


# ---- the sources keep them ----------------------------------------------------------


@each_module
def test_nothing_catches_everything(module: Module) -> None:
    assert broad_handlers(module) == []


@each_module
def test_yaml_is_read_safely(module: Module) -> None:
    assert unsafe_yaml(module) == []


@each_module
def test_sizes(module: Module) -> None:
    assert len(module.source.splitlines()) <= MOST_LINES
    assert long_functions(module) == {}


@pytest.mark.parametrize("folder", ["tests", "conf"])
def test_sizes_of_files_beside_the_package(folder: str) -> None:
    assert long_files(ROOT / folder) == {}


@each_module
def test_a_function_is_not_called_as_a_module_beside_it(module: Module) -> None:
    assert taken_names(module) == set()


@each_module
def test_names_say_something(module: Module) -> None:
    words = {word.strip("_") for word in module.name.split(".")}
    assert not words & NAMELESS


@each_module
def test_a_module_says_what_it_is_for(module: Module) -> None:
    assert ast.get_docstring(module.tree)


# ---- and a breach is seen -----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "source", "rule"),
    [
        ("x", "try:\n    f()\nexcept Exception:\n    raise", broad_handlers),
        ("x", "try:\n    f()\nexcept (OSError, Exception):\n    g()", broad_handlers),
        ("x", "try:\n    f()\nexcept:\n    g()", broad_handlers),
        ("x", "try:\n    f()\nexcept BaseException:\n    g()", broad_handlers),
        ("x", "import yaml\nyaml.load(x)", unsafe_yaml),
        ("x", "import yaml\nyaml.load(x, Loader=yaml.Loader)", unsafe_yaml),
        ("x", "import yaml\nyaml.full_load(x)", unsafe_yaml),
        ("x", "class L(yaml.Loader): ...\nyaml.load(x, L)", unsafe_yaml),
        (
            "x",
            "L = yaml.SafeLoader if x else yaml.Loader\nyaml.load(x, L)",
            unsafe_yaml,
        ),
        ("x", "def f():\n" + "    x\n" * 40, long_functions),
        ("grammar", "def rule(): ...", taken_names),
    ],
)
def test_a_breach_is_seen(name: str, source: str, rule: object) -> None:
    assert callable(rule)
    assert rule(Module(name, source))


@pytest.mark.parametrize(
    ("name", "source", "rule"),
    [
        ("x", "try:\n    f()\nexcept OSError:\n    g()", broad_handlers),
        ("x", "try:\n    f()\nexcept BaseException:\n    raise", broad_handlers),
        ("x", "class L(yaml.SafeLoader): ...\nyaml.load(x, Loader=L)", unsafe_yaml),
        ("x", "yaml.safe_load(x)", unsafe_yaml),
        (
            "x",
            "L = yaml.CSafeLoader if x else yaml.SafeLoader\nyaml.load(x, L)",
            unsafe_yaml,
        ),
        ("x", "def f():\n" + "    x\n" * 39, long_functions),
        ("grammar", "def read(): ...", taken_names),
    ],
)
def test_what_is_right_is_no_breach(name: str, source: str, rule: object) -> None:
    assert callable(rule)
    assert not rule(Module(name, source))


def test_a_long_file_is_seen(tmp_path: Path) -> None:
    (tmp_path / "within").mkdir()
    for name, lines in (("within/long.py", 301), ("right.py", 300), ("page.md", 301)):
        (tmp_path / name).write_text("x\n" * lines)
    assert long_files(tmp_path) == {"within/long.py": 301}
