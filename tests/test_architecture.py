"""Who may import whom. Read by ast."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.checkout import needs_checkout
from tests.support.sources import MODULES, PACKAGE, Module, each_module

pytestmark = needs_checkout
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


# ---- the rules, each of which a source can break ------------------------------------


def wrong_imports(module: Module) -> set[str]:
    """Return the parts that ``module`` may not import."""
    allowed = MAY_IMPORT[module.part]
    if allowed is ANY:
        return module.own_imports() & {"__main__"}
    return module.own_imports() - allowed - {module.part}


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


# ---- the sources keep them ----------------------------------------------------------


@each_module
def test_imports_go_one_way(module: Module) -> None:
    assert module.part in MAY_IMPORT, "a new part needs its place in the table"
    assert wrong_imports(module) == set()


def test_no_modules_import_each_other() -> None:
    assert circles(MODULES) == set()


# ---- and the table and the rules are what they should be ----------------------------


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


@pytest.mark.parametrize(
    ("name", "source", "rule"),
    [
        ("ecs.x", "from esa_auth.grammar import read", wrong_imports),
        ("ecs.x", "from esa_auth import grammar", wrong_imports),
        ("grammar.x", "import esa_auth.sessions.table", wrong_imports),
        ("inputs.x", "def f():\n    from esa_auth import pipeline", wrong_imports),
        ("commands.x", "from esa_auth.__main__ import main", wrong_imports),
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
    ],
)
def test_what_is_right_is_no_breach(name: str, source: str, rule: object) -> None:
    assert callable(rule)
    assert not rule(Module(name, source))


def test_there_are_sources() -> None:
    assert len(MODULES) > 40
    assert Path(PACKAGE, "pipeline", "__init__.py").exists()
