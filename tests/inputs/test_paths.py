"""What the command line names: files, folders, patterns, and a copy of stdin."""

import io
import os
import stat
import sys
from pathlib import Path

import pytest

from esa_auth.errors import ConfigError
from esa_auth.inputs.paths import expand, spooled


def nothing(_: str) -> bool:
    return False


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Return a folder with logs, and with what is none."""
    for name in ("b/mail.2", "b/mail.1", "a/mail.3", "mail.4", ".hidden", ".git/x"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def below(folder: Path, paths: list[str]) -> list[str]:
    return [os.path.relpath(path, folder) for path in paths]


def test_a_folder_is_all_files_below_it_in_order(logs: Path) -> None:
    found = below(logs, expand([str(logs)], nothing))
    assert found == ["mail.4", "a/mail.3", "b/mail.1", "b/mail.2"]


def test_names_and_patterns_are_taken_as_they_come(logs: Path) -> None:
    named = [str(logs / "mail.4"), str(logs / "b" / "mail.*"), str(logs / ".hidden")]
    found = below(logs, expand(named, nothing))
    assert found == ["mail.4", "b/mail.1", "b/mail.2", ".hidden"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(logs: Path) -> None:
    (logs / "mail.[4]").write_bytes(b"")
    found = expand([str(logs / "mail.[4]")], nothing)
    assert below(logs, found) == ["mail.[4]"]


@pytest.mark.parametrize(
    ("name", "why"),
    [("gone", "no such file"), ("b/*.gz", "no such file"), ("pipe", "not a regular")],
)
def test_a_name_that_means_nothing_is_refused(logs: Path, name: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        expand([str(logs / "mail.4"), str(logs / name)], nothing)


def test_what_we_write_is_passed_over_in_a_folder_and_refused_by_name(
    logs: Path,
) -> None:
    def ours(path: str) -> bool:
        return path.endswith("mail.1")

    assert below(logs, expand([str(logs / "b")], ours)) == ["b/mail.2"]
    for name in ("b/mail.1", "b/*"):
        with pytest.raises(ConfigError, match=r"mail\.1: is read and would be written"):
            expand([str(logs / name)], ours)


def test_stdin_is_copied_once_for_its_owner_and_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"one\ntwo\n")))
    with spooled(["a", "-", "-"]) as names:
        first, copy, again = names
        assert (first, again) == ("a", copy)
        assert Path(copy).read_bytes() == b"one\ntwo\n"
        assert stat.S_IMODE(Path(copy).parent.stat().st_mode) == 0o700
    assert not Path(copy).parent.exists()


def test_without_stdin_nothing_is_read_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with spooled(("a", "b")) as names:
        assert names == ["a", "b"]
