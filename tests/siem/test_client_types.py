"""What no engine here runs is of the type that its vendor's own client asks for.

The clients of Elastic and OpenSearch carry the types of every request, made from the
servers' specifications; TypeScript compares.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conf.build import queries

from tests.support.checkout import ROOT
from tests.support.engines import require
from tests.support.process import PATIENCE

Json = dict[str, Any]

CLIENTS = ROOT / ".cache" / "clients" / "node_modules"
TYPES = "./node_modules/@opensearch-project/opensearch/api/_types"
HEAD = f"""
import type {{ estypes as Elastic }} from '@elastic/elasticsearch';
import type * as Ism from '{TYPES}/ism._common';
import type * as OpenSearch from '{TYPES}/_common.mapping';
"""
NAMED = "Omit<Elastic.{}, 'name'>"


def asset(name: str) -> Json:
    body: Json = json.loads((ROOT / "conf" / f"{name}.json").read_text("utf-8"))
    return body


def typed() -> dict[str, tuple[str, Json]]:
    """Return what is shipped, each with the type of its request."""
    component = NAMED.format("ClusterPutComponentTemplateRequest")
    mappings = asset("opensearch/component-mappings")["template"]["mappings"]
    found = {
        "ilm": ("Elastic.IlmPutLifecycleRequest", asset("elastic/ilm-policy")),
        "index template": (
            NAMED.format("IndicesPutIndexTemplateRequest"),
            asset("elastic/index-template"),
        ),
        "pipeline": (
            NAMED.format("IngestPutPipelineRequest").replace("'name'", "'id'"),
            asset("elastic/ingest-pipeline"),
        ),
        "role": (NAMED.format("SecurityPutRoleRequest"), asset("elastic/role")),
        "key": ("Elastic.SecurityCreateApiKeyRequest", asset("elastic/api-key")),
        "mappings": (component, asset("elastic/component-mappings")),
        "settings": (component, asset("elastic/component-settings")),
        "ism": ("Ism.PutPolicyRequest", asset("opensearch/ism-policy")),
        "mappings, OpenSearch": ("OpenSearch.TypeMapping", mappings),
    }
    found["ilm"] = (found["ilm"][0], {"name": "esa"} | found["ilm"][1])
    for detection in queries.shipped("opensearch"):
        body = queries.read_json("opensearch", detection)
        found[detection.name] = ("Elastic.SearchRequest", body)
    return found


@pytest.fixture
def compiled(tmp_path: Path) -> Callable[[str], str]:
    """Return a function that compiles a text and returns the complaints."""
    require("TypeScript", shutil.which("node"), "no node to run it with")
    require("TypeScript", (CLIENTS / ".bin/tsc").exists(), "not fetched (make engines)")
    (tmp_path / "node_modules").symlink_to(CLIENTS)

    def run(text: str) -> str:
        (tmp_path / "check.ts").write_text(HEAD + text, "utf-8")
        done = subprocess.run(
            [
                CLIENTS / ".bin" / "tsc",
                *("--noEmit", "--strict", "--skipLibCheck", "--pretty", "false"),
                *("--module", "nodenext", "--moduleResolution", "nodenext"),
                "check.ts",
            ],
            cwd=tmp_path,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        return done.stdout.decode()

    return run


def constant(number: int, kind: str, body: str) -> str:
    return f"const c{number}: {kind} = {body};\n"


def test_every_asset_is_of_its_type(compiled: Callable[[str], str]) -> None:
    text = "".join(
        constant(number, kind, json.dumps(body))
        for number, (kind, body) in enumerate(typed().values())
    )
    assert compiled(text) == ""


SLIPS = (
    ("ilm", "max_age", "max_agee"),
    ("ism", "min_primary_shard_size", "min_shard_size"),
    ("index template", "composed_of", "composed"),
    ("role", "privileges", "privilege"),
    ("key", "role_descriptors", "roles"),
    ("pipeline", "processors", "processor"),
    ("mappings", "match_only_text", "match_only_txt"),
    ("mappings, OpenSearch", "ignore_above", "ignore_abov"),
    ("password_spray", "precision_threshold", "precision"),
)


def test_a_slip_of_the_pen_is_seen(compiled: Callable[[str], str]) -> None:
    """Each in its own line of one text, for the compiler takes seconds to start."""
    text = ""
    for number, (name, right, wrong) in enumerate(SLIPS):
        kind, body = typed()[name]
        assert right in json.dumps(body)
        text += constant(number, kind, json.dumps(body).replace(right, wrong))
    said = compiled(text)
    seen = {int(line) for line in re.findall(r"check\.ts\((\d+),\d+\): error TS", said)}
    before = HEAD.count("\n")
    assert seen == {before + number + 1 for number in range(len(SLIPS))}
