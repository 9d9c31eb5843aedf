"""`esa-auth tail` as a child of a host that dies."""

import signal
import time
from pathlib import Path

from tests.support.harness import inbound, native
from tests.support.process import Running


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


def test_a_slow_sink_and_a_host_that_restarts_it_advance(tmp_path: Path) -> None:
    """Each start ends long before all of the log is delivered, and is not in vain."""
    log, words = tmp_path / "mail_logs", ["--state-dir", str(tmp_path / "state")]
    count = 1500
    log.write_bytes(
        b"".join(
            native(inbound(user=f"u{number:05}"), number) + b"\n"
            for number in range(count)
        )
    )
    begun = []
    for _ in range(3):
        with Running("tail", str(log), *words) as tail:
            first = tail.next_event()
            begun.append(first["user"]["name"])
            # Less than the second that is between two saves later on.
            for _ in range(40):
                time.sleep(0.01)
                tail.next_event()
            tail.signal(signal.SIGKILL)
            tail.finish()
    assert begun == sorted(set(begun)), begun


def test_it_says_what_names_no_file_and_when_there_is_one(tmp_path: Path) -> None:
    log, none = tmp_path / "mail_logs", tmp_path / "none*"
    words = ["--state-dir", str(tmp_path / "state")]
    with Running("tail", str(log), str(none), *words) as tail:
        log.write_bytes(native(inbound()) + b"\n")
        tail.next_event()
        tail.signal(signal.SIGTERM)
        ended = tail.finish()
    assert ended.code == 0
    assert ended.account.lines == 1
    assert f"{none}: no such file yet" in ended.stderr
    # Unless it was there before the first look.
    if f"{log}: no such file yet" in ended.stderr:
        assert f"{log}: there is a file now" in ended.stderr
    else:
        assert "following 1 file of 1 log\n" in ended.stderr


def test_a_file_name_is_said_on_one_line(tmp_path: Path) -> None:
    none = tmp_path / "a\nesa-auth: \x1b[31mb*"
    log, own = tmp_path / "mail_logs", tmp_path / "own.log"
    log.write_bytes(native(inbound()) + b"\n")
    words = ["tail", str(none), str(log), "--state-dir", str(tmp_path / "state")]
    for more in ([], ["--log-file", str(own)]):
        with Running(*words, *more) as tail:
            with log.open("ab") as file:
                file.write(native(inbound(), len(more)) + b"\n")
            tail.next_event()
            tail.signal(signal.SIGTERM)
            said = tail.finish().stderr or own.read_text()
        (line,) = [line for line in said.splitlines() if "no such file" in line]
        assert "a\\nesa-auth: \\x1b[31mb*" in line
