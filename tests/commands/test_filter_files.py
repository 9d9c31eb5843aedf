"""Files that `filter` writes beside its events: dead letters and messages."""

import re
import signal
from pathlib import Path

import orjson

from tests.commands.attempts import QUICK_START, UNREAD, attempts, stream_of
from tests.support.process import Running, esa_auth


def test_dead_letters_in_a_file(tmp_path: Path) -> None:
    """For its owner only, added to what is there, replayable to the byte."""
    file = tmp_path / "dead.ndjson"
    for _ in range(2):
        stdin = stream_of([UNREAD, *attempts(1)])
        ended = esa_auth("filter", "--dead-letter", str(file), stdin=stdin)
        assert ended.code == 0
        assert ended.account.dead_letters == 1
        assert ended.letters == []
    letters = [orjson.loads(line) for line in file.read_bytes().splitlines()]
    assert [letter["event"]["original"] for letter in letters] == [UNREAD.decode()] * 2
    assert file.stat().st_mode & 0o777 == 0o600


def test_dead_letters_that_cannot_be_written(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.touch()
    link = tmp_path / "link"
    link.symlink_to(elsewhere)
    for path in (tmp_path, tmp_path / "none" / "dead", link):
        ended = esa_auth("filter", "--dead-letter", str(path))
        ended.assert_refused("dead_letter.file", str(path))


def test_a_full_disk_holds_the_stream_until_the_stop_signal() -> None:
    """No event is dropped for it; nothing is said to be done that is not."""
    with Running("filter", "--dead-letter", "/dev/full") as running:
        running.feed(attempts(1))
        running.next_event()
        running.feed([UNREAD])
        running.signal(signal.SIGTERM)
        running.close_stdin()
        ended = running.finish()
    assert ended.code == 75
    assert "No space left" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.account.rejected == 1


def test_messages_go_to_a_file_where_stderr_is_thrown_away(tmp_path: Path) -> None:
    log = tmp_path / "esa-auth.log"
    for words in (["--dead-letter", str(tmp_path / "dead")], ["--ack", "rsyslog"]):
        ended = esa_auth("filter", "--log-file", str(log), *words, stdin=QUICK_START[0])
        assert ended.stderr == ""

    start, closing, refusal = log.read_text().splitlines()
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ esa-auth\[\d+\]: "
    assert re.fullmatch(stamp + "filter .* started; .*", start)
    assert re.fullmatch(stamp + "1 lines = .*", closing)
    assert re.fullmatch(stamp + "--ack rsyslog: needs .*", refusal)
    assert log.stat().st_mode & 0o777 == 0o600

    ended = esa_auth("filter", "--log-file", str(tmp_path))
    ended.assert_refused("log.file", str(tmp_path), "directory")


def test_the_file_of_messages_is_begun_anew_after_its_rotation(tmp_path: Path) -> None:
    log = tmp_path / "esa-auth.log"
    with Running("filter", "--log-file", str(log)) as running:
        running.feed(attempts(1))
        running.next_event()
        log.rename(tmp_path / "esa-auth.log.1")
        running.close_stdin()
        running.finish()
    assert "1 lines = 1 results" in log.read_text()
