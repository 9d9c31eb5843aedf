"""Compressed files: what was read before is not read again, the rest is, once."""

import gzip
from pathlib import Path

from tests.inputs.follow.follow_scene import Log, Reader, Restarted


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


def test_an_archive_that_stays_torn_holds_up_nothing(log: Log, reader: Reader) -> None:
    """As a full disk leaves one: what is behind it was once waited for for ever."""
    log.write()
    reader.poll()
    log.rename()
    log.write()
    whole = gzip.compress(b"".join(b"old %d\n" % n for n in range(1000)))
    Path(f"{log.numbered(5)}.gz").write_bytes(whole[: len(whole) // 2])
    for _ in range(4):
        reader.clock.now += 60.0
        reader.poll()
        log.write()
    reader.poll()
    assert [line for line in reader.lines if b"old" not in line] == log.written
    assert not reader.follower.behind


def test_an_archive_that_is_none_is_counted_once(log: Log, reader: Reader) -> None:
    Path(f"{log.numbered(1)}.gz").write_bytes(b"no archive at all")
    log.write()
    assert reader.poll() == log.written
    assert reader.follower.counters.errors >= 1
