"""Files that say nothing about themselves: of NULs only, or no file at all."""

import os
import threading
from pathlib import Path

import pytest
from tests.inputs.follow.follow_scene import Log, Reader

from esa_auth.inputs.follow import Follower
from esa_auth.inputs.follow.source import open_source


def test_a_file_of_nuls_is_no_heir_of_another(tmp_path: Path) -> None:
    """A crash leaves NULs where the file system had only made room."""
    log = Log(tmp_path / "logs")
    # Rotated before the first start: it is left alone, and so would be its heir.
    rotated = log.folder / "mail.log.1"
    rotated.write_bytes(bytes(9000))
    log.write()
    reader = Reader(log.path)
    reader.poll()
    # Its inode is still in use, so that the next file has another.
    rotated.rename(tmp_path / "away")
    rotated.write_bytes(bytes(9000) + b"first\n")
    assert reader.poll() == [b"first"]
    reader.kill()
    log.close()


def test_a_fifo_that_has_taken_the_name_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "mail.log"
    path.touch()
    status = path.stat()
    path.unlink()
    os.mkfifo(path)
    refused = threading.Event()

    def look() -> None:
        with pytest.raises(FileNotFoundError):
            open_source(str(path), (status.st_dev, status.st_ino), compressed=False)
        refused.set()

    thread = threading.Thread(target=look)
    thread.start()
    at_once = refused.wait(30)
    # Lets go of an `open` that waits.
    os.close(os.open(path, os.O_RDWR))
    thread.join()
    assert at_once


def test_an_empty_file_belongs_to_the_log_whose_name_it_has(tmp_path: Path) -> None:
    """Its inode alone says nothing: the system gives it to the next file."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    path = tmp_path / "a" / "mail.log"
    path.touch()
    follower = Follower([str(tmp_path / "{appliance}" / "mail.log")])
    assert follower.poll() == []
    path = path.rename(tmp_path / "b" / "mail.log")
    path.write_bytes(b"b\n")
    chunks = [chunk for _ in range(20) for chunk in follower.poll()]
    assert [chunk.lines for chunk in chunks] == [[b"b"]]
    assert [follower.appliances[chunk.log] for chunk in chunks] == ["b"]
    follower.close()
