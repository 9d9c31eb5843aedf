"""The Splunk add-on: its package, its fields beside CIM, its searches and dashboard."""

import io
import json
import re
import subprocess
import sysconfig
import tarfile
import xml.etree.ElementTree as ET
from ctypes.util import find_library
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from conf.build import addon
from conf.build.arrival import reach
from conf.build.detections import Detection, FirstSeen, Silent, groups
from conf.build.enterprise_security import RUNBOOKS
from conf.build.queries import SOURCETYPE, named
from conf.build.queries import fields as mapped
from conf.build.table import DETECTIONS

from esa_auth import __version__
from esa_auth.validation import EventSchema
from tests.siem import searchtime
from tests.siem.planted import events_of
from tests.siem.scenarios import SCENARIOS
from tests.support.checkout import ROOT
from tests.support.engines import require
from tests.support.golden_cases import golden_events
from tests.support.process import PATIENCE

Json = dict[str, Any]

CIM = ROOT / ".cache/cim/pytest_splunk_addon/data_models/Authentication.json"
VIEW = addon.SOURCE / "default/data/ui/views/esa_auth.xml"
VERDICTS = {"smtp-auth", "smtp-auth-client", "admin-login"}
# Commands of the dashboard; Splunk publishes no parser of SPL.
COMMANDS = {"timechart", "eval", "stats", "sort", "chart", "addtotals", "fieldformat"}


@cache
def events() -> list[Json]:
    return [*(event for _, event in golden_events()), *events_of(SCENARIOS)]


def inspected(package: Path, report: Path) -> Json:
    """Return AppInspect's report; its exit code says nothing of failures."""
    require("AppInspect", find_library("magic"), "no libmagic (Debian: libmagic1)")
    subprocess.run(
        [
            Path(sysconfig.get_path("scripts"), "splunk-appinspect"),
            *("inspect", package, "--mode", "precert"),
            *("--data-format", "json", "--output-file", report),
        ],
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    found: Json = json.loads(report.read_text("utf-8"))
    return found


def test_appinspect_has_nothing_against_it(tmp_path: Path) -> None:
    package = tmp_path / addon.file_name()
    package.write_bytes(addon.package())
    summary = inspected(package, tmp_path / "report.json")["summary"]
    assert summary["success"] > 90
    assert {kind: summary[kind] for kind in ("failure", "error", "warning")} == {
        "failure": 0,
        "error": 0,
        "warning": 0,
    }


def test_appinspect_sees_what_is_wrong(tmp_path: Path) -> None:
    """The figure that is read is one that moves."""
    package = tmp_path / addon.file_name()
    with (
        tarfile.open(package, "w:gz") as broken,
        tarfile.open(fileobj=io.BytesIO(addon.package())) as whole,
    ):
        for entry in whole:
            broken.addfile(entry, whole.extractfile(entry) if entry.isfile() else None)
        entry = tarfile.TarInfo(f"{addon.NAME}/local/app.conf")
        broken.addfile(entry)
    assert inspected(package, tmp_path / "report.json")["summary"]["failure"] > 0


def test_it_installs_as_its_readme_says(tmp_path: Path) -> None:
    (tmp_path / addon.file_name()).write_bytes(addon.package())
    readme = (addon.SOURCE / "README.md").read_text("utf-8")
    (command,) = re.findall(r"`(tar [^`]+)`", readme)
    apps = tmp_path / "splunk" / "etc" / "apps"
    apps.mkdir(parents=True)
    subprocess.run(
        ["sh", "-c", command.replace("@VERSION@", __version__)],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "SPLUNK_HOME": str(tmp_path / "splunk")},
        timeout=PATIENCE,
        check=True,
    )
    installed = apps / addon.NAME
    there = {p.relative_to(installed) for p in installed.rglob("*") if p.is_file()}
    source = {p.relative_to(addon.SOURCE) for p in addon.SOURCE.rglob("*.*")}
    pages = {Path(RUNBOOKS, f"{d.name}.md") for d in DETECTIONS}
    assert there == {p for p in source if (addon.SOURCE / p).is_file()} | pages | {
        Path("LICENSE")
    }
    assert f"version = {__version__}" in (installed / "default/app.conf").read_text()
    assert not [p for p in there if "@VERSION@" in (installed / p).read_text("utf-8")]


