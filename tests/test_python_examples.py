"""The examples of `examples/python`, run."""

import base64
import importlib.util
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

import esa_auth
from tests.support.checkout import ROOT, needs_checkout
from tests.support.engines import require
from tests.support.process import PATIENCE

pytestmark = needs_checkout

FOLDER = ROOT / "examples" / "python"
LOG = ROOT / "examples" / "quickstart" / "mail_logs"


def run(*words: str) -> str:
    """Return what a program writes to stdout that ends well."""
    done = subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        timeout=PATIENCE,
        check=False,
        cwd=ROOT,
        # What Matplotlib keeps of fonts.
        env=os.environ | {"MPLCONFIGDIR": "/tmp"},  # noqa: S108 - it makes its own
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_and_the_picture(tmp_path: Path) -> None:
    for name in ("pandas", "matplotlib"):
        require(name, find_spec(name), "not installed")
    picture = tmp_path / "attempts.png"
    said = run(str(FOLDER / "attempts.py"), str(LOG), str(picture))
    assert "172.16.155.102        1        1" in said
    assert said.endswith(f"2 attempts; the picture is {picture}\n")
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("size", [1, 5, 21])
def test_a_function_that_is_called_with_batches(
    size: int, capsys: pytest.CaptureFixture[str]
) -> None:
    module = loaded("lambda_handler")
    lines = LOG.read_bytes().splitlines()
    total = 0
    for begin in range(0, len(lines), size):
        records = [
            {
                "eventID": f"shardId-000000000006:{begin}",
                "kinesis": {"data": base64.b64encode(line).decode()},
            }
            for line in lines[begin : begin + size]
        ]
        total += module.handler({"Records": records}, None)["lines"]
    assert total == len(lines)
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert found == list(esa_auth.events(lines, live=True))


def test_a_step_of_a_flow() -> None:
    require("bytewax", find_spec("bytewax"), "not installed")
    said = run("-m", "bytewax.run", "examples.python.bytewax_step")
    found = [json.loads(line) for line in said.splitlines()]
    with LOG.open("rb") as file:
        assert found == list(esa_auth.events(file, live=True))


def test_the_step_keeps_what_the_flow_keeps() -> None:
    require("bytewax", find_spec("bytewax"), "not installed")
    module = loaded("bytewax_step")
    lines = LOG.read_text().splitlines()
    first = module.Join(None)
    found = [event for line in lines[:9] for event in first.on_item(line)[0]]
    second = module.Join(first.snapshot())
    found += [event for line in lines[9:] for event in second.on_item(line)[0]]
    assert found == list(esa_auth.events(lines, live=True))
