"""An output is one row and one module: the rest follows from the row."""

import argparse
import sys
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from importlib import import_module
from itertools import pairwise
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.support import report_lines
from tests.support.process import esa_auth

from esa_auth import outputs
from esa_auth.commands import options
from esa_auth.commands.opening import open_run
from esa_auth.config import load
from esa_auth.errors import ConfigError
from esa_auth.formats import FRAMINGS, SCHEMAS, converter
from esa_auth.metrics.exposition import Exposition
from esa_auth.metrics.pulse import Beat
from esa_auth.metrics.readings import Part, Readings
from esa_auth.model.counters import Counters, metric
from esa_auth.outputs import OUTPUTS, STDOUT, Opened, OutputKind, Secret, Surroundings
from esa_auth.resources import schema

each_kind = pytest.mark.parametrize("kind", OUTPUTS, ids=lambda kind: kind.name)


@each_kind
def test_a_row_has_its_module_its_key_and_its_option(kind: OutputKind) -> None:
    module = import_module(kind.module)
    assert callable(module.read_settings)
    assert callable(module.open_output)
    part = schema("config")["properties"][kind.section]["properties"]
    assert "null" in part[kind.switch]["type"]
    for command in ("filter", "tail"):
        assert (
            f"{kind.option} {kind.metavar}"
            in esa_auth(command, "--help").stdout.decode()
        )


def test_without_an_output_it_is_stdout() -> None:
    assert load(None, {}, 0).output.kind is STDOUT


def test_two_outputs_are_refused_by_their_keys() -> None:
    sections: dict[str, dict[str, Any]] = {kind.section: {} for kind in OUTPUTS}
    for kind in OUTPUTS:
        sections[kind.section][kind.switch] = None
    for one, other in pairwise(OUTPUTS):
        tree = {name: dict(section) for name, section in sections.items()}
        tree[one.section][one.switch] = tree[other.section][other.switch] = "x"
        with pytest.raises(ConfigError, match=f"{other.key}: not with {one.key}"):
            outputs.choose(tree, lambda *_: None)


def test_the_schema_of_the_configuration_has_the_rows_of_formats() -> None:
    part = schema("config")["properties"]["output"]["properties"]
    assert part["format"]["enum"] == [*FRAMINGS]
    assert part["schema"]["enum"] == [row.name for row in SCHEMAS]
    assert [row.name for row in SCHEMAS if converter(row.name) is None] == ["ecs"]


# ---- an output that nobody knows -----------------------------------------------------


@dataclass
class _Counts:
    taken: int = metric("Events taken.")


class _Memory:
    """Keeps events as text."""

    def __init__(self) -> None:
        self.counters = _Counts()
        self.trouble = ""
        self.kept: list[str] = []
        self.synced = 0

    def send(self, batch: Sequence[str]) -> None:
        self.kept += batch
        self.counters.taken += len(batch)

    def sync(self) -> None:
        self.synced += 1

    def check(self) -> None: ...

    def close(self) -> None: ...


def _module() -> types.ModuleType:
    module = types.ModuleType("esa_auth_test_memory")

    def read_settings(section: Mapping[str, Any], secret: Secret) -> str:
        return f"limit {section['limit']}"

    def open_output(settings: str, around: Surroundings) -> Opened:
        def encode(document: Any) -> str:
            return f"{settings}: {around.record(document)['event']['action']}"

        return Opened(encode, _Memory())

    vars(module).update(read_settings=read_settings, open_output=open_output)
    return module


def test_a_row_and_a_module_are_all_that_a_new_output_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = _module()
    row = OutputKind(
        "memory", "output", "memory", module.__name__, "--memory", "N", "keep N"
    )
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(outputs, "OUTPUTS", (*OUTPUTS, row))
    monkeypatch.setattr(options, "OUTPUTS", (*OUTPUTS, row))
    parser = argparse.ArgumentParser()
    options.add_live(parser)
    assert parser.parse_args(["--memory", "3"]).memory == "3"

    config = load(None, {"output.memory": "3", "output.limit": 7}, 0)
    assert config.output.kind is row
    with open_run(config, lambda: True) as run:
        run.pipeline.feed([line.encode() for line in report_lines.log(2)])
        run.deliver()
        kept = run.output.kept  # type: ignore[attr-defined]  # of _Memory
        assert {"limit 7: smtp-auth"} <= set(kept)
        # No position is saved before the output has synced what it took.
        assert run.output.synced == 0  # type: ignore[attr-defined]  # as above
        run.snapshot()
        assert run.output.synced == 1  # type: ignore[attr-defined]  # as above
        part = Part(f"{run.name}_", run.output.counters, run.output.trouble)
        text = _exposition(part)
    assert text["esa_auth_memory_taken_total"] == len(kept) > 0
    assert text["esa_auth_memory_up"] == 1


def _exposition(part: Part) -> dict[str, float]:
    beat = Beat(Counters(), 0, None, 0.0)
    readings = Readings(lambda: beat, lambda: (), lambda: 0.0, lambda: part)
    text, _ = Exposition(readings, lambda: True).text("")
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def test_every_number_that_an_output_counts_says_what_it_is() -> None:
    """A field without help is one that another field is divided by, or not shown."""
    for name in ("DeliveryCounters",):
        kind = getattr(import_module("esa_auth.outputs.counters"), name)
        silent = {field.name for field in fields(kind) if not field.metadata}
        assert silent <= {"acked_chunks", "stray_acks"}
