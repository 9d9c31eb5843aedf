"""The commands of the READMEs, as they stand, against a real OpenSearch."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.siem.elastic.node import Elasticsearch
from tests.siem.engine import OpenSearch
from tests.siem.planted import events_of
from tests.siem.scenarios import TEN_AND_TEN
from tests.siem.server import Server
from tests.support.checkout import ROOT
from tests.support.engines import require
from tests.support.process import PATIENCE


def block(page: Path, words: str) -> str:
    """Return the block of commands of a page that holds these words."""
    blocks = re.findall(r"(?:^    .*\n)+", page.read_text("utf-8"), re.MULTILINE)
    (found,) = (text for text in blocks if words in text)
    return dedent(found)


def run(commands: str, folder: Path, node: Server) -> str:
    require("curl", shutil.which("curl"), "not installed")
    done = subprocess.run(
        [
            "sh",
            "-e",
            "-c",
            commands.replace("localhost:9200", f"127.0.0.1:{node.port}"),
        ],
        cwd=folder,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
    return done.stdout.decode()


def test_the_templates_are_put_as_the_readme_says(opensearch: OpenSearch) -> None:
    folder = ROOT / "conf" / "opensearch"
    commands = block(folder / "README.md", "_index_template")
    # Index State Management is a plugin that the node does not have.
    templates, ism = commands.split("curl -fs -X PUT localhost:9200/_plugins/_ism")
    assert (folder / re.findall(r"-d @(\S+)", ism)[0]).exists()
    answers = run(templates, folder, opensearch)
    assert answers.count('{"acknowledged":true}') == 4


def test_a_search_by_hand_finds_as_the_readme_says(opensearch: OpenSearch) -> None:
    opensearch.create("logs-cisco_esa.auth-ten", events_of(TEN_AND_TEN))
    folder = ROOT / "conf" / "sigma"
    said = run(block(folder / "README.md", "period_end"), folder, opensearch)
    buckets = json.loads(said)["aggregations"]["found"]["buckets"]
    assert [bucket["key"] for bucket in buckets] == ["203.0.113.20"]


def elastic_page(words: str) -> str:
    """Return a block of the page, with the function of its first block before it."""
    page = ROOT / "conf" / "elastic" / "README.md"
    function = block(page, "_index_template").split("\n}\n")[0]
    commands = block(page, words).split("\n}\n")[-1]
    text = f"export ELASTIC_PASSWORD=secret\n{function}\n}}\n{commands}"
    return text.replace("https://localhost", "http://localhost")


def test_the_steps_for_elasticsearch(elasticsearch: Elasticsearch) -> None:
    commands = elastic_page("_index_template")
    answers = run(commands, ROOT / "conf" / "elastic", elasticsearch)
    assert answers.count('"acknowledged":true') == 5


def test_the_first_events_are_seen_as_the_page_says(
    elasticsearch: Elasticsearch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    commands = elastic_page("_bulk?refresh")
    # A stream of its own: other tests have theirs on the same node.
    for name in ("auth-default", "auth-*"):
        commands = commands.replace(
            f"logs-cisco_esa.{name}", "logs-cisco_esa.auth-page"
        )
    said = run(commands, tmp_path, elasticsearch).replace("\r", "")
    answer, _, seen = said.partition('{"count"')
    assert '"errors":false' in answer
    page = (ROOT / "conf" / "elastic" / "README.md").read_text("utf-8")
    (promised,) = re.findall(r"(?m)^    \{\"count\"(?:.*\n)(?:    .*\n)*", page)
    assert seen.replace("}events", "}\nevents") == dedent(promised).removeprefix(
        '{"count"'
    )
    assert '"errors":true' in run(commands, tmp_path, elasticsearch)
