"""Files that are rotated, moved or deleted: which are read, and to their end."""

from pathlib import Path

from tests.inputs.follow.follow_scene import Log, Reader, Restarted, compress


def test_rotated_files_of_before_the_first_start_are_left_alone(
    tmp_path: Path,
) -> None:
    log = Log(tmp_path)
    for _ in range(3):
        log.write()
        log.rename()
    compress(log.numbered(3))
    last = log.write()
    reader = Reader(log.path)
    assert reader.poll() == last
    log.rename()
    compress(log.numbered(2))
    reader.restart()
    assert reader.poll() == []
    assert log.write() == reader.poll()
    reader.kill()
    log.close()


def test_rotated_files_that_a_pattern_names_are_read_oldest_first(
    tmp_path: Path,
) -> None:
    log = Log(tmp_path)
    for _ in range(3):
        log.write()
        log.rename_and_compress()
    log.write()
    reader = Reader(tmp_path / "mail.log*")
    assert reader.poll() == log.written
    reader.kill()
    log.close()


def test_a_log_that_is_added_to_the_patterns_later_begins_with_its_file(
    tmp_path: Path,
) -> None:
    one, two = Log(tmp_path, "one.log"), Log(tmp_path, "two.log")
    reader = Reader(one.path)
    two.write()
    two.rename()
    two.write()
    reader.stop()
    both = Reader(one.path, two.path)
    both.saved = reader.saved
    both.kill()
    both.start()
    assert both.poll() == two.written[3:]
    both.kill()
    one.close()
    two.close()


def test_a_log_renamed_to_any_name_is_read_to_its_end(
    log: Log, restarted_with: Restarted
) -> None:
    log.write()

    def rename() -> None:
        log.write(1)
        log.path.rename(log.folder / "kept for the auditor")
        log.open()

    assert restarted_with(rename) == log.written[-1:]


def test_a_log_moved_away_while_it_is_read_is_read_to_its_end(
    log: Log, reader: Reader, tmp_path: Path
) -> None:
    log.write()
    reader.poll()
    log.write()
    log.path.rename(tmp_path / "elsewhere")
    reader.poll()
    log.write()
    reader.poll()
    assert reader.lines == log.written


def test_what_is_deleted_before_its_turn_is_read_all_the_same(
    log: Log, reader: Reader
) -> None:
    reader.stop()
    for _ in range(3):
        log.write()
        log.rename()
    reader.start()
    for number in (1, 2, 3):
        log.numbered(number).unlink()
    assert reader.poll() == log.written


def test_a_deleted_file_is_kept_open_until_it_has_been_quiet(
    log: Log, reader: Reader
) -> None:
    log.write()
    reader.poll()
    log.path.unlink()
    reader.clock.now = 10.0
    reader.poll()
    log.write(1)
    log.raw(b"half")
    assert reader.poll() == log.written[-1:]
    assert reader.follower.counters.files_open == 1
    reader.clock.now += 4.9
    assert reader.poll() == []
    reader.clock.now += 0.1
    assert reader.poll() == [b"half"]
    assert reader.follower.counters.files_open == 0
    # For as long as its directory could have been away, as nothing of the log is there.
    reader.clock.now += 31 * 86_400.0
    reader.poll()
    assert reader.follower.positions()["files"] == []
