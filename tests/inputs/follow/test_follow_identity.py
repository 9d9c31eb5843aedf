"""Which file is which: by device, inode and content, never by one of them alone."""

import gzip
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.inputs.follow.follow_scene import Log, Reader, compress

HEADER = (
    b"Wed Nov 19 09:16:46 2014 Info: Begin Logfile\n"
    b"Wed Nov 19 09:16:46 2014 Info: Version: 14.0.0-698 SN: 421F6D8F-C9AEA81B\n"
    b"Wed Nov 19 09:16:46 2014 Info: Time offset from UTC: 0 seconds\n"
)


@pytest.fixture
def restarted_with(
    log: Log, reader: Reader
) -> Callable[[Callable[[], object]], list[bytes]]:
    """Read all, stop, do something, start again; return what is read then."""

    def run(meanwhile: Callable[[], object]) -> list[bytes]:
        reader.poll()
        reader.stop()
        meanwhile()
        reader.start()
        return reader.poll()

    return run


Restarted = Callable[[Callable[[], object]], list[bytes]]


def reuse_inode(log: Log, content: bytes) -> None:
    """Put another file in the place of the log, with its inode."""
    inode = log.path.stat().st_ino
    log.path.write_bytes(content)
    assert log.path.stat().st_ino == inode


def test_small_and_identical_files_are_both_read(tmp_path: Path) -> None:
    for name in ("mail.current", "authentication.current"):
        (tmp_path / name).write_bytes(HEADER)
    reader = Reader(tmp_path)
    reader.poll()
    reader.restart()
    assert reader.poll() == []
    reader.kill()
    assert reader.lines == HEADER.splitlines() * 2


def test_files_with_the_same_header_go_on_each_from_its_own_place(
    tmp_path: Path,
) -> None:
    names = ("mail.current", "authentication.current")
    for name in names:
        (tmp_path / name).write_bytes(HEADER)
    reader = Reader(tmp_path)
    reader.poll()
    reader.stop()
    for name in names:
        with (tmp_path / name).open("ab") as file:
            file.write(name.encode() + b"\n")
    reader.start()
    assert sorted(reader.poll()) == sorted(name.encode() for name in names)
    reader.kill()


@pytest.mark.parametrize("content", [b"x\n", b"y" * 500 + b"\n"])
def test_a_reused_inode_is_a_new_file(
    log: Log, reader: Reader, restarted_with: Restarted, content: bytes
) -> None:
    log.write()
    assert restarted_with(lambda: reuse_inode(log, content)) == [content[:-1]]
    assert reader.follower.counters.truncations == 1


def test_a_reused_inode_under_another_name_is_a_new_file(
    log: Log, reader: Reader, restarted_with: Restarted
) -> None:
    log.write()

    def reuse() -> None:
        reuse_inode(log, b"other\n")
        log.path.rename(log.numbered(1))
        log.open()

    assert restarted_with(reuse) == [b"other"]
    assert reader.follower.counters.truncations == 0


def test_the_same_head_with_another_tail_is_a_new_file(
    log: Log, reader: Reader, restarted_with: Restarted
) -> None:
    head = b"h" * 5000 + b"\n"
    log.raw(head + b"one\n")
    assert restarted_with(lambda: reuse_inode(log, head + b"two\n")) == [
        head[:-1],
        b"two",
    ]


def test_the_head_is_known_by_more_than_a_kibibyte(
    log: Log, reader: Reader, restarted_with: Restarted
) -> None:
    same = b"s" * 1500 + b"\n"
    log.raw(same + b"one\n" + b"z" * 5000 + b"\n")
    reader.poll()
    (file,) = reader.follower.positions()["files"]
    assert file["head"][0] == 4096
    again = restarted_with(
        lambda: reuse_inode(log, same + b"two\n" + b"z" * 5000 + b"\nlast\n")
    )
    assert again[1] == b"two"


def test_a_fingerprint_grows_with_the_file(log: Log, reader: Reader) -> None:
    lengths = []
    for size in (10, 1000, 3000, 3000):
        log.raw(b"x" * (size - 1) + b"\n")
        reader.poll()
        lengths.append(reader.follower.positions()["files"][0]["head"][0])
    assert lengths == [10, 1010, 4010, 4096]


