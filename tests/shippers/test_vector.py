"""Vector's files, as far as its language and our command go: no registry has Vector."""

import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from pyvrl import Transform

from tests.checkout import ROOT, needs_checkout
from tests.process import command, esa_auth
from tests.shippers.appliance import traffic

pytestmark = needs_checkout

CONF = ROOT / "conf" / "vector"


def loaded(name: str) -> dict[str, Any]:
    tree: dict[str, Any] = yaml.safe_load((CONF / name).read_text())
    return tree


@pytest.fixture(scope="module")
def program() -> Transform:
    source = loaded("sinks.yaml")["transforms"]["esa_auth_event"]["source"]
    # Vector hands on the event, the binding the last expression.
    return Transform(source + "\n.")


def events() -> list[dict[str, Any]]:
    """Return every event of the golden cases, and a host of its own in one."""
    lines: list[bytes] = []
    for file in sorted((ROOT / "tests" / "golden").glob("*/expected.ndjson")):
        lines += file.read_bytes().splitlines()
    assert len(lines) > 200
    return [orjson.loads(line) for line in lines]


def test_what_the_sources_add_is_taken_away(program: Transform) -> None:
    """As sources/exec and sources/fluent of Vector 0.58 add it."""
    added = {
        "host": "collector",
        "command": ["/opt/esa-auth/bin/esa-auth", "tail"],
        "pid": 7,
        "stream": "stdout",
        "source_type": "exec",
        "tag": "esa.auth",
        "timestamp": "2026-11-23T00:00:00Z",
    }
    for event in events():
        assert program.remap(event | added) == event


@pytest.mark.parametrize(
    "no_event",
    [
        {"message": "half a line"},
        {"event": {"id": 7, "dataset": "cisco_esa.auth"}, "@timestamp": "x"},
        {
            "event": {"id": "x", "dataset": "other"},
            "@timestamp": "2026-01-01T00:00:00Z",
        },
        {"event": {"id": "x", "dataset": "cisco_esa.auth"}, "@timestamp": "yesterday"},
        {"event": {"id": "x", "dataset": "cisco_esa.auth"}},
    ],
)
def test_what_is_no_event_is_dropped(
    program: Transform, no_event: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r".+"):
        program.remap(no_event)


@pytest.mark.parametrize(
    ("name", "record", "appliance"),
    [
        ("esa_pushed", {}, "esa01"),
        ("esa_pulled", {"file": "/var/log/esa/esa07/mail_logs.@x.s"}, "esa07"),
    ],
)
def test_the_producer_for_kafka_names_the_appliance(
    name: str, record: dict[str, str], appliance: str
) -> None:
    """The key of the raw topic; the line goes as it came."""
    program = Transform(loaded("kafka.yaml")["transforms"][name]["source"] + "\n.")
    line = traffic("esa01", 20, 1)[0].decode()
    event = program.remap({"message": line, "host": "collector"} | record)
    assert event == {"message": line, "appliance": appliance}


def test_the_sources_have_the_name_that_the_sinks_read() -> None:
    for name in ("tail.yaml", "forward.yaml"):
        assert list(loaded(name)["sources"]) == ["esa_auth"]
    tree = loaded("sinks.yaml")
    assert tree["transforms"]["esa_auth_event"]["inputs"] == ["esa_auth"]
    for sink in tree["sinks"].values():
        assert sink["inputs"][0].split(".")[0] == "esa_auth_event"


def test_its_command_writes_events(tmp_path: Path) -> None:
    lines = traffic("esa01", 300, 1)
    (tmp_path / "mail_logs").write_bytes(b"".join(line + b"\n" for line in lines))
    expected = esa_auth("filter", stdin=b"".join(line + b"\n" for line in lines)).events
    words = loaded("tail.yaml")["sources"]["esa_auth"]["command"]
    assert words.pop(0) == "/opt/esa-auth/bin/esa-auth"
    places = {"/var/log/esa/": tmp_path, "/var/lib/esa-auth": tmp_path}
    places |= {"/var/log/esa-auth": tmp_path}
    for old, new in places.items():
        words = [word.replace(old, str(new)) for word in words]
    with subprocess.Popen(
        [*command(), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        got = [orjson.loads(child.stdout.readline()) for _ in expected]
        child.terminate()
        assert child.wait(30) == 0
    assert got == expected
