"""The systemd unit by systemd's own tool, and the confinement of both by a real one."""

import shutil
import subprocess
from pathlib import Path

import orjson

from tests.shippers.appliance import traffic
from tests.shippers.hosts import PATIENCE, process, until
from tests.support.checkout import ROOT, needs_checkout
from tests.support.collector import Collector
from tests.support.engines import require
from tests.support.process import command, esa_auth

pytestmark = needs_checkout

ANALYZE = shutil.which("systemd-analyze")
BWRAP = shutil.which("bwrap")
# Of systemd-analyze: 0 is the best and 10 the worst; below 2 few services are.
MOST_EXPOSED = "20"


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ANALYZE), *words],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_the_unit_is_right_and_hardened(tmp_path: Path) -> None:
    require("systemd-analyze", ANALYZE, "not installed (Debian package systemd)")
    text = (ROOT / "conf" / "systemd" / "esa-auth.service").read_text()
    unit = tmp_path / "esa-auth.service"
    unit.write_text(text.replace("/opt/esa-auth/bin/esa-auth", "/bin/true"))
    verified = analyze("verify", str(unit))
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")
    rated = analyze(
        "security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(unit)
    )
    assert rated.returncode == 0, rated.stdout[-200:]


def test_what_is_checked_before_a_start_is_what_is_started() -> None:
    text = (ROOT / "conf" / "systemd" / "esa-auth.service").read_text()
    commands = [x for x in text.splitlines() if x.startswith("ExecStart")]
    assert len(commands) == 2
    # Unbraced, so that it can be several words, or none.
    assert all(command.endswith(" $ESA_AUTH_OPTIONS") for command in commands)
    assert " tail $ESA_AUTH_LOGS " in text


def test_nobody_on_a_read_only_root(tmp_path: Path) -> None:
    """As container and unit run it: one writable folder, no capability, no shell."""
    require("bwrap", BWRAP, "not installed (Debian package bubblewrap)")
    lines = traffic("esa01", 600, 1)
    stdin = b"".join(line + b"\n" for line in lines)
    expected = {e["event"]["id"]: e for e in esa_auth("filter", stdin=stdin).events}
    logs, state = tmp_path / "logs", tmp_path / "state"
    logs.mkdir()
    state.mkdir()
    (logs / "mail_logs").write_bytes(stdin)
    confined = [str(BWRAP), "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    confined += ["--tmpfs", "/run", "--ro-bind", str(logs), "/run/logs"]
    confined += ["--bind", str(state), "/run/state", "--chdir", "/run/state"]
    confined += ["--uid", "65534", "--gid", "65534", "--unshare-user", "--unshare-pid"]
    confined += ["--cap-drop", "ALL", "--die-with-parent", "--clearenv"]
    words = ["tail", "/run/logs", "--state-dir", "/run/state/checkpoint"]
    words += ["--dead-letter", "/run/state/dead.ndjson"]
    with Collector() as collector:
        words += ["--forward", collector.address]
        with process([*confined, *command(), *words], tmp_path / "log"):
            until(lambda: len(collector.events) >= len(expected), "events are lost")
    assert collector.by_id() == expected
    assert sorted(path.name for path in state.iterdir()) == [
        "checkpoint",
        "dead.ndjson",
    ]


def test_the_container_file_names_what_there_is() -> None:
    """It cannot be built here: no engine, no base image. Its words can be held."""
    text = (ROOT / "conf" / "container" / "Containerfile").read_text()
    assert "USER 65534:65534" in text
    entry = text.rpartition("ENTRYPOINT ")[2]
    assert orjson.loads(entry) == ["/opt/esa-auth/bin/esa-auth"]
