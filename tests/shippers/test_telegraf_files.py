"""Telegraf's files, as far as our commands go without Telegraf itself."""

import subprocess
import tomllib
from pathlib import Path
from typing import Any

import orjson

from tests.shippers.appliance import traffic
from tests.support.checkout import ROOT, needs_checkout
from tests.support.process import command, esa_auth

pytestmark = needs_checkout

CONF = ROOT / "conf" / "telegraf"
LINES = traffic("esa01", 300, 1)


def words(plugin: dict[str, Any], places: dict[str, str]) -> list[str]:
    """Return the command of a plugin, each text of ``places`` put in for its key."""
    options: list[str] = list(plugin["command"])
    name = options.pop(0)
    assert name == "/opt/esa-auth/bin/esa-auth"
    for old, new in places.items():
        options = [option.replace(old, new) for option in options]
    return options


def test_tail_writes_events(tmp_path: Path) -> None:
    (tmp_path / "mail_logs").write_bytes(b"".join(x + b"\n" for x in LINES))
    (plugin,) = tomllib.loads((CONF / "tail.conf").read_text())["inputs"]["execd"]
    places = {"/var/log/esa/": str(tmp_path), "/var/lib/esa-auth": str(tmp_path)}
    options = words(plugin, places | {"/var/log/esa-auth": str(tmp_path)})
    stdin = b"".join(line + b"\n" for line in LINES)
    expected = esa_auth("filter", "--timezone", "UTC", stdin=stdin).events
    with subprocess.Popen(
        [*command(), *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        got = [orjson.loads(child.stdout.readline()) for _ in expected]
        child.terminate()
        assert child.wait(30) == 0
    assert got == expected


def test_filter_reads_the_metrics_that_telegraf_writes(tmp_path: Path) -> None:
    """Telegraf's own machine, its tag ``host``, is no appliance."""
    tree = tomllib.loads((CONF / "filter.conf").read_text())
    (plugin,) = tree["processors"]["execd"]
    places = {"/etc/esa-auth": str(CONF), "/var/lib/esa-auth": str(tmp_path)}
    options = words(plugin, places | {"/var/log/esa-auth": str(tmp_path)})
    metrics = [
        {
            "fields": {"value": line.decode()},
            "name": "esa_auth",
            "tags": {"host": "collector", "path": "/var/log/esa/mail_logs"},
            "timestamp": 1_790_000_000,
        }
        for line in LINES
    ]
    stdin = b"".join(orjson.dumps(metric) + b"\n" for metric in metrics)
    got = esa_auth(*options, stdin=stdin).events
    text = b"".join(line + b"\n" for line in LINES)
    expected = esa_auth("filter", "--timezone", "UTC", stdin=text)
    assert got == expected.events
