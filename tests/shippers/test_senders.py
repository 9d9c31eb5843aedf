"""Appliances that name themselves in no line: the sender's address tells them apart.

On real rsyslog and syslog-ng, each appliance at an address of its own. Fluentd and
Fluent Bit are not here to be run: of theirs, what the shipped file says is looked at.
"""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.shippers.hosts import (
    RSYSLOG,
    Process,
    listens,
    render,
    rsyslog,
    syslog_ng,
    syslog_ng_program,
    until,
)
from tests.support.checkout import ROOT, needs_checkout
from tests.support.collector import Collector
from tests.support.engines import require
from tests.support.ports import free_port
from tests.support.process import account_of, esa_auth

pytestmark = needs_checkout

HEAD = b"<166>Mar 17 18:24:37 mail_logs: Info: "
SENDERS = {"127.0.0.11": b"198.51.100.7", "127.0.0.12": b"203.0.113.99"}
# A byte that is no UTF-8, a TAB, and what JSON escapes.
NAME = b'ann\t"q" \\ \xe9'
Host = Callable[[Path], AbstractContextManager[Process]]
Configured = Callable[[Path, Collector, int], Path]
Send = Callable[[int, str, list[bytes]], None]


def opening(client: bytes) -> bytes:
    return (
        HEAD + b"New SMTP ICID 450 interface Data 1 (192.0.2.1) address " + client
    ) + b" reverse dns host unknown verified no"


def result(user: bytes) -> bytes:
    return (
        HEAD + b"SMTP Auth: (ICID 450) succeeded for user: " + user
    ) + b" using AUTH mechanism: PLAIN with profile: p"


CLOSE = HEAD + b"ICID 450 close"


