"""Runs the real command and kills it with SIGKILL at a named point.

A script: ``launcher.py POINT:N ARGUMENT...`` dies the N-th time that POINT is reached.
It replaces functions of the installed package, which itself knows nothing of it, and
makes blocks and pauses small so that every point comes often.
"""

import os
import signal
import stat
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from esa_auth.__main__ import main
from esa_auth.commands import tail
from esa_auth.inputs.follow import Follower
from esa_auth.outputs import stdout
from esa_auth.outputs.forward.output import ForwardOutput
from esa_auth.outputs.forward.sender import AckSender
from esa_auth.outputs.rotated import RotatedFile
from esa_auth.pipeline import Pipeline
from esa_auth.state import checkpoint

Function = Callable[..., Any]
# Bytes that are worth writing in two halves.
MANY = 64


class Trap:
    """Dies at its point."""

    def __init__(self, text: str) -> None:
        self._point, _, number = text.partition(":")
        self._left = int(number)

    def reached(self, point: str) -> None:
        """Note that ``point`` was reached."""
        if point == self._point:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def around(self, function: Function, before: str, after: str) -> Function:
        """Return the function with a point before and one after it."""

        def wrapped(*arguments: Any, **options: Any) -> Any:
            self.reached(before)
            result = function(*arguments, **options)
            self.reached(after)
            return result

        return wrapped

    def fsync(self, descriptor: int, real: Function = os.fsync) -> None:
        """Sync; files and directories are points of their own."""
        folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        self.reached("renamed" if folder else "tmp-written")
        real(descriptor)
        self.reached("directory-synced" if folder else "tmp-synced")

    def halves(self, real: Function, point: str) -> Function:
        """Return a ``write_all`` with a point in the middle of the data."""

        def wrapped(descriptor: int, data: bytes, *rest: Any) -> None:
            middle = len(data) // 2
            real(descriptor, data[:middle], *rest)
            self.reached(point)
            real(descriptor, data[middle:], *rest)

        return wrapped

    def letter_halves(self, real: Function) -> Function:
        """Return a `RotatedFile.write` with a point in the middle of the data."""

        def wrapped(file: RotatedFile, data: bytes, start: int) -> int:
            half = (len(data) - start) // 2
            if half < MANY:
                written: int = real(file, data, start)
                return written
            part = data[start : start + half]
            done = os.write(file._descriptor, part)
            kinds = {"letters": "letter-half", "events": "event-half"}
            self.reached(kinds[file._content])
            return done

        return wrapped


def set_trap(trap: Trap) -> None:
    """Replace what the points are at."""
    tail.SECONDS_BETWEEN_CHECKPOINTS = 0.0
    setattr(checkpoint, "_SHARE", 0.0)  # noqa: B010
    # setattr, because mypy knows names of modules as constants.
    setattr(tail, "Follower", partial(Follower, max_bytes=8192))  # noqa: B010
    for owner, name, before, after in (
        (Follower, "poll", "before-read", "after-read"),
        (Pipeline, "feed", "before-join", "after-join"),
        (ForwardOutput, "send", "before-send", "after-ack"),
        (AckSender, "write", "before-write", "after-write"),
        (AckSender, "acks", "before-ack", "-"),
    ):
        setattr(owner, name, trap.around(getattr(owner, name), before, after))
    setattr(os, "fsync", trap.fsync)  # noqa: B010
    setattr(os, "rename", trap.around(os.rename, "before-rename", "-"))  # noqa: B010
    real = vars(stdout)["write_all"]
    setattr(stdout, "write_all", trap.halves(real, "stdout-half"))  # noqa: B010
    setattr(  # noqa: B010
        RotatedFile, "write", trap.letter_halves(RotatedFile.write)
    )


if __name__ == "__main__":
    set_trap(Trap(sys.argv[1]))
    sys.exit(main(sys.argv[2:]))
