"""The steps of the pages of rsyslog and syslog-ng, as they stand, on a fresh system.

Of rsyslog Debian's own configuration is there, of syslog-ng what takes its folder in,
and of `esa-auth` the command.
"""

import re
import shutil
import sys
from pathlib import Path
from textwrap import dedent

import orjson
import pytest

from tests.shippers import hosts
from tests.shippers.hosts import process, until
from tests.support.checkout import ROOT, needs_checkout
from tests.support.engines import require
from tests.support.process import command

pytestmark = needs_checkout

BWRAP = shutil.which("bwrap")
RSYSLOG_CONF = Path("/etc/rsyslog.conf")
SYSLOG_NG_CONF = '@version: 3.38\\n@include "/etc/syslog-ng/conf.d/*.conf"\\n'
# What the pages leave to others: packages, and the folder of Python.
ELSEWHERE = re.compile(r"^apt |venv")
READ_ONLY = ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc/ld.so.cache")


def steps(page: str, *sections: str) -> list[str]:
    """Return the commands of these sections of a page, continued lines joined."""
    text = (ROOT / "examples" / page / "README.md").read_text("utf-8")
    found: list[str] = []
    for section in sections:
        _, heading, rest = text.partition(f"\n## {section}\n")
        assert heading, section
        body = rest.partition("\n## ")[0]
        for block in re.findall(r"(?:^    .*\n)+", body, re.MULTILINE):
            found += dedent(block).replace("\\\n", " ").splitlines()
    return [line for line in found if not ELSEWHERE.search(line)]


def fresh(folder: Path, *places: str) -> list[str]:
    """Return the words that run something as root of a system with nothing in it.

    Of the network it has loopback alone, so port 514 is free.
    """
    words = [str(BWRAP), "--tmpfs", "/", "--dev", "/dev", "--proc", "/proc"]
    python = {sys.prefix, sys.base_prefix, *map(str, map(Path.resolve, _on_path()))}
    for place in (*READ_ONLY, str(ROOT), *sorted(python), *places):
        if Path(place).exists():
            words += ["--ro-bind", place, place]
    for empty in ("/etc/rsyslog.d", "/var/log", "/var/lib", "/var/spool/rsyslog"):
        words += ["--dir", empty]
    words += ["--dir", "/run", "--dir", "/tmp", "--bind", str(folder), "/seen"]  # noqa: S108
    words += ["--unshare-all", "--uid", "0", "--gid", "0", "--cap-add", "ALL"]
    return [*words, "--die-with-parent", "--chdir", str(ROOT)]


def _on_path() -> list[Path]:
    return [path for path in map(Path, sys.path) if path.is_dir()]


def script(*lines: str) -> str:
    """Return a script that has the command where the pages have it, then ``lines``."""
    ours = " ".join(command())
    begin = (
        "set -ex",
        "echo root:x:0:0::/:/bin/sh >/etc/passwd",
        "printf 'root:x:0:\\nadm:x:4:\\n' >/etc/group",
        "mkdir -p /opt/esa-auth/bin",
        f"printf '#!/bin/sh\\nexec {ours} \"$@\"\\n' >/opt/esa-auth/bin/esa-auth",
        "chmod 755 /opt/esa-auth/bin/esa-auth",
        "PATH=/opt/esa-auth/bin:/opt/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    )
    return "\n".join([*begin, *lines, "sleep 600"])


def patient(step: str) -> str:
    """Return a step that is tried until it goes: whatever it asks has just started."""
    return f"until {step}; do sleep 0.2; done"


def follow(folder: Path, words: list[str], lines: list[str], events: Path) -> None:
    """Run the script until an event of the page's line has come."""
    run = folder / "run.sh"
    run.write_text(script(*lines))
    with process([*words, "sh", "/seen/run.sh"], folder / "log"):
        until(lambda: _tested(events), lambda: (folder / "log").read_text()[-3000:])


def _tested(events: Path) -> bool:
    if not events.exists():
        return False
    # What is behind the last newline may not be whole yet.
    found = [orjson.loads(line) for line in events.read_bytes().split(b"\n")[:-1]]
    return any(
        event["event"].get("outcome") == "failure" and event["user"]["name"] == "test"
        for event in found
    )


@pytest.fixture(autouse=True)
def present() -> None:
    require("bwrap", BWRAP, "not installed (Debian package bubblewrap)")


def test_the_page_of_rsyslog_leads_to_an_event(tmp_path: Path) -> None:
    known = hosts.RSYSLOG and RSYSLOG_CONF.exists()
    require("rsyslog", known, "not installed (Debian package rsyslog)")
    lines = []
    for step in steps("rsyslog", "Install", "See it work"):
        if step.startswith("esa-auth receive"):
            # In another terminal, as a reader would.
            step = f"{step} > /seen/events &"
        if step.startswith("logger"):
            step = patient(step)
        lines.append(step.replace("systemctl restart rsyslog", "rsyslogd"))
    assert len(lines) == 5
    words = fresh(tmp_path, str(RSYSLOG_CONF))
    follow(tmp_path, words, lines, tmp_path / "events")


@pytest.mark.parametrize(
    ("section", "events"),
    [
        ("Install: `tail.conf`", "/var/log/esa-auth/events.ndjson"),
        ("Install: `esa-auth.conf`", "/seen/events"),
    ],
    ids=["tail", "filter"],
)
def test_the_page_of_syslog_ng_leads_to_an_event(
    section: str, events: str, tmp_path: Path
) -> None:
    missing = hosts.syslog_ng_missing()
    require("syslog-ng", missing is None, missing or "")
    lines = [
        "mkdir -p /etc/syslog-ng/conf.d /var/lib/syslog-ng",
        f"printf '{SYSLOG_NG_CONF}' >/etc/syslog-ng/syslog-ng.conf",
        hosts.syslog_ng_wrapper("/opt/bin/syslog-ng"),
    ]
    for step in steps("syslog-ng", section, "See it work"):
        if step.startswith("esa-auth receive"):
            step = f"{step} > /seen/events &"
        if step.startswith("logger"):
            step = patient(step)
        lines.append(step.replace("systemctl restart syslog-ng", "syslog-ng"))
    lines.append(f"test {events} = /seen/events || tail -F {events} > /seen/events &")
    program = Path(str(hosts.syslog_ng_program())).resolve()
    aside = [] if program.is_relative_to("/usr") else [str(program.parents[2])]
    follow(tmp_path, fresh(tmp_path, *aside), lines, tmp_path / "events")
    assert "WARNING" not in (tmp_path / "log").read_text()
