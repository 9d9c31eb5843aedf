"""A signal that comes while the program is still loaded, or when all is done."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.harness import inbound, native
from tests.support.process import PATIENCE, account_of

# Sends the signal to itself when the first module of the command is asked for.
_PROGRAM = """
import os, sys
from esa_auth.__main__ import main

class Early:
    def find_spec(self, name, path=None, target=None):
        if name == "esa_auth.commands.cli":
            os.kill(os.getpid(), int(sys.argv[1]))

sys.meta_path.insert(0, Early())
sys.exit(main(sys.argv[2:]))
"""
# Python sets its own handlers back, but not what is ignored, before it ends.
_LATE = """
import signal, sys
from esa_auth.__main__ import main

code = main(sys.argv[2:])
sys.exit(code or signal.getsignal(int(sys.argv[1])) != signal.SIG_IGN)
"""
BOTH = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


def stopped(
    number: int, *words: str, program: str = _PROGRAM
) -> subprocess.CompletedProcess[bytes]:
    """Run the command, with a signal as early as can be."""
    return subprocess.run(
        [sys.executable, "-c", program, str(int(number)), *words],
        input=native(inbound()) + b"\n",
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )


@BOTH
def test_filter_reads_what_is_in_the_pipe(number: int) -> None:
    done = stopped(number, "filter")
    assert done.returncode == 0, done.stderr
    assert account_of(done.stderr.decode()).results == 1


@BOTH
def test_a_signal_after_the_end_is_none(number: int) -> None:
    done = stopped(number, "filter", program=_LATE)
    assert done.returncode == 0, done.stderr
    assert account_of(done.stderr.decode()).results == 1


@BOTH
def test_tail_and_convert_end(tmp_path: Path, number: int) -> None:
    log = tmp_path / "mail_logs"
    log.write_bytes(native(inbound()) + b"\n")
    done = stopped(number, "tail", str(log), "--state-dir", str(tmp_path / "state"))
    assert done.returncode == 0, done.stderr
    assert account_of(done.stderr.decode()).lines == 0
    done = stopped(number, "convert", str(log), "-o", str(tmp_path / "out"))
    assert done.returncode == 75, done.stderr


def test_a_command_without_an_order_to_end_in_is_ended_by_it() -> None:
    assert stopped(signal.SIGINT, "explain").returncode == 130
    assert stopped(signal.SIGTERM, "explain").returncode == -signal.SIGTERM
    assert stopped(signal.SIGTERM, "filter", "--nonsense").returncode in (2, -15)
