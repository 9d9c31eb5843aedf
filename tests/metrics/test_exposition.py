"""What is shown of readings, and that alerts and the dashboard ask for nothing else."""

import json
import re

import pytest
import yaml
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as read_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as read_plain

from esa_auth.metrics.exposition import MOST_APPLIANCES
from esa_auth.metrics.readings import ApplianceReading, Part
from esa_auth.outputs.counters import DeliveryCounters, FileCounters
from esa_auth.resources import conf_text
from tests.metrics.readings import FORWARD, beat, exposition, readings
from tests.metrics.scrapes import assert_adds_up, values


def test_both_formats_are_read_by_the_librarys_own_parsers() -> None:
    shown = exposition(readings(beat()))
    plain, kind = shown.text("")
    assert kind.startswith("text/plain")
    assert_adds_up(values(plain.decode()))
    strict, kind = shown.text("application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text")
    # It ships no types for this one.
    families = list(read_openmetrics(strict.decode()))  # type: ignore[no-untyped-call]
    # Each says what it is.
    assert [family.name for family in families if not family.documentation] == []
    names = {family.name for family in families}
    assert {"esa_auth_lines", "esa_auth_forward_ack_latency_seconds"} <= names


@pytest.mark.parametrize("version", ["x", "", "1.x", "9" * 5000, ";"])
def test_a_version_that_is_none_is_passed_over(version: str) -> None:
    accept = f"application/openmetrics-text; version={version}, text/plain;{version}"
    text, _ = exposition(readings(beat())).text(accept)
    assert b"esa_auth_lines" in text


def test_a_hostile_appliance_is_a_label_and_no_metric() -> None:
    name = 'a"} 1\nesa_auth_lines_total 9\n#\\'
    given = readings(beat(), appliances=(ApplianceReading(name, 1, 0, 0, 5),))
    text = exposition(given).text("")[0].decode()
    assert values(text)["esa_auth_lines_total"] == 10
    labels = [
        sample.labels
        for family in read_plain(text)
        for sample in family.samples
        if sample.name == "esa_auth_open_sessions"
    ]
    assert labels == [{"appliance": name}]


def test_appliances_without_end_are_counted_and_not_listed() -> None:
    many = tuple(ApplianceReading(f"h{n}", 1, 1, 0, 5) for n in range(5_000))
    text = exposition(readings(beat(), appliances=many)).text("")[0].decode()
    assert values(text)["esa_auth_appliances"] == 5_000
    assert values(text)["esa_auth_evictions_total"] == 5_000
    assert text.count("esa_auth_open_sessions{") == MOST_APPLIANCES


# ---- what is shipped for it ---------------------------------------------------------

_OURS = re.compile(r"\b(?:esa_auth|process)_[a-z_]+")


def known_names() -> set[str]:
    """Return the names of all samples that there can be."""
    outputs = [Part("forward_", DeliveryCounters(), ""), Part("otlp_", FORWARD[1], "")]
    outputs.append(Part("output_file_", FileCounters(), ""))
    return {
        sample.name
        for output in outputs
        for family in read_plain(
            exposition(readings(beat(), output)).text("")[0].decode()
        )
        for sample in family.samples
    }


def test_alerts_ask_for_metrics_that_there_are() -> None:
    rules = yaml.safe_load(conf_text("prometheus/esa-auth.rules.yml"))
    found = [rule for group in rules["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in found}) == len(found) > 5
    for rule in found:
        assert set(_OURS.findall(rule["expr"])) <= known_names()
        assert rule["annotations"]["summary"]


def test_the_dashboard_asks_for_metrics_that_there_are() -> None:
    dashboard = json.loads(conf_text("grafana/esa-auth.json"))
    asked = set()
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            names = set(_OURS.findall(target["expr"]))
            assert names, panel["title"]
            asked |= names
    assert asked <= known_names()
    assert {"esa_auth_lines_by_kind_total", "esa_auth_lag_seconds"} <= asked
