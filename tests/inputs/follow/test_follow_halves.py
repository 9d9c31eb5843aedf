"""Three lines, written up to every byte, then read, restarted or rotated."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.inputs.follow.follow_scene import Log, Reader

from esa_auth.inputs.follow import Follower

LINES = [b"one \r", b"", b"three\0\xff"]
TEXT = b"".join(line + b"\n" for line in LINES)
SPLITS = range(len(TEXT) + 1)


def rename_before_the_rest(log: Log) -> None:
    """The writer goes on in the old file, though the new one is there."""
    log.path.rename(log.numbered(1))
    log.path.touch()


def nothing(_: object) -> None:
    pass


BETWEEN: dict[str, tuple[Callable[[Log], None], Callable[[Reader], None]]] = {
    "poll": (nothing, nothing),
    "restart": (nothing, Reader.restart),
    "rotate": (rename_before_the_rest, nothing),
    "rotate and restart": (rename_before_the_rest, Reader.restart),
}


@pytest.mark.parametrize("between", BETWEEN)
@pytest.mark.parametrize("split", SPLITS)
def test_a_line_comes_once_and_whole(
    log: Log, reader: Reader, split: int, between: str
) -> None:
    rotate, restart = BETWEEN[between]
    log.raw(TEXT[:split])
    reader.poll()
    assert reader.lines == LINES[: TEXT[:split].count(b"\n")]
    rotate(log)
    restart(reader)
    reader.poll()
    log.raw(TEXT[split:])
    reader.poll()
    assert reader.lines == LINES
    log.open()
    log.raw(b"next\n")
    assert reader.poll() == [b"next"]


@pytest.mark.parametrize("split", SPLITS)
def test_the_saved_offset_is_the_end_of_a_complete_line(
    log: Log, reader: Reader, split: int
) -> None:
    log.raw(TEXT[:split])
    reader.poll()
    (file,) = reader.follower.positions()["files"]
    assert file["offset"] == TEXT[:split].rfind(b"\n") + 1


@pytest.mark.parametrize("restart", [nothing, Reader.restart])
@pytest.mark.parametrize("split", SPLITS)
def test_a_last_line_without_newline_comes_when_the_next_file_is_begun(
    log: Log, reader: Reader, split: int, restart: Callable[[Reader], None]
) -> None:
    *complete, half = TEXT[:split].split(b"\n")
    log.raw(TEXT[:split])
    reader.poll()
    log.rename()
    reader.poll()
    restart(reader)
    reader.poll()
    assert reader.lines == complete
    log.raw(b"next\n")
    reader.poll()
    restart(reader)
    assert reader.poll() == []
    assert reader.lines == [*complete, *([half] if half else []), b"next"]


def test_read_byte_by_byte_it_is_the_same(tmp_path: Path) -> None:
    log = Log(tmp_path)
    reader = Reader(log.path, max_bytes=1)
    log.raw(TEXT)
    try:
        reader.poll()
        assert reader.lines == LINES
    finally:
        log.close()
        reader.kill()


def test_positions_are_good_after_every_byte_read(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.raw(TEXT)
    lines: list[bytes] = []
    positions = None
    for _ in range(3 * len(TEXT)):
        # Each run reads at most a line before it is killed; the saved is what counts.
        follower = Follower([str(log.path)], positions, max_bytes=10)
        lines += [line for chunk in follower.poll() for line in chunk.lines]
        positions = json.loads(json.dumps(follower.positions()))
        follower.close()
    log.close()
    assert lines == LINES


def test_a_half_line_comes_before_the_next_file_though_few_bytes_are_read(
    tmp_path: Path,
) -> None:
    log = Log(tmp_path)
    reader = Reader(log.path, max_bytes=5)
    log.raw(b"half a line")
    log.rename()
    assert reader.follower.poll() == []
    log.raw(b"next\n")
    assert reader.poll() == [b"half a line", b"next"]
    reader.kill()
    log.close()


def test_a_file_is_opened_only_after_a_look(tmp_path: Path) -> None:
    log = Log(tmp_path)
    reader = Reader(log.path, max_bytes=5)
    log.write(1)
    log.rename_and_compress()
    reader.follower.poll()
    log.delete()
    log.raw(b"half a line")
    log.rename()
    log.raw(b"next\n")
    reader.poll()
    # Some file systems give the inode of the deleted file to the last one.
    assert reader.lines == [log.written[0], b"half a line", b"next"]
    reader.kill()
    log.close()
