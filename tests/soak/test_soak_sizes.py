"""What a save and a start take besides the sessions themselves."""

import subprocess
import sys
from pathlib import Path

import pytest

from esa_auth.sessions.table import MAX_KEPT
from tests.soak.sizes import show, size

SESSIONS = size(6_000, 200_000)
#: Of what is held, by the issue that asked for it.
MOST = 1.3
#: A piece in hand, and what an allocator keeps for later.
SLACK_KIB = 12 * 1024


@pytest.mark.parametrize("kind", ["kept", "live"])
def test_a_save_and_a_start_cost_little_more_than_what_is_held(
    kind: str, tmp_path: Path
) -> None:
    argv = [sys.executable, "-m", "tests.soak.holding", kind, str(SESSIONS)]
    figures = []
    for step in ("save", "start"):
        done = subprocess.run(
            [*argv, step, str(tmp_path / "state")],
            capture_output=True,
            check=True,
            text=True,
        )
        figures.append([int(word) for word in done.stdout.split()])
    (empty, held, at_save), (_, restored, at_start) = figures
    show(
        f"State, {kind}",
        sessions=SESSIONS,
        empty_KiB=empty,
        held_KiB=held,
        save_KiB=at_save,
        start_KiB=at_start,
    )
    assert held - empty > SESSIONS * MAX_KEPT // 1024 // 2
    for peak in (at_save, restored, at_start):
        assert peak - empty < (held - empty) * MOST + SLACK_KIB
