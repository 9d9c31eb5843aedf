"""Log shippers as processes, with the shipped configuration at paths of the test."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.support.checkout import ROOT
from tests.support.engines import require
from tests.support.process import command

# To fail a test that hangs; nothing is measured by it.
PATIENCE = 120.0

RSYSLOG = shutil.which("rsyslogd") or shutil.which("rsyslogd", path="/usr/sbin")
# Debian lets only one of rsyslog and syslog-ng be installed: `make engines` unpacks
# the package aside.
_ASIDE = Path(os.environ.get("ESA_AUTH_SYSLOG_NG", ROOT / ".cache" / "syslog-ng"))

Process = subprocess.Popen[bytes]


def render(name: str, folder: Path, places: Mapping[str, str]) -> Path:
    """Write ``conf/name`` to ``folder``, each text of ``places`` put in for its key.

    The command, if there is one, is that of the Python that runs the tests.
    """
    text = (ROOT / "conf" / name).read_text()
    text = text.replace("/opt/esa-auth/bin/esa-auth", " ".join(command()))
    for old, new in places.items():
        assert old in text, f"{name} does not have {old!r}"
        text = text.replace(old, new)
    target = folder / Path(name).name
    target.write_text(text)
    return target


def until(true: Callable[[], object], what: str | Callable[[], str]) -> None:
    """Wait for ``true``; ``what`` says what did not come."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, what() if callable(what) else what
        time.sleep(0.02)


def listens(port: int) -> bool:
    """Return whether somebody accepts connections there."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except ConnectionError:
        return False
    return True


@contextmanager
def process(words: list[str], log: Path, **environment: str) -> Iterator[Process]:
    """Run a host; SIGTERM and its own way of stopping at the end."""
    with log.open("ab") as output:
        host = subprocess.Popen(
            words, stdout=output, stderr=output, env=os.environ | environment
        )
    try:
        yield host
    finally:
        host.terminate()
        try:
            host.wait(PATIENCE)
        finally:
            host.kill()


@contextmanager
def rsyslog(configuration: Path) -> Iterator[Process]:
    """Run rsyslogd in the foreground, or end the test as not run."""
    require("rsyslog", RSYSLOG, "no rsyslogd (Debian package rsyslog)")
    words = [str(RSYSLOG), "-n", "-f", str(configuration), "-i", "NONE"]
    with process(words, configuration.parent / "rsyslog.log") as host:
        yield host


def _environment(program: str) -> dict[str, str]:
    """Return what syslog-ng wants in its environment: aside, its libraries are too."""
    if not program.startswith(str(_ASIDE)):
        return {}
    folders = {found.parent for found in _ASIDE.rglob("*.so*")}
    return {"LD_LIBRARY_PATH": ":".join(sorted(map(str, folders)))}


@cache
def syslog_ng_missing() -> str | None:
    """Return why syslog-ng cannot be run, if it cannot."""
    program = syslog_ng_program()
    if program is None:
        return "not installed (make engines, or the Debian package syslog-ng-core)"
    started = subprocess.run(
        [program, "--version"],
        env=os.environ | _environment(program),
        capture_output=True,
        text=True,
        check=False,
    )
    return started.stderr.strip() if started.returncode else None


def syslog_ng_program() -> str | None:
    """Return where syslog-ng is: installed, or unpacked aside."""
    aside = _ASIDE / "usr" / "sbin" / "syslog-ng"
    found = shutil.which("syslog-ng") or shutil.which("syslog-ng", path="/usr/sbin")
    return found or (str(aside) if aside.exists() else None)


@contextmanager
def syslog_ng(configuration: Path) -> Iterator[Process]:
    """Run syslog-ng in the foreground, or end the test as not run."""
    missing = syslog_ng_missing()
    require("syslog-ng", missing is None, missing or "")
    folder, program = configuration.parent, str(syslog_ng_program())
    words = [program, "-F", "-e", "--no-caps", "-f", str(configuration)]
    files = ("persist-file", "control", "pidfile")
    words += [f"--{option}={folder / option}" for option in files]
    if program.startswith(str(_ASIDE)):
        (modules,) = (_ASIDE / "usr" / "lib" / "syslog-ng").glob("[0-9]*")
        words.append(f"--module-path={modules}")
    environment = _environment(program)
    with process(words, folder / "syslog-ng.log", **environment) as host:
        yield host


def syslog_ng_wrapper(path: str) -> str:
    """Return a line of shell that makes syslog-ng a program at ``path``."""
    program = str(syslog_ng_program())
    words = [str(Path(program).resolve()), "--no-caps"]
    if program.startswith(str(_ASIDE)):
        (modules,) = (_ASIDE / "usr" / "lib" / "syslog-ng").glob("[0-9]*")
        words.append(f"--module-path={modules}")
    exports = " ".join(f"{k}={v}" for k, v in _environment(program).items())
    text = f'#!/bin/sh\\n{exports} exec {" ".join(words)} "$@"\\n'
    return f"mkdir -p {Path(path).parent}; printf '{text}' >{path}; chmod 755 {path}"


def children(parent: int) -> list[int]:
    """Return the processes whose parent is ``parent``, as Linux lists them."""
    tasks = Path(f"/proc/{parent}/task").glob("*/children")
    return [int(pid) for task in tasks for pid in task.read_text().split()]


def kill_children(parent: int) -> int:
    """Kill -9 the children of ``parent``; return how many there were."""
    found = children(parent)
    for pid in found:
        os.kill(pid, signal.SIGKILL)
    return len(found)
