"""The steps of Vector's page, as they stand, on a file system that is fresh."""

import os
import re
import shutil
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.shippers.endpoints import Endpoint, basic
from tests.shippers.hosts import process, until
from tests.shippers.vector import CERTIFICATES, VECTOR, WORD, Bench, why_not
from tests.support.checkout import ROOT, needs_checkout
from tests.support.engines import optional, require
from tests.support.process import command, esa_auth

pytestmark = needs_checkout

BWRAP = shutil.which("bwrap")
PAGE = ROOT / "examples" / "vector" / "README.md"
# What the page leaves to others: Python's installer, systemd, the index's own steps.
ELSEWHERE = re.compile(
    r"venv|system(ctl|d)|curl|/etc/default|^/opt|^ +--|^forward:|^  "
)
# Where Vector and Python are read from.
READ_ONLY = ["/usr", "/lib", "/lib64", "/bin", "/sbin"]


@pytest.fixture(autouse=True)
def present() -> None:
    reason = why_not()
    optional("Vector", reason is None, str(reason))
    require("bwrap", BWRAP, "not installed (Debian package bubblewrap)")


def steps() -> list[str]:
    """Return the commands of the page that can be run here, in their order."""
    blocks = re.findall(r"(?:^    .*\n)+", PAGE.read_text("utf-8"), re.MULTILINE)
    lines = [line for block in blocks for line in dedent(block).splitlines()]
    return [line for line in lines if not ELSEWHERE.search(line)]


def fresh(folder: Path) -> list[str]:
    """Return the words that run something on an empty Debian with the user `vector`."""
    (folder / "passwd").write_text("vector:x:0:0::/:/bin/sh\nroot:x:0:0::/:/bin/sh\n")
    (folder / "group").write_text("vector:x:0:\nroot:x:0:\n")
    words = [str(BWRAP), "--tmpfs", "/", "--dev", "/dev", "--proc", "/proc"]
    # Python, the checkout and Vector, wherever they are.
    places = {str(ROOT), sys.prefix, sys.base_prefix}
    places |= {str(Path(sys.executable).resolve().parents[1])}
    # In PATH there may be a link to it.
    vector = Path(str(VECTOR))
    places |= {str(vector.parent), str(vector.resolve().parent)}
    places |= {str(path.resolve()) for path in map(Path, sys.path) if path.is_dir()}
    for place in [*READ_ONLY, *sorted(places), str(folder)]:
        if os.path.lexists(place):
            words += ["--ro-bind", place, place]
    words += ["--dir", "/etc", "--dir", "/var/log", "--dir", "/tmp"]  # noqa: S108
    words += ["--ro-bind", str(folder / "passwd"), "/etc/passwd"]
    words += ["--ro-bind", str(folder / "group"), "/etc/group"]
    words += ["--ro-bind", str(folder / "ca.crt"), CERTIFICATES]
    words += ["--bind", str(folder / "seen"), "/seen"]
    words += ["--unshare-user", "--uid", "0", "--gid", "0"]
    return [*words, "--die-with-parent", "--chdir", str(ROOT)]


def test_the_steps_of_the_page_lead_to_events(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "vector.yaml")
    (tmp_path / "seen").mkdir()
    accepted = basic("esa-auth", WORD)
    text = (ROOT / "examples" / "quickstart" / "mail_logs").read_bytes()
    ended = esa_auth("filter", "--timezone", "UTC", stdin=text)
    expected = {event["event"]["id"]: event for event in ended.events}
    with Endpoint(tls=bench.server_tls(), accepted=accepted) as engine:
        script = ["set -ex", "mkdir -p /opt/esa-auth/bin"]
        ours = " ".join(command())
        script += [
            f"printf '#!/bin/sh\\nexec {ours} \"$@\"\\n' >/opt/esa-auth/bin/esa-auth"
        ]
        script += ["chmod 755 /opt/esa-auth/bin/esa-auth"]
        for step in steps():
            if "/dev/stdin" in step:
                step = f"echo {WORD} | {step}"
            script.append(step)
            if step.endswith("/etc/vector/vector.yaml") and "conf/vector" in step:
                # What the page leaves to the reader: the address of the index.
                change = f"s#localhost:9200#127.0.0.1:{engine.port}#"
                change += f";s#127.0.0.1:9598#127.0.0.1:{bench.metrics_port}#"
                script.append(f"sed -i '{change}' /etc/vector/vector.yaml")
        script.append("VECTOR_REQUIRE_HEALTHY=true exec vector")
        run = tmp_path / "run.sh"
        run.write_text("\n".join(script))
        words = [*fresh(tmp_path), "sh", str(run)]
        with process(words, tmp_path / "seen" / "log"):
            until(lambda: len(engine.documents) >= len(expected), "no events")
    assert engine.documents == expected