def test_the_same_sources_make_the_same_package() -> None:
    assert addon.package() == addon.package()


@pytest.fixture(scope="module")
def model() -> Json:
    require("CIM", CIM.exists(), "not fetched (make engines)")
    (found,) = json.loads(CIM.read_text("utf-8"))["objects"]
    assert found["name"] == "Authentication"
    return dict(found)


def test_every_verdict_is_a_cim_authentication(model: Json) -> None:
    """All that the published model requires is there, with a value it allows."""
    required = {f["name"]: f for f in model["fields"] if f["type"] == "required"}
    assert required.keys() == {"action", "app", "dest", "src", "user"}
    seen = 0
    for event in events():
        found = searchtime.fields(event)
        is_verdict = event["event"]["action"] in VERDICTS
        assert ("authentication" in searchtime.tags(found)) == is_verdict
        if is_verdict:
            seen += 1
            for name, field in required.items():
                assert found.get(name), (name, event)
                assert found[name] in field.get("expected_values", [found[name]])
    assert seen > 200


def test_the_fields_are_called_as_cim_calls_them(model: Json) -> None:
    known = {field["name"] for field in model["fields"]}
    # Of CIM's common fields, which the published file leaves out.
    common = {"dest_ip", "dest_port", "dvc", "src_host", "src_ip", "vendor_product"}
    ours = set()
    for event in events():
        ours |= {name for name in searchtime.fields(event) if "." not in name}
    assert ours - {"message", "tags", "@timestamp"} <= known | common
    assert {"session_id", "signature", "reason", "authentication_method"} <= ours


def test_a_client_logs_in_at_the_gateway_and_the_gateway_at_a_server() -> None:
    sides = set()
    for event in events():
        if event["event"]["action"] in VERDICTS and "ip" in event.get("source", {}):
            found = searchtime.fields(event)
            outbound = event["network"]["direction"] == "egress"
            server = event["destination"]["ip"] if outbound else found["dvc"]
            assert found["dest"] == server
            assert found["src"] == event["source"]["ip"]
            assert found["action"] == event["event"]["outcome"]
            sides.add(outbound)
    assert sides == {True, False}


def test_cleartext_is_tagged_where_cim_looks_for_it(model: Json) -> None:
    (insecure,) = (
        child["search_constraints"]
        for child in model["child_dataset"]
        if child["name"] == "Insecure_Authentication"
    )
    for event in events():
        tags = searchtime.tags(searchtime.fields(event))
        clear = event.get("tls", {}).get("established") is False
        verdict = event["event"]["action"] in VERDICTS
        assert {"cleartext", "insecure"} & tags == (
            set(re.findall(r'tag="(\w+)"', insecure)) if clear and verdict else set()
        )


def test_the_time_is_read_where_it_stands() -> None:
    stanza = searchtime.conf("props")[SOURCETYPE]
    prefix = re.compile(stanza["TIME_PREFIX"])
    for event in events():
        line = json.dumps(event, separators=(",", ":"))
        match = prefix.search(line)
        assert match
        assert line[match.end() :].startswith(event["@timestamp"])
        # 2026-03-02T11:17:02.000Z
        assert len(event["@timestamp"]) == 24 <= int(stanza["MAX_TIMESTAMP_LOOKAHEAD"])


def test_each_detection_is_a_saved_search_that_is_off() -> None:
    saved = searchtime.conf("savedsearches")
    assert {d.title for d in DETECTIONS} == set(saved.sections())
    page = (addon.SOURCE / "README.md").read_text("utf-8")
    assert f" {len(DETECTIONS)} searches " in page
    for detection in DETECTIONS:
        stanza = saved[detection.title]
        late = re.sub(r" _index_earliest=-\d+m@m", "", stanza["search"])
        assert late == addon.search(detection)
        assert stanza["enableSched"] == "0"


