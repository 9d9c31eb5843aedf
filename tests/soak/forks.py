"""Starts `esa-auth` by fork from a process that has imported it: many starts in a test.

As a script it serves requests on the socket whose descriptor it is given. A request is
the arguments as JSON with the descriptors of stdin, stdout and stderr; the answer is a
pid.
"""

import importlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import IO, Self

from esa_auth.__main__ import main

_MODULES = ("acknowledge", "answers", "cli", "delivery", "filter")
_PID_BYTES = 4


class Forked:
    """The part of `subprocess.Popen` that a host needs."""

    def __init__(self, pid: int, stdin: IO[bytes], stdout: IO[bytes]) -> None:
        self.pid, self.stdin, self.stdout = pid, stdin, stdout

    def kill(self) -> None:
        """End it with SIGKILL, if it has not ended."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until its stdout is closed; its exit code is not known: 0."""
        self.stdout.read()
        return 0


class Forks:
    """The process that forks; ended with its context."""

    def __enter__(self) -> Self:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.forks", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()
        self._server.wait()

    def start(self, arguments: Sequence[str], errors: IO[bytes]) -> Forked:
        """Start a command."""
        their_in, stdin = os.pipe()
        stdout, their_out = os.pipe()
        theirs = [their_in, their_out, errors.fileno()]
        socket.send_fds(self._socket, [json.dumps(arguments).encode()], theirs)
        pid = int.from_bytes(self._socket.recv(_PID_BYTES), "big")
        os.close(their_in)
        os.close(their_out)
        return Forked(pid, open(stdin, "wb"), open(stdout, "rb"))


def serve(requests: socket.socket) -> None:
    """Fork for each request until the other end is closed."""
    # Reaped by the kernel: nobody asks for their exit codes.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        data, given, _, _ = socket.recv_fds(requests, 65_536, 3)
        if not data:
            return
        if pid := os.fork():
            requests.send(pid.to_bytes(_PID_BYTES, "big"))
            for descriptor in given:
                os.close(descriptor)
            continue
        requests.close()
        for number, descriptor in enumerate(given):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os._exit(main(json.loads(data)))


if __name__ == "__main__":
    for name in _MODULES:
        importlib.import_module(f"esa_auth.commands.{name}")
    importlib.import_module("esa_auth.outputs.forward")
    serve(socket.socket(fileno=int(sys.argv[1])))
