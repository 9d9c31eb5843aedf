"""The state that a released version wrote is taken up.

`tests/released/state-0.1.0` was written by `filter --state-dir` (the checkpoint) and by
a killed `filter --ack rsyslog` (the journal) of version 0.1.0.
"""

import shutil
from pathlib import Path

import pytest
from tests.support.checkout import ROOT
from tests.support.process import esa_auth

from esa_auth.state import Memory, StateDirectory

RELEASED = ROOT / "tests" / "released" / "state-0.1.0"
NEXT = b"""\
Tue Mar 17 18:24:20 2026 Info: SMTP Auth: (ICID 11) failed for user: dave@example.com \
using AUTH mechanism: PLAIN with profile: staff
Tue Mar 17 18:24:20 2026 Info: ICID 12 close
<22>2026-03-17T18:24:21+00:00 mx2 mail_logs: Info: ICID 12 close
"""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory with the released checkpoint."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    shutil.copyfile(RELEASED / "checkpoint.a", folder / "checkpoint.a")
    (folder / "checkpoint.a").chmod(0o600)
    return folder


def test_its_sessions_go_on(state: Path) -> None:
    ended = esa_auth("filter", "--state-dir", str(state), stdin=NEXT)
    assert ended.assert_complete().lines == 3
    found = ended.events
    assert [e["source"]["ip"] for e in found] == [
        "198.51.100.11",
        "198.51.100.12",
        "203.0.113.9",
    ]
    contexts = [e["cisco_esa"]["session"]["context"] for e in found]
    assert contexts == ["complete", "complete", "partial"]
    summaries = [e["cisco_esa"].get("summary") for e in found]
    assert [(s or {}).get("attempts") for s in summaries] == [None, 3, 1]


def test_what_is_written_now_is_of_the_same_form(state: Path) -> None:
    with StateDirectory.open(state) as directory:
        memory = Memory(directory, 1)
        released = memory.recall()
        memory.keep(released)
        assert (state / "checkpoint.b").exists()
        again = memory.recall()
    assert not memory.lost
    assert again == released
    assert again["sessions"]["appliances"].keys() == {"esa", "mx2"}
