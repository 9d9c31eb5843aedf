"""What is loaded before the first event. The rest is for those who ask for it."""

import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cache

import pytest

from esa_auth.grammar import RULES
from tests.support.harness import inbound, native, opened
from tests.support.process import PATIENCE

_PROGRAM = """
import json, sys
from esa_auth.__main__ import main
from esa_auth.grammar import RULES
code = main(["filter"])
read = [rule.name for rule in RULES if "pattern" in vars(rule)]
print(json.dumps([code, sorted(sys.modules), read]), file=sys.stderr)
"""


@dataclass(frozen=True)
class Start:
    """What a process had at its end that wrote the events of one session."""

    events: int
    modules: frozenset[str]
    compiled: frozenset[str]


@cache
def start() -> Start:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        input=b"".join(native(body) + b"\n" for body in (*opened(), inbound())),
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    code, modules, compiled = json.loads(done.stderr.splitlines()[-1])
    assert code == 0
    return Start(done.stdout.count(b"\n"), frozenset(modules), frozenset(compiled))


def test_the_session_has_its_event() -> None:
    assert start().events


@pytest.mark.parametrize(
    "name",
    [
        "esa_auth.commands.acknowledge",
        "esa_auth.commands.convert",
        "esa_auth.commands.tail",
        "esa_auth.outputs.file",
        "esa_auth.outputs.otlp",
        "esa_auth.config.stream",
        "esa_auth.outputs.forward",
        "esa_auth.state",
        "esa_auth.stream",
        "esa_auth.enrich.tables",
        "importlib.resources",
        "yaml",
        "jsonschema",
        "logging.handlers",
        "multiprocessing",
        "ssl",
    ],
)
def test_nothing_is_loaded_that_nobody_asked_for(name: str) -> None:
    assert name not in start().modules


def test_no_expression_is_compiled_that_no_line_asked_for() -> None:
    asked = {rule.name for rule in RULES if rule.lead in ("New", "ICID", "SMTP")}
    assert start().compiled
    assert start().compiled <= asked
    assert len(start().compiled) < len(RULES) / 4
