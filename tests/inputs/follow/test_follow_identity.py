"""Which file is which: by device, inode and content, never by one of them alone."""

import json
from pathlib import Path

import pytest
from tests.inputs.follow.follow_scene import Log, Reader, Restarted

HEADER = (
    b"Wed Nov 19 09:16:46 2014 Info: Begin Logfile\n"
    b"Wed Nov 19 09:16:46 2014 Info: Version: 14.0.0-698 SN: 421F6D8F-C9AEA81B\n"
    b"Wed Nov 19 09:16:46 2014 Info: Time offset from UTC: 0 seconds\n"
)


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
