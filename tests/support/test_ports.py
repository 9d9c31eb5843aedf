"""Tests that run at once never have the same port."""

import subprocess
import sys

_ASK = (
    "from tests.support.ports import free_port\n"
    "print(*(free_port() for _ in range(400)), flush=True)\n"
    "input()\n"
)


def test_two_processes_are_never_given_the_same_port() -> None:
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", _ASK],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    given = []
    for process in asking:
        assert process.stdout is not None
        given += process.stdout.readline().split()
    for process in asking:
        process.communicate("\n")
    assert len(set(given)) == len(given) == 800
