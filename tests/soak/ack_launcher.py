"""Runs the real command and kills it once with SIGKILL at a named point.

A script: ``ack_launcher.py POINT:N FILE ARGUMENT...`` dies the N-th time that POINT is
reached, unless FILE says that it did so before. Checkpoints are made often.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from esa_auth.__main__ import main
from esa_auth.commands import acknowledge
from esa_auth.commands.answers import Answers
from esa_auth.commands.delivery import Run
from esa_auth.state import CheckpointStore, Journal


def around(
    owner: type, name: str, before: str, after: str, reached: Callable[[str], None]
) -> None:
    """Put a point before and one after a method."""
    real = getattr(owner, name)

    def wrapped(*arguments: Any) -> Any:
        reached(before)
        result = real(*arguments)
        reached(after)
        return result

    setattr(owner, name, wrapped)


def set_trap(text: str, died: Path) -> None:
    """Die where ``text`` says."""
    point, _, number = text.partition(":")
    left = int(number)

    def reached(name: str) -> None:
        nonlocal left
        if name == point and not died.exists():
            left -= 1
            if left == 0:
                died.touch()
                os.kill(os.getpid(), signal.SIGKILL)

    # setattr, because mypy knows names of modules as constants.
    setattr(acknowledge, "LINES_BETWEEN_CHECKPOINTS", 2)  # noqa: B010
    around(Run, "deliver", "-", "delivered", reached)
    around(Answers, "withhold", "-", "withheld", reached)
    around(Journal, "append", "-", "journaled", reached)
    around(Answers, "give", "-", "answered", reached)
    around(Journal, "successor", "-", "checkpoint-begun", reached)
    around(CheckpointStore, "save", "-", "checkpoint-kept", reached)
    around(Journal, "discard", "-", "checkpoint-done", reached)


if __name__ == "__main__":
    set_trap(sys.argv[1], Path(sys.argv[2]))
    sys.exit(main(sys.argv[3:]))
