"""What a file name tells, and what is no log by its name or kind."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.inputs.follow.follow_scene import Log, Reader

from esa_auth.inputs.follow.names import (
    LIVE,
    FirstStamp,
    Name,
    first_stamp,
    in_log_order,
    take_apart,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mail.log", Name("mail.log", LIVE)),
        ("mail.log.1", Name("mail.log", -1, numbered=True)),
        ("mail.log.12.gz", Name("mail.log", -12, compressed=True, numbered=True)),
        ("mail.log.gz", Name("mail.log", 0, compressed=True)),
        ("mail.log-20260131", Name("mail.log", 0, "20260131")),
        ("mail.log-20260131-14.gz", Name("mail.log", 0, "20260131-14", True)),
        ("mail.log.2026-01-31", Name("mail.log", 0, "2026-01-31")),
        ("mail.log-1700000000", Name("mail.log", 0, "1700000000")),
        ("mail.current", Name("mail", LIVE)),
        ("mail.s", Name("mail", 0)),
        ("mail.@20210602T033910.current", Name("mail", LIVE, "20210602T033910")),
        ("mail.@20210602T033910.c", Name("mail", LIVE, "20210602T033910")),
        ("mail.@20210602T033910.s", Name("mail", 0, "20210602T033910")),
        ("mail_logs.@123456789.s", Name("mail_logs", 0, "123456789")),
        ("bounces.text.@20210602T033910.s.gz", None),
        ("10.0.0.1", Name("10.0.0.1", LIVE)),
        ("10.0.0.1.1", Name("10.0.0.1", -1, numbered=True)),
        (".gz", Name(".gz", LIVE)),
        ("mail-99999999", Name("mail-99999999", LIVE)),
    ],
)
def test_forms(name: str, expected: Name | None) -> None:
    if expected is None:
        expected = Name("bounces.text", 0, "20210602T033910", compressed=True)
    assert take_apart(name) == expected


@pytest.mark.parametrize(
    ("line", "stamp"),
    [
        (b"Wed Nov 19 09:16:46 2014 Info: Begin", (2014, 10, 19, 9, 16, 46)),
        (b"Fri Sep  8 05:21:31 2023 Info: x", (2023, 8, 8, 5, 21, 31)),
        (b"Tue Aug 3 16:36:29 2004 Info: x", (2004, 7, 3, 16, 36, 29)),
        (b"Jun 26 10:42:23 host mail_logs: Info: x", None),
        (b"\0\0Wed Nov 19 09:16:46 2014 Info: x", None),
        (b"Wed Xxx 19 09:16:46 2014 Info: x", None),
    ],
)
def test_the_stamp_of_the_first_line(line: bytes, stamp: FirstStamp | None) -> None:
    assert first_stamp(line) == stamp


@dataclass
class File:
    """A file as far as its age goes."""

    path: str
    rank: int = 0
    name_stamp: str = ""
    first_stamp: FirstStamp | None = None
    modified: int = 0
    size: int = 1


@pytest.mark.parametrize(
    "files",
    [
        # The first lines decide, whatever names and times say.
        [
            File("c", LIVE, "3", (2021, 1), 9),
            File("b", -9, "2", (2021, 2), 5),
            File("a", -1, "1", (2021, 3), 1),
        ],
        # One file without a stamp in its first line: the names decide.
        [
            File("c", 0, "20210101", (2021, 9), 9),
            File("b", 0, "20210102", None, 5),
            File("a", LIVE, "", (2021, 1), 1),
        ],
        [File("c", -3, modified=9), File("b", -2), File("a", LIVE, modified=1)],
        # Names of several kinds: the times decide, but what is written is last.
        [
            File("c", -1, modified=1),
            File("b", 0, "20210101", modified=2),
            File("a", LIVE, modified=1),
        ],
        [File("b", -1, modified=1), File("a", -2, size=0)],
    ],
)
def test_the_oldest_comes_first(files: list[File]) -> None:
    filled, empty = in_log_order(files[::-1])
    assert filled + empty == files


class Growing(File):
    """A log that was just truncated, and is written to whenever it is asked."""

    @property
    def size(self) -> int:
        size = self._asked
        self._asked += 100
        return size

    @size.setter
    def size(self, value: int) -> None:
        self._asked = value


def test_what_is_written_to_meanwhile_is_not_the_oldest() -> None:
    older = File("a", 0, "20210101", (2021, 1))
    log = Growing("b", LIVE, size=0)
    assert in_log_order([log, older]) == ([older], [log])


def test_what_is_no_log_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    for name in (".hidden", "mail.log.1.xz", "mail.log~"):
        (tmp_path / name).write_bytes(b"not this\n")
    (tmp_path / "mail.log").write_bytes(b"this\n")
    os.link(tmp_path / "mail.log", tmp_path / "same.log")
    reader = Reader(tmp_path, tmp_path / "mail.log", str(tmp_path / "m[ab]il*"))
    assert reader.poll() == [b"this"]
    reader.kill()


def test_files_named_by_address_are_logs_of_their_own(tmp_path: Path) -> None:
    logs = [Log(tmp_path, f"10.0.0.{number}") for number in (1, 2)]
    logs += [Log(tmp_path, f"server.{number}") for number in (1, 2)]
    reader = Reader(tmp_path)
    for log in logs:
        log.raw(b"ha")
    reader.poll()
    for log in logs:
        log.raw(b"lf\n")
    assert reader.poll() == [b"half"] * 4
    reader.kill()
    for log in logs:
        log.close()
