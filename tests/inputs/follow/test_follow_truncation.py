"""Logs that are truncated, and the copies that are made of them before."""

import os
import shutil
from pathlib import Path

from tests.inputs.follow.follow_scene import Log, Reader, Restarted, compress


def test_an_offset_behind_the_end_is_a_truncation(
    log: Log, reader: Reader, restarted_with: Restarted
) -> None:
    lines = log.write(3)
    size = len(lines[0]) + 1

    def shorten() -> None:
        os.truncate(log.path, size)

    assert restarted_with(shorten) == lines[:1]
    assert reader.follower.counters.truncations == 1


def test_what_was_seen_and_not_read_counts_as_lost(log: Log) -> None:
    reader = Reader(log.path, max_bytes=10)
    log.write(4)
    size = log.path.stat().st_size
    reader.follower.poll()
    os.truncate(log.path, 0)
    assert reader.poll() == []
    reader.poll()
    assert reader.follower.counters.truncations == 1
    assert reader.follower.counters.bytes_possibly_lost == size
    assert reader.poll() == []
    assert reader.follower.counters.bytes_possibly_lost == size
    reader.kill()


def test_between_copy_and_truncation_lines_are_lost_and_those_seen_counted(
    log: Log, reader: Reader
) -> None:
    before = log.write(3)
    log.copytruncate(between=lambda: log.write(1))
    after = log.write(2)
    reader.poll()
    assert reader.lines == before + after


def test_a_copy_waits_until_its_original_is_truncated(log: Log, reader: Reader) -> None:
    first = log.write(3)
    reader.poll()
    unread = log.write(2)
    shutil.copy(log.path, log.numbered(1))
    assert reader.poll() == unread
    late = log.write(1)
    assert reader.poll() == late
    os.truncate(log.path, 0)
    assert reader.poll() == []
    log.write(1)
    reader.poll()
    assert reader.lines == log.written
    assert first


def test_a_copy_of_a_log_that_is_renamed_later_is_not_read(
    log: Log, reader: Reader
) -> None:
    log.write()
    shutil.copy(log.path, log.numbered(2))
    reader.poll()
    log.path.rename(log.numbered(1))
    log.open()
    log.write()
    reader.poll()
    assert reader.lines == log.written


def test_a_log_that_is_truncated_and_then_removed_is_not_read_twice(
    log: Log, reader: Reader
) -> None:
    """The copy is made, then the log itself is rotated, all between two looks."""
    first = log.write()
    assert reader.poll() == first
    log.copytruncate()
    compress(log.numbered(1))
    second = log.write()
    log.rename_and_compress()
    assert reader.poll() == second


def test_an_archive_of_a_log_that_begins_with_nuls_is_not_read_again(
    tmp_path: Path,
) -> None:
    """A writer without O_APPEND goes on at its old place in a truncated log."""
    log = Log(tmp_path / "logs", append=False)
    reader = Reader(log.path)
    log.write(2, size=5000)
    log.copytruncate()
    log.write()
    reader.poll()
    log.rename()
    reader.poll()
    compress(log.numbered(1))
    log.write()
    reader.poll()
    assert reader.lines == log.written
    reader.kill()
    log.close()