def over_udp(port: int, sender: str, lines: list[bytes]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.bind((sender, 0))
        for line in lines:
            end.sendto(line, ("127.0.0.1", port))


def over_tcp(port: int, sender: str, lines: list[bytes]) -> None:
    address = ("127.0.0.1", port)
    with socket.create_connection(address, source_address=(sender, 0)) as end:
        end.sendall(b"".join(line + b"\n" for line in lines))


def places(folder: Path, collector: Collector, name: str) -> dict[str, str]:
    return {
        "127.0.0.1:24224": collector.address,
        f"/var/lib/esa-auth/{name}": str(folder / "state"),
        "/var/log/esa-auth/dead.ndjson": str(folder / "dead.ndjson"),
        "/var/log/esa-auth/esa-auth.log": str(folder / "esa-auth.log"),
    }


def rsyslog_file(folder: Path, collector: Collector, port: int, **more: str) -> Path:
    changes = {
        'workDirectory="/var/spool/rsyslog"': f'workDirectory="{folder}"',
        '#module(load="imudp")': 'module(load="imudp")',
        '#input(type="imudp"': 'input(type="imudp"',
        'port="514"': f'port="{port}"',
    }
    changes |= places(folder, collector, "rsyslog")
    return render("rsyslog/esa-auth.conf", folder, changes | more)


def syslog_ng_file(folder: Path, collector: Collector, port: int) -> Path:
    changes = {
        "#network": "network",
        'ip("0.0.0.0") port(514)': f'ip("127.0.0.1") port({port})',
        'dir("/var/lib/syslog-ng")': f'dir("{folder}")',
    }
    changes |= places(folder, collector, "syslog-ng")
    return render("syslog-ng/esa-auth.conf", folder, changes)


@pytest.fixture(params=["rsyslog", "syslog-ng"])
def shipper(
    request: pytest.FixtureRequest,
) -> Iterator[tuple[Host, Configured]]:
    if request.param == "rsyslog":
        require("rsyslog", RSYSLOG, "no rsyslogd (Debian package rsyslog)")
        yield rsyslog, rsyslog_file
    else:
        require("syslog-ng", syslog_ng_program(), "not installed")
        yield syslog_ng, syslog_ng_file


@pytest.mark.parametrize("send", [over_udp, over_tcp])
def test_sessions_of_one_number_stay_apart(
    shipper: tuple[Host, Configured], send: Send, tmp_path: Path
) -> None:
    """Both are open at once; the events are those of each appliance's own file."""
    host, configured = shipper
    logs = {
        sender: [opening(client), result(b"bob"), result(NAME), CLOSE]
        for sender, client in SENDERS.items()
    }
    with Collector() as collector:
        port = free_port()
        with host(configured(tmp_path, collector, port)):
            until(lambda: listens(port), "the shipper does not listen")
            for sender, lines in logs.items():
                send(port, sender, lines[:2])
                until(partial(named, collector, sender), "no event")
            for sender, lines in logs.items():
                send(port, sender, lines[2:])
            until(lambda: len(collector.events) >= 6, "events are lost")
    assert collector.by_id() == direct(logs)
    assert {
        (event["observer"]["name"], event["source"]["ip"]) for event in collector.events
    } == {(sender, client.decode()) for sender, client in SENDERS.items()}
    account = account_of(log_of(tmp_path))
    assert (account.lines, account.results, account.rejected) == (8, 4, 0)


def named(collector: Collector, sender: str) -> bool:
    return any(event["observer"]["name"] == sender for event in collector.events)


def direct(logs: dict[str, list[bytes]]) -> dict[str, Any]:
    """Return by id what `filter` makes of each log, told whose it is."""
    found: dict[str, Any] = {}
    for sender, lines in logs.items():
        stdin = b"".join(line + b"\n" for line in lines)
        words = ("filter", "--timezone", "UTC", "--appliance", sender)
        ended = esa_auth(*words, stdin=stdin)
        ended.assert_complete()
        found |= {event["event"]["id"]: event for event in ended.events}
    return found


def log_of(folder: Path) -> str:
    """Return our own messages as they are on stderr."""
    text = (folder / "esa-auth.log").read_text()
    return re.sub(r"(?m)^\S+ esa-auth\[\d+\]: ", "esa-auth: ", text)


def test_a_tab_reaches_us_through_rsyslog_from_a_file_too(tmp_path: Path) -> None:
    """A file has no sender: its lines are those of the configured appliance."""
    require("rsyslog", RSYSLOG, "no rsyslogd (Debian package rsyslog)")
    lines = [opening(b"198.51.100.7"), result(NAME), CLOSE]
    (tmp_path / "mail_logs").write_bytes(b"".join(line + b"\n" for line in lines))
    changes = {
        '#module(load="imfile")': 'module(load="imfile")',
        '#input(type="imfile"': 'input(type="imfile"',
        "#      reopen": "      reopen",
        "/var/log/esa/mail_logs": str(tmp_path / "mail_logs"),
    }
    with Collector() as collector:
        configuration = rsyslog_file(tmp_path, collector, free_port(), **changes)
        with rsyslog(configuration):
            until(lambda: len(collector.events) >= 2, "events are lost")
    assert collector.by_id() == direct({"esa": lines})


@pytest.mark.parametrize("name", ["exec_filter.conf", "exec_filter_json.conf"])
def test_fluentd_writes_the_address_where_records_are_asked_for_it(name: str) -> None:
    """Looked at, not run."""
    text = (ROOT / "conf" / "fluentd" / name).read_text()
    sources = re.findall(r"<source>\n  @type (\w+)\n(.*?)</source>", text, re.DOTALL)
    assert [kind for kind, _ in sources] == ["tail", "udp", "tcp"]
    for kind, body in sources:
        says = "source_address_key host\n" in body
        assert says == (kind != "tail")
    assert "--timezone " in text


@pytest.mark.parametrize(
    ("pushed", "name"),
    [
        ("<22>Mar 17 18:24:37 esa01 mail_logs: Info: ICID 1 close", "esa01"),
        ("<166>Mar 17 18:24:37 mail_logs: Info: ICID 1 close", None),
        (
            "<22>2026-03-17T18:24:37Z 192.0.2.1 mail_logs: Info: ICID 1 close",
            "192.0.2.1",
        ),
        ("<22>Mar 17 18:24:37 fe80:: mail_logs: Info: ICID 1 close", "fe80::"),
    ],
)
def test_fluentd_keys_no_line_by_its_subscription(
    pushed: str, name: str | None
) -> None:
    """The regular expression of kafka.conf, which Ruby and Python read alike."""
    text = (ROOT / "conf" / "fluentd" / "kafka.conf").read_text()
    (expression,) = re.findall(r"\[/(.*)/, 1\]", text)
    found = re.match(expression.replace("\\A", ""), pushed)
    assert (found and found[1]) == name
    assert "source_address_key sender" in text


@pytest.mark.parametrize(
    "name",
    [
        "fluentd/exec_filter.conf",
        "fluentd/tail.conf",
        "fluent-bit/exec.conf",
        "rsyslog/esa-auth.conf",
        "syslog-ng/esa-auth.conf",
    ],
)
def test_every_command_says_its_zone(name: str) -> None:
    text = (ROOT / "conf" / name).read_text()
    commands = [x for x in text.splitlines() if "bin/esa-auth " in x and x[:1] != "#"]
    assert commands
    for command in commands:
        assert len(re.findall(r" --timezone \S+ ", command)) == 1