def test_another_device_number_is_the_same_file(
    log: Log, reader: Reader, restarted_with: Restarted
) -> None:
    log.write()

    def renumber() -> None:
        assert reader.saved is not None
        positions = json.loads(reader.saved)
        positions["files"][0]["device"] += 1
        reader.saved = json.dumps(positions)
        log.write(1)

    assert restarted_with(renumber) == log.written[-1:]


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


def test_an_archive_with_the_inode_of_an_older_one_is_another_file(
    log: Log, reader: Reader
) -> None:
    """Rotated, compressed and the oldest deleted, twice between two looks."""
    archive = Path(f"{log.numbered(1)}.gz")
    first = log.write()
    log.rename_and_compress()
    assert reader.poll() == first
    second = log.write()
    # What a file system does that gives the inode of a deleted file to the next one.
    archive.write_bytes(gzip.compress(log.path.read_bytes()))
    log.delete()
    assert reader.poll() == second


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


def test_an_archive_with_the_inode_of_an_older_copy_inherits_nothing_of_it(
    log: Log,
) -> None:
    """While there is more to read than one call may, no look is taken between."""
    reader = Reader(log.path, max_bytes=17)
    archive = Path(f"{log.numbered(1)}.gz")
    first, second = (
        b"a line without its end, longer than the next",
        b"another one, short",
    )
    log.raw(first)
    reader.poll()
    log.rename_and_compress()
    log.raw(second)
    lines = [line for chunk in reader.follower.poll() for line in chunk.lines]
    reader.clock.now += 10.0
    archive.write_bytes(gzip.compress(second))
    log.delete()
    log.write()
    lines += reader.poll()
    assert lines == [first, second, *log.written]
    reader.kill()


def test_an_archive_of_what_was_read_is_not_read_again(
    log: Log, reader: Reader
) -> None:
    log.write(500)
    reader.poll()
    log.rename_and_compress()
    log.write(1)
    reader.poll()
    for _ in range(3):
        reader.restart()
        assert reader.poll() == []
    assert reader.lines == log.written


def test_of_an_archive_of_what_was_read_in_part_the_rest_is_read(
    log: Log, restarted_with: Restarted, reader: Reader
) -> None:
    log.write(500)
    reader.poll()

    def more() -> None:
        log.write(500)
        log.rename_and_compress()
        log.write(1)

    restarted_with(more)
    assert reader.lines == log.written
    reader.restart()
    assert reader.poll() == []


def test_an_archive_in_the_making_is_not_read(log: Log, reader: Reader) -> None:
    log.write(500)
    log.rename()
    log.write(1)
    whole = gzip.compress(log.numbered(1).read_bytes())
    archive = Path(f"{log.numbered(1)}.gz")
    for length in (0, 5, len(whole) // 2, len(whole)):
        archive.write_bytes(whole[:length])
        reader.poll()
        reader.restart()
    log.numbered(1).unlink()
    reader.poll()
    assert reader.lines == log.written
    assert reader.follower.counters.errors == 0


def test_an_archive_of_several_members_is_read_to_its_end(
    log: Log, restarted_with: Restarted, reader: Reader
) -> None:
    log.write(2)

    def append() -> None:
        parts = [log.path.read_bytes(), b"more\n", b"and more\n"]
        log.path.unlink()
        archive = Path(f"{log.numbered(1)}.gz")
        archive.write_bytes(b"".join(map(gzip.compress, parts)))
        log.open()

    assert restarted_with(append) == [b"more", b"and more"]


def test_a_torn_archive_is_read_as_far_as_it_goes_and_then_on(
    log: Log, reader: Reader
) -> None:
    log.write(2000, size=50)
    whole = gzip.compress(log.path.read_bytes())
    archive = Path(f"{log.numbered(1)}.gz")
    reader.stop()
    log.path.unlink()
    archive.write_bytes(whole[: len(whole) // 2])
    reader.start()
    reader.poll()
    got = len(reader.lines)
    assert 0 < got < 2000
    assert reader.follower.counters.errors == 1
    reader.poll()
    assert reader.follower.counters.errors == 1
    archive.write_bytes(whole)
    reader.poll()
    assert reader.lines == log.written


def test_an_archive_that_is_none_is_counted_once(log: Log, reader: Reader) -> None:
    Path(f"{log.numbered(1)}.gz").write_bytes(b"no archive at all")
    log.write()
    assert reader.poll() == log.written
    assert reader.follower.counters.errors >= 1


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
