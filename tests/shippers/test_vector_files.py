"""Vector's files, as far as its language and our command go without Vector itself."""

import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from pyvrl import Transform

from tests.shippers.appliance import traffic
from tests.support.checkout import ROOT, needs_checkout
from tests.support.process import command, esa_auth

pytestmark = needs_checkout

CONF = ROOT / "conf" / "vector"
# As sources/exec and sources/fluent of Vector 0.58 add it.
ADDED = {
    "host": "collector",
    "source_type": "fluent",
    "tag": "esa.auth",
    "timestamp": "2026-11-23T00:00:00Z",
}
NO_EVENTS = [
    {"event": {"id": 7, "dataset": "cisco_esa.auth"}, "@timestamp": "x"},
    {"event": {"id": "x", "dataset": "other"}, "@timestamp": "2026-01-01T00:00:00Z"},
    {"event": {"id": "x", "dataset": "cisco_esa.auth"}, "@timestamp": "yesterday"},
    {"event": {"id": "x", "dataset": "cisco_esa.auth"}},
]


def loaded(name: str) -> dict[str, Any]:
    tree: dict[str, Any] = yaml.safe_load((CONF / name).read_text())
    return tree


def program(name: str, transform: str = "esa_auth_event") -> Transform:
    source = loaded(name)["transforms"][transform]["source"]
    # Vector hands on the event, the binding the last expression.
    return Transform(source + "\n.")


def child_wrote(text: str) -> dict[str, Any]:
    return {"message": text, "stream": "stdout", "pid": 7, "host": "collector"}


def events() -> list[dict[str, Any]]:
    """Return every event of the golden cases, some of them with a host of their own."""
    lines: list[bytes] = []
    for file in sorted((ROOT / "tests" / "golden").glob("*/expected.ndjson")):
        lines += file.read_bytes().splitlines()
    assert len(lines) > 200
    return [orjson.loads(line) for line in lines]


def test_an_event_is_what_esa_auth_wrote() -> None:
    forward, child = program("forward.yaml"), program("vector.yaml")
    for event in events():
        assert forward.remap(event | ADDED) == event
        assert child.remap(child_wrote(orjson.dumps(event).decode())) == event