def test_the_dashboard_shows_data_and_runs_nothing() -> None:
    tree = ET.parse(VIEW)  # noqa: S314 - our own file
    kinds = {element.tag for element in tree.iter()}
    # No panel of HTML, no format that makes a link, no JavaScript.
    assert kinds <= {
        *("form", "label", "description", "fieldset", "input", "default", "row"),
        *("panel", "title", "chart", "table", "search", "query", "earliest"),
        *("latest", "option"),
    }
    assert "script" not in tree.getroot().attrib
    drills = [e.text for e in tree.iter("option") if "drilldown" in e.get("name", "")]
    assert drills == ["none"] * 6
    titles = [e.text for panel in tree.iter("panel") for e in panel.iter("title")]
    assert len(titles) == 6


def test_every_search_of_the_dashboard_is_made_of_known_words() -> None:
    for query in ET.parse(VIEW).iter("query"):  # noqa: S314 - our own file
        text = query.text or ""
        bare = re.sub(r'"[^"]*"', '""', text)
        assert bare.count("(") == bare.count(")")
        first, *rest = bare.split("\n| ")
        assert first.startswith(f"{addon.MACRO} sourcetype=")
        assert {command.split()[0] for command in rest} <= COMMANDS
        assert set(re.findall(r"\b(?:[a-z_]+\.)+[a-z_]+\b", bare)) <= mapped()


def test_the_envelope_for_hec_is_an_event_with_its_time() -> None:
    whole = json.loads(addon.ENVELOPE.read_text("utf-8"))
    assert set(whole) == {"time", "host", "source", "sourcetype", "event"}
    assert whole["sourcetype"] in searchtime.conf("props").sections()
    # 2009-04-22T11:47:47Z
    assert whole["time"] == 1240400867.0
    assert EventSchema().reasons(whole["event"]) == []


def test_a_saved_search_is_one_line() -> None:
    for name in ("success_after_failures", "brute_force_by_source"):
        assert "\n" not in addon.search(named(name))
        assert "```" not in addon.search(named(name))


def test_a_search_looks_back_over_its_window_and_what_comes_late() -> None:
    saved = searchtime.conf("savedsearches")
    for detection in DETECTIONS:
        stanza = saved[detection.title]
        indexed = re.search(r"_index_earliest=-(\d+)m@m", stanza["search"])
        earliest = int(stanza["dispatch.earliest_time"][1:].removesuffix("m@m"))
        if isinstance(detection.way, FirstSeen | Silent):
            assert indexed is None
            assert earliest == reach(detection)
        else:
            assert indexed
            assert int(indexed[1]) == reach(detection)
            assert earliest == reach(detection) + 1440


@pytest.mark.parametrize("detection", DETECTIONS, ids=lambda d: d.name)
def test_enterprise_security_gets_what_a_search_gives(detection: Detection) -> None:
    """Each name between dollar signs, and at risk, is a column of the search."""
    stanza = searchtime.conf("savedsearches")[detection.title]
    notable = {k: v for k, v in stanza.items() if k.startswith("action.notable.param.")}
    (drilldown,) = json.loads(notable["action.notable.param.drilldown_searches"])
    given = set(re.findall(r"\bas (\w+)", stanza["search"])) | set(groups(detection))
    asked = notable["action.notable.param.rule_title"] + drilldown["search"]
    assert set(re.findall(r"\$([\w.]+)\$", asked)) <= given
    at_risk = json.loads(stanza["action.risk.param._risk"])
    assert at_risk
    raw = "| stats" not in stanza["search"]
    for one in at_risk:
        field = one["risk_object_field"]
        assert field in (mapped() if raw else given), field
        assert one["risk_object_type"] in {"user", "system"}
    (page,) = re.findall(
        r"/static/app/TA-esa-auth/(\S+)\"", notable["action.notable.param.next_steps"]
    )
    assert Path("appserver/static", page).name == f"{detection.name}.md"
    annotations = json.loads(stanza["action.correlationsearch.annotations"])
    assert annotations == {"mitre_attack": list(detection.techniques)}
    assert notable["action.notable.param.severity"] == detection.level
