"""Who may import whom, who may do I/O, how large things may be. Read by ast."""

import ast
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from tests.support.checkout import ROOT, needs_checkout

pytestmark = needs_checkout

PACKAGE = ROOT / "plugin" / "esa_auth"
ANY = None
# Part -> parts it may import, itself aside. No stage is in the list of another stage;
# a part that is not in the table may not exist.
MAY_IMPORT: dict[str, frozenset[str] | None] = {
    # Its names are loaded when they are asked for.
    "__init__": frozenset({"api"}),
    "errors": frozenset(),
    "signals": frozenset(),
    "suggest": frozenset(),
    "model": frozenset(),
    "identity": frozenset(),
    "resources": frozenset(),
    "thresholds": frozenset({"resources"}),
    "alarms": frozenset({"thresholds"}),
    "visible": frozenset(),
    "places": frozenset(),
    "privacy": frozenset({"model", "places"}),
    # What is added to events, and the files that it is looked up in.
    "enrich": frozenset({"model"}),
    # The stages.
    "inputs": frozenset({"errors", "model", "signals"}),
    "envelope": frozenset({"model"}),
    "grammar": frozenset({"model", "places"}),
    "sessions": frozenset({"model"}),
    "ecs": frozenset({"model"}),
    "slots": frozenset(),
    "validation": frozenset({"resources", "slots"}),
    "formats": frozenset({"errors", "model"}),
    "retry": frozenset({"errors"}),
    "outputs": frozenset({"__init__", "errors", "model", "retry"}),
    # What stands between two starts.
    "rows": frozenset(),
    "fields": frozenset({"model"}),
    "state": frozenset({"errors", "retry", "rows"}),
    # What a worker of the fleet holds, and the engine it runs on.
    "stream": frozenset({"errors", "fields", "model", "pipeline"}),
    # What people look at; made of events, or of numbers.
    "metrics": frozenset({"__init__", "errors", "model"}),
    "report": frozenset({"__init__", "alarms", "resources", "thresholds", "visible"}),
    # Where the stages meet.
    "pipeline": frozenset(
        {
            "ecs",
            "envelope",
            "errors",
            "grammar",
            "identity",
            "model",
            "places",
            "privacy",
            "rows",
            "sessions",
            "fields",
            "slots",
            "validation",
        }
    ),
    "config": frozenset(
        {"errors", "inputs", "outputs", "pipeline", "resources", "stream", "suggest"}
    ),
    "commands": ANY,
    "api": ANY,
    "__main__": frozenset({"commands", "signals"}),
}
STAGES = frozenset(
    {
        "inputs",
        "envelope",
        "grammar",
        "sessions",
        "ecs",
        "validation",
        "formats",
        "outputs",
    }
)
PURE = frozenset(
    {
        "ecs",
        "enrich",
        "envelope",
        "errors",
        "formats",
        "grammar",
        "identity",
        "model",
        "pipeline",
        "places",
        "privacy",
        "rows",
        "sessions",
        "fields",
        "visible",
    }
)
# The modules of pure parts that read files, which is what they are for.
READS_FILES = frozenset({"enrich.files", "enrich.mmdb", "enrich.tables"})
OUTSIDE_WORLD = frozenset(
    {
        "asyncio",
        "fcntl",
        "glob",
        "http",
        "io",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "random",
        "secrets",
        "select",
        "shutil",
        "signal",
        "socket",
        "ssl",
        "subprocess",
        "sys",
        "tempfile",
        "threading",
        "time",
        "urllib",
    }
)
OUTSIDE_CALLS = frozenset({"open", "print", "input", "eval", "exec", "__import__"})
# The extra `kafka`; the rest of the program neither imports nor needs it.
ENGINE = frozenset({"confluent_kafka", "quixstreams"})
KNOWS_THE_ENGINE = frozenset({"stream.application", "stream.client", "stream.decided"})
CLOCKS = frozenset({"now", "utcnow", "today"})
NAMELESS = frozenset(
    {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
)
MOST_LINES = 300
MOST_LINES_OF_A_FUNCTION = 40


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


# ---- the rules, each of which a source can break ------------------------------------


def wrong_imports(module: Module) -> set[str]:
    """Return the parts that ``module`` may not import."""
    allowed = MAY_IMPORT[module.part]
    if allowed is ANY:
        return module.own_imports() & {"__main__"}
    return module.own_imports() - allowed - {module.part}


def outside_contacts(module: Module) -> set[str]:
    """Return what ``module`` has to do with anything but its arguments."""
    found = module.foreign_imports() & OUTSIDE_WORLD
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in OUTSIDE_CALLS:
            found.add(node.func.id)
        if isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
            found.add(ast.unparse(node.func))
    return found


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


def circles(modules: Sequence[Module]) -> set[str]:
    """Return the modules that import each other, directly or by way of others.

    Each import counts, also one within a function or for types alone. The package
    itself imports what is asked of it, when it is asked.
    """
    known = {module.name for module in modules}
    left = {
        module.name: (module.imported_modules(known) & known)
        - {module.name, "__init__"}
        for module in modules
    }
    while free := [name for name, wanted in left.items() if not wanted & left.keys()]:
        for name in free:
            del left[name]
    # What is left is in a circle, or imports one.
    while unused := left.keys() - set().union(*left.values()):
        for name in unused:
            del left[name]
    return set(left)


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
def test_imports_go_one_way(module: Module) -> None:
    assert module.part in MAY_IMPORT, "a new part needs its place in the table"
    assert wrong_imports(module) == set()


@each_module
def test_only_the_edges_touch_the_outside(module: Module) -> None:
    pure = module.part in PURE and module.name not in READS_FILES
    assert not pure or outside_contacts(module) == set()


@each_module
def test_the_engine_stays_in_its_place(module: Module) -> None:
    assert bool(module.foreign_imports() & ENGINE) == (module.name in KNOWS_THE_ENGINE)


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


# ---- and the table and the rules are what they should be ----------------------------


def test_no_modules_import_each_other() -> None:
    assert circles(MODULES) == set()


@pytest.mark.parametrize(
    ("sources", "found"),
    [
        ({"a.x": "import esa_auth.a.y", "a.y": "from esa_auth.a import x"}, "xy"),
        ({"a.x": "def f(): import esa_auth.a.y", "a.y": "import esa_auth.a.x"}, "xy"),
        (
            {
                "a.w": "import esa_auth.a.x",
                "a.x": "if TYPE_CHECKING:\n    from esa_auth.a.y import Y",
                "a.y": "from esa_auth.a.z import Z",
                "a.z": "from esa_auth.a import x",
            },
            "xyz",
        ),
        ({"a.x": "from esa_auth.a.y import z", "a.y": "import esa_auth.a.z"}, ""),
    ],
)
def test_a_circle_is_seen(sources: dict[str, str], found: str) -> None:
    modules = [Module(name, source) for name, source in sources.items()]
    assert circles(modules) == {f"a.{letter}" for letter in found}


def test_no_stage_may_import_a_stage() -> None:
    for stage in STAGES:
        allowed = MAY_IMPORT[stage]
        assert allowed is not ANY
        assert not allowed & STAGES
    joining = {part for part, may in MAY_IMPORT.items() if may and may & STAGES}
    # config takes types of settings from the edges, never runs a line through a stage.
    assert joining == {"pipeline", "config"}


def test_the_table_has_no_circle_and_no_part_that_is_gone() -> None:
    names = {module.part for module in MODULES}
    assert set(MAY_IMPORT) == names
    rest = dict(MAY_IMPORT)
    while rest:
        free = [
            part
            for part, allowed in rest.items()
            if allowed is ANY or not (allowed & set(rest)) - {part}
        ]
        assert free, f"a circle among {sorted(rest)}"
        for part in free:
            del rest[part]


def test_the_pure_parts_import_pure_parts() -> None:
    for part in PURE:
        allowed = MAY_IMPORT[part]
        assert allowed is not ANY
        # The schema is read once, at the start.
        assert allowed <= PURE | {"slots", "validation"}


@pytest.mark.parametrize(
    ("name", "source", "rule"),
    [
        ("ecs.x", "from esa_auth.grammar import read", wrong_imports),
        ("ecs.x", "from esa_auth import grammar", wrong_imports),
        ("grammar.x", "import esa_auth.sessions.table", wrong_imports),
        ("inputs.x", "def f():\n    from esa_auth import pipeline", wrong_imports),
        ("commands.x", "from esa_auth.__main__ import main", wrong_imports),
        ("pipeline.x", "import os.path", outside_contacts),
        ("pipeline.x", "from time import time", outside_contacts),
        ("ecs.x", "open('x')", outside_contacts),
        ("ecs.x", "datetime.datetime.now()", outside_contacts),
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
        ("ecs.x", "from esa_auth.ecs.y import z", wrong_imports),
        ("__main__", "from esa_auth.signals import hold", wrong_imports),
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


def test_there_are_sources() -> None:
    assert len(MODULES) > 40
    assert Path(PACKAGE, "pipeline", "__init__.py").exists()
