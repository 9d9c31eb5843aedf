"""A dead letter is never lost, whatever becomes of its file."""

import json
import multiprocessing
import os
import stat
from pathlib import Path

import pytest
from tests.support.rotated_files import family, letter, numbers

from esa_auth.errors import ConfigError
from esa_auth.outputs.dead_letters import DeadLetters


def test_full_files_are_kept_under_older_names_in_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "dead"
    letters = DeadLetters(str(path), max_bytes=1000, keep=50)
    for start in range(0, 60, 6):
        letters.write([letter(n) for n in range(start, start + 6)])
    files = family(path, 50)
    assert numbers(*files) == list(range(60))
    assert len(files) > 5
    assert all(600 < p.stat().st_size <= 1000 for p in files[:-1])
    assert {stat.S_IMODE(p.stat().st_mode) for p in files} == {0o600}


def test_only_the_oldest_of_the_files_kept_is_deleted_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "dead"
    letters = DeadLetters(str(path), max_bytes=300, keep=3)
    letters.write([letter(n) for n in range(6)])
    assert caplog.messages == []
    letters.write([letter(n) for n in range(6, 8)])
    assert numbers(*family(path, 9)) == list(range(2, 8))
    assert caplog.messages == [f"{path}.2: deleted, the letters in it are gone"]


def test_a_letter_larger_than_a_file_has_one_for_itself(tmp_path: Path) -> None:
    path = tmp_path / "dead"
    letters = DeadLetters(str(path), max_bytes=500, keep=9)
    letters.write([letter(0), letter(1, 5000), letter(2)])
    assert [numbers(p) for p in family(path, 9)] == [[0], [1], [2]]


def test_the_last_file_kept_alone_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "dead"
    DeadLetters(str(path), max_bytes=300, keep=1).write([letter(n) for n in range(3)])
    assert [p.name for p in tmp_path.iterdir()] == ["dead"]
    assert numbers(path) == [2]


def test_a_file_that_somebody_rotates_away_is_left_to_him(tmp_path: Path) -> None:
    path, away = tmp_path / "dead", tmp_path / "archive"
    letters = DeadLetters(str(path))
    letters.write([letter(0)])
    path.rename(away)
    letters.write([letter(1)])
    path.unlink()
    letters.write([letter(2)])
    assert numbers(away) == [0]
    assert numbers(path) == [2]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_somebody_truncates_begins_at_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "dead"
    letters = DeadLetters(str(path))
    letters.write([letter(0)])
    os.truncate(path, 0)
    letters.write([letter(1)])
    assert numbers(path) == [1]


def test_half_a_line_of_a_crash_is_closed_before_the_next_letter(
    tmp_path: Path,
) -> None:
    path = tmp_path / "dead"
    path.write_bytes(b'{"number": 0}\n{"numb')
    DeadLetters(str(path)).write([letter(1)])
    first, half, last = path.read_bytes().splitlines()
    assert (first, half) == (b'{"number": 0}', b'{"numb')
    assert json.loads(last)["number"] == 1


@pytest.mark.parametrize("name", ["dead", "dead.1"])
def test_no_symbolic_link_is_followed(tmp_path: Path, name: str) -> None:
    target = tmp_path / "target"
    target.write_text("theirs")
    (tmp_path / name).symlink_to(target)
    path = tmp_path / "dead"
    if name == "dead":
        with pytest.raises(ConfigError, match="symbolic link"):
            DeadLetters(str(path))
    else:
        letters = DeadLetters(str(path), max_bytes=300, keep=2)
        letters.write([letter(n) for n in range(3)])
    assert target.read_text() == "theirs"


def test_a_link_put_in_its_place_while_running_is_waited_out(tmp_path: Path) -> None:
    path, target = tmp_path / "dead", tmp_path / "target"
    target.write_text("theirs")
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            path.unlink()

    letters = DeadLetters(str(path), sleep=sleep)
    path.unlink()
    path.symlink_to(target)
    letters.write([letter(0)])
    assert len(pauses) == 3
    assert numbers(path) == [0]
    assert target.read_text() == "theirs"


@pytest.mark.parametrize("where", ["no/dead", "."])
def test_what_waiting_would_not_mend_is_a_wrong_configuration(
    tmp_path: Path, where: str
) -> None:
    with pytest.raises(ConfigError, match=r"dead_letter\.file"):
        DeadLetters(str(tmp_path / where))


def test_without_a_file_letters_are_on_stderr(
    capfd: pytest.CaptureFixture[str],
) -> None:
    DeadLetters(None).write([letter(0), letter(1)])
    lines = capfd.readouterr().err.splitlines()
    assert [json.loads(line)["number"] for line in lines] == [0, 1]


@pytest.mark.parametrize("most", [1, 7, 4096])
def test_a_stderr_that_takes_a_part_at_a_time_gets_each_byte_once(
    most: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    write = os.write

    def partly(descriptor: int, data: memoryview) -> int:
        return write(descriptor, data[:most])

    monkeypatch.setattr(os, "write", partly)
    DeadLetters(None).write([letter(0), letter(1)])
    lines = capfd.readouterr().err.splitlines()
    assert [json.loads(line)["number"] for line in lines] == [0, 1]


def _write(path: str, start: int) -> None:
    letters = DeadLetters(path, max_bytes=2000, keep=500)
    for number in range(start, start + 300):
        letters.write([letter(number)])


def test_two_processes_that_rotate_one_file_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "dead"
    spawn = multiprocessing.get_context("fork")
    both = [spawn.Process(target=_write, args=(str(path), s)) for s in (0, 1000)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    found = numbers(*family(path, 500))
    assert sorted(found) == [*range(300), *range(1000, 1300)]
