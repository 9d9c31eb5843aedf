"""`esa-auth tail` as a child of a host that dies."""

import signal
from pathlib import Path

from tests.harness import inbound, native
from tests.process import Running


def test_an_idle_tail_ends_when_its_reader_is_gone(tmp_path: Path) -> None:
    """Or it would hold the state, and the child of the host's next start is refused."""
    log, words = tmp_path / "mail_logs", ["--state-dir", str(tmp_path / "state")]
    log.write_bytes(native(inbound()) + b"\n")
    with Running("tail", str(log), *words) as orphan:
        first = orphan.next_event()
        orphan.close_stdout()
        ended = orphan.finish()
    assert ended.code == 74
    assert "Traceback" not in ended.stderr

    with Running("tail", str(log), *words) as successor:
        with log.open("ab") as file:
            file.write(native(inbound(user="ben"), 1) + b"\n")
        event = successor.next_event()
        # What nobody may have read comes again.
        if event == first:
            event = successor.next_event()
        assert event["user"]["name"] == "ben"
        successor.signal(signal.SIGTERM)
        assert successor.finish().code == 0
