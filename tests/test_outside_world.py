"""Which parts do I/O, look at a clock or know the engine of Kafka. Read by ast."""

import ast

import pytest

from tests.support.checkout import needs_checkout
from tests.support.sources import Module, each_module
from tests.test_architecture import ANY, MAY_IMPORT

pytestmark = needs_checkout
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


@each_module
def test_only_the_edges_touch_the_outside(module: Module) -> None:
    pure = module.part in PURE and module.name not in READS_FILES
    assert not pure or outside_contacts(module) == set()


@each_module
def test_the_engine_stays_in_its_place(module: Module) -> None:
    assert bool(module.foreign_imports() & ENGINE) == (module.name in KNOWS_THE_ENGINE)


def test_the_pure_parts_import_pure_parts() -> None:
    for part in PURE:
        allowed = MAY_IMPORT[part]
        assert allowed is not ANY
        # The schema is read once, at the start.
        assert allowed <= PURE | {"slots", "validation"}


@pytest.mark.parametrize(
    ("name", "source", "rule"),
    [
        ("pipeline.x", "import os.path", outside_contacts),
        ("pipeline.x", "from time import time", outside_contacts),
        ("ecs.x", "open('x')", outside_contacts),
        ("ecs.x", "datetime.datetime.now()", outside_contacts),
    ],
)
def test_a_breach_is_seen(name: str, source: str, rule: object) -> None:
    assert callable(rule)
    assert rule(Module(name, source))
