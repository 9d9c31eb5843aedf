"""How far a line travels: calls, files and changes of file, from stdin to stdout.

What a reader has to follow who wants to know what becomes of a line. Measured with
`sys.setprofile`, in the steady state: the second of the line was seen before, and
connections that were opened alike have had events.
"""

import os
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import pytest

import esa_auth
from esa_auth.commands.delivery import Run, Stdout, encoder
from esa_auth.inputs.decode import Decoder
from esa_auth.inputs.records import Keys
from esa_auth.outputs.dead_letters import DeadLetters
from esa_auth.pipeline import Pipeline
from tests.support.harness import READ_AT, SETTINGS, inbound, native, opened, syslog

PACKAGE = str(Path(esa_auth.__file__).parent) + os.sep


Frame = Callable[[bytes, int], bytes]


class Walk(NamedTuple):
    """What a line takes, each at most."""

    calls: int
    files: int
    changes: int


def walked(work: Callable[[], None]) -> list[str]:
    """Return the file, below the package, of each function of ours that is called."""
    files = []

    def note(frame: FrameType, event: str, _: Any) -> None:
        name = frame.f_code.co_filename
        if event == "call" and name.startswith(PACKAGE):
            files.append(name.removeprefix(PACKAGE))

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return files


def walk(frame: Frame, before: list[bytes], line: bytes) -> Walk:
    """Return what ``line`` takes behind ``before``, all in one second."""
    pipeline = Pipeline(SETTINGS, lambda: READ_AT)
    letters = DeadLetters(None, 0, 0, lambda _: None)
    stdout = Stdout(lambda: False, "json")
    run = Run(pipeline, encoder("json"), stdout, letters)
    decoder = Decoder(pipeline, "syslog", Keys(), SETTINGS.max_line)

    def filtered(bodies: list[bytes], second: int) -> None:
        decoder.feed(b"".join(frame(body, second) + b"\n" for body in bodies))
        run.deliver()

    for icid in range(1, 5):
        filtered([*opened(icid), inbound(icid), b"ICID %d close" % icid], icid)
    filtered(before, 9)
    files = walked(lambda: filtered([line], 9))
    changes = sum(here != there for here, there in pairwise(files))
    return Walk(len(files), len(set(files)), changes)


@pytest.mark.parametrize("frame", [native, syslog])
def test_a_line_of_auth_that_opens_a_session(
    frame: Frame, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    found = walk(frame, opened(450), inbound(450))
    assert capfdbinary.readouterr().out.count(b"\n") == 9
    assert found <= Walk(61, 19, 37)


@pytest.mark.parametrize("frame", [native, syslog])
@pytest.mark.parametrize("at", [0, 1])
def test_a_line_that_describes_a_connection(frame: Frame, at: int) -> None:
    found = walk(frame, [b"New SMTP DCID 7", *opened(450)[:at]], opened(450)[at])
    assert found <= Walk(12, 4, 9)
