"""How far a line travels: calls, files and changes of file, from stdin to stdout.

That is what one has to follow who wants to know what becomes of a line. It is counted
by `sys.setprofile` in the steady state: lines of the same second were read before, and
connections that were opened alike have had events.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import pytest

import esa_auth
from esa_auth.commands.delivery import Run
from esa_auth.commands.opening import surroundings
from esa_auth.config import load
from esa_auth.inputs.decode import Decoder
from esa_auth.inputs.framings import among
from esa_auth.inputs.records import Terms
from esa_auth.outputs.dead_letters import DeadLetters
from esa_auth.outputs.stdout import Stdout
from esa_auth.pipeline import Pipeline
from tests.support.harness import READ_AT, SETTINGS, inbound, native, opened, syslog

PACKAGE = str(Path(esa_auth.__file__).parent) + os.sep


Frame = Callable[[bytes, int], bytes]


class Walk(NamedTuple):
    """What a line takes: of each at most."""

    calls: int
    files: int
    changes: int

    def is_within(self, most: "Walk") -> bool:
        """Return whether none is more than ``most`` allows."""
        return all(mine <= its for mine, its in zip(self, most, strict=True))


class Reading:
    """`esa-auth filter`, in which each block of stdin is one line."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        # In Python alone: native code is not to be followed by a profiler.
        pipeline = Pipeline(
            replace(SETTINGS, native=False), lambda: READ_AT, as_json=True
        )
        letters = DeadLetters(None, 0, 0, lambda _: None)
        around = surroundings(load(None, {}, 0), letters)
        self._run = Run(pipeline, None, Stdout(around), letters)
        self._decoder = Decoder(pipeline, among("syslog"), Terms())

    def read(self, *bodies: bytes) -> None:
        """Read lines of one second, and write what they make."""
        for body in bodies:
            self._decoder.feed(self._frame(body, 9) + b"\n")
            self._run.deliver()

    def walk(self, body: bytes, *, delivers: bool) -> Walk:
        """Return what a line takes; what ``delivers`` nothing ends in the pipeline."""
        line = self._frame(body, 9) + b"\n"
        files = []

        def note(frame: FrameType, event: str, _: Any) -> None:
            name = frame.f_code.co_filename
            if event == "call" and name.startswith(PACKAGE):
                files.append(name)

        sys.setprofile(note)
        try:
            self._decoder.feed(line)
            if delivers:
                self._run.deliver()
        finally:
            sys.setprofile(None)
        changes = sum(here != there for here, there in pairwise(files))
        return Walk(len(files), len(set(files)), changes)


@pytest.mark.parametrize("frame", [native, syslog])
def test_a_line_of_auth_that_opens_a_session(
    frame: Frame, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    reading = Reading(frame)
    reading.read(*opened(1), inbound(1), b"ICID 1 close", *opened(450))
    found = reading.walk(inbound(450), delivers=True)
    assert capfdbinary.readouterr().out.count(b"\n") == 3
    assert found.is_within(Walk(45, 12, 20)), found


@pytest.mark.parametrize("frame", [native, syslog])
def test_a_line_that_opens_or_describes_a_connection(frame: Frame) -> None:
    opening, decision = opened(450)
    reading = Reading(frame)
    reading.read(*opened(1), b"ICID 1 close")
    found = reading.walk(opening, delivers=False)
    assert found.is_within(Walk(15, 4, 6)), found
    found = reading.walk(decision, delivers=False)
    assert found.is_within(Walk(16, 4, 6)), found


@pytest.mark.parametrize("frame", [native, syslog])
def test_a_line_of_a_message_without_auth(frame: Frame) -> None:
    reading = Reading(frame)
    reading.read(*opened(1))
    found = reading.walk(b"MID 6 ICID 450 RID 0 To: <bob@example.com>", delivers=False)
    assert found.is_within(Walk(9, 3, 3)), found