@pytest.mark.parametrize("no_event", NO_EVENTS)
def test_what_is_no_event_is_dropped(no_event: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        program("forward.yaml").remap(no_event)
    with pytest.raises(ValueError, match=r".+"):
        program("vector.yaml").remap(child_wrote(orjson.dumps(no_event).decode()))


@pytest.mark.parametrize("text", ['{"event": {"id": "x", "da', "words", "[1, 2]", ""])
def test_a_cut_line_is_dropped(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        program("vector.yaml").remap(child_wrote(text))


def test_a_word_of_ours_is_no_event() -> None:
    word = {"message": "esa-auth: stopped", "stream": "stderr"}
    assert program("vector.yaml").remap(word) == []


@pytest.mark.parametrize("name", ["vector.yaml", "forward.yaml"])
def test_the_document_has_its_id_and_the_index_its_month(name: str) -> None:
    """Vector's sink takes the field that it is told to make the id of."""
    index = program(name, "esa_auth_to_index")
    sink = loaded(name)["sinks"]["elasticsearch"]
    taken = {sink["id_key"], *sink["encoding"]["except_fields"]}
    for event in events():
        made = index.remap(event)
        assert made["_id"] == event["event"]["id"]
        assert made["_month"] == event["@timestamp"][:7]
        assert {k: v for k, v in made.items() if k not in taken} == event


STAMPS = [
    "<22>Mar 17 18:24:37",
    "Mar  7 18:24:37",
    "<22>Mar 17 2026 18:24:37",
    "<22>Mar 17 18:24:37.123",
    "<22>2026-03-17T18:24:37.123+01:00",
    "<22>1 2026-03-17T18:24:37Z",
]


@pytest.mark.parametrize("stamp", STAMPS)
@pytest.mark.parametrize("name", ["esa01", "esa01.example.com", "2001:db8::7"])
def test_the_key_is_the_name_in_the_line(stamp: str, name: str) -> None:
    """The key of the raw topic; the line goes as it came."""
    line = f"{stamp} {name} mail_logs: Info: ICID 450 close"
    pushed = program("kafka.yaml", "esa_pushed")
    assert pushed.remap({"message": line, "host": "192.0.2.11"}) == {
        "message": line,
        "appliance": name,
    }


@pytest.mark.parametrize(
    "line",
    [
        *(f"{stamp} mail_logs: Info: ICID 450 close" for stamp in STAMPS),
        "<22>Tue Mar 17 18:24:37 2026 Info: ICID 450 close",
        "Tue Mar 17 18:24:37 2026 Info: ICID 450 close",
        "<22>mail_logs: Info: ICID 450 close",
        "",
    ],
)
def test_the_key_is_the_sender_where_the_line_has_no_name(line: str) -> None:
    """Two appliances without a name stay two."""
    pushed = program("kafka.yaml", "esa_pushed")
    for sender in ("127.0.0.11", "127.0.0.12"):
        assert pushed.remap({"message": line, "host": sender}) == {
            "message": line,
            "appliance": sender,
        }


def test_the_key_is_the_folder_of_a_file() -> None:
    line = traffic("esa01", 20, 1)[0].decode()
    record = {"message": line, "file": "/var/log/esa/esa07/mail_logs.@x.s"}
    pulled = program("kafka.yaml", "esa_pulled")
    made = pulled.remap(record | {"host": "collector"})
    assert made == {"message": line, "appliance": "esa07"}


def test_child_and_service_differ_in_source_and_buffer_alone() -> None:
    """What one of the two files knows, the other does too."""
    child, service = loaded("vector.yaml"), loaded("forward.yaml")
    for tree in (child, service):
        tree["transforms"]["esa_auth_event"].pop("source")
        for part in ("sources", "tests"):
            tree.pop(part)
    acknowledged = {"enabled": True}
    assert service["sinks"]["refused"].pop("acknowledgements") == acknowledged
    sinks = [tree["sinks"]["elasticsearch"] for tree in (child, service)]
    assert sinks[0].pop("buffer")["when_full"] == "block"
    assert sinks[1].pop("acknowledgements") == acknowledged
    assert child == service


@pytest.mark.parametrize("host", ["192.0.2.9", "2001:db8::7"])
def test_what_is_pushed_is_handed_over_with_the_address_of_its_sender(
    host: str,
) -> None:
    """As `esa-auth listen --input sender` reads it."""
    pushed = program("listen.yaml", "esa_pushed")
    line = "<22>Mar 17 18:24:37 mail_logs: Info: ICID 450 close"
    made = pushed.remap({"message": line, "host": host, "port": 7})
    assert made == {"message": f"{host} {line}"}


def test_listen_is_forward_and_the_way_there() -> None:
    """The events come back as `forward.yaml` takes them."""
    there, back = loaded("listen.yaml"), loaded("forward.yaml")
    sink = there["sinks"].pop("esa_auth_listen")
    assert sink["inputs"] == ["esa_pushed"]
    assert sink["address"] == "127.0.0.1:5140"
    assert there["transforms"].pop("esa_pushed")["inputs"] == ["esa_push"]
    del there["sources"]["esa_push"]
    assert there == back


def test_its_command_writes_events(tmp_path: Path) -> None:
    lines = traffic("esa01", 300, 1)
    text = b"".join(line + b"\n" for line in lines)
    expected = esa_auth("filter", "--timezone", "UTC", stdin=text).events
    (tmp_path / "mail_logs").write_bytes(text)
    words = loaded("vector.yaml")["sources"]["esa_auth"]["command"]
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
