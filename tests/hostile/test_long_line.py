"""A line without end costs no more memory than a line may have."""

from pathlib import Path

import pytest

from tests.support.harness import inbound, native
from tests.support.process import Running

ENDLESS = 1 << 28
BLOCK = b"x" * (1 << 20)
# What the allocator keeps back; the line is sixteen times as long.
SLACK_KIB = 16_384


def peak_kib(running: Running) -> int:
    status = Path(f"/proc/{running.pid}/status").read_text("ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1])


@pytest.mark.parametrize("form", ["native", "syslog"])
def test_a_line_without_end_leaves_its_neighbours_alone(form: str) -> None:
    neighbour = native(inbound())
    with Running("filter", "--input", form) as running:
        running.feed([neighbour])
        running.next_event()
        running.feed([BLOCK])
        before = peak_kib(running)
        for _ in range(ENDLESS // len(BLOCK)):
            running.write(BLOCK)
        grown = peak_kib(running) - before
        running.feed([b"", neighbour])
        running.close_stdin()
        account = running.finish().assert_complete()
    assert grown < SLACK_KIB
    assert (account.lines, account.results) == (4, 2)
