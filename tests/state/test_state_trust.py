"""A state directory or file that somebody else can have made is refused."""

import os
import stat
from pathlib import Path

import pytest

from esa_auth.errors import ConfigError, TemporaryError
from esa_auth.state import StateDirectory

FILES = ("lock", "checkpoint.a", "checkpoint.b")


def use(path: Path) -> None:
    with StateDirectory.open(path) as state:
        state.load()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with StateDirectory.open(tmp_path / "state") as state:
        state.save(b"one")
        state.save(b"two")
    return tmp_path / "state"


def test_nobody_else_can_look_into_it(path: Path) -> None:
    assert mode(path) == 0o700
    assert {mode(file) for file in path.iterdir()} == {0o600}
    assert {file.name for file in path.iterdir()} == set(FILES)


@pytest.mark.parametrize("bits", [0o720, 0o702, 0o777])
def test_a_directory_that_others_may_write_to_is_refused(path: Path, bits: int) -> None:
    path.chmod(bits)
    with pytest.raises(ConfigError, match=f"writable by others .mode {bits:04o}"):
        use(path)


def test_a_directory_that_others_may_read_is_allowed(path: Path) -> None:
    path.chmod(0o755)
    use(path)


def test_a_linked_directory_is_refused(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(path)
    with pytest.raises(ConfigError, match="symbolic link"):
        use(link)
    with pytest.raises(ConfigError, match="symbolic link"):
        StateDirectory.open(f"{link}/")


def test_a_directory_below_a_linked_one_is_allowed(path: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    use(tmp_path / "link" / "state")


def test_no_directory_and_no_parent_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="not a directory"):
        use(tmp_path / "file")
    with pytest.raises(ConfigError, match="No such file"):
        use(tmp_path / "missing" / "state")


@pytest.mark.parametrize("name", FILES)
def test_a_linked_file_is_refused_and_its_target_left_alone(
    path: Path, tmp_path: Path, name: str
) -> None:
    target = tmp_path / "target"
    (path / name).rename(target)
    before = target.read_bytes()
    (path / name).symlink_to(target)
    with pytest.raises(ConfigError, match=f"{name}: is a symbolic link"):
        use(path)
    assert target.read_bytes() == before


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_others_may_write_to_is_refused(path: Path, name: str) -> None:
    (path / name).chmod(0o620)
    with pytest.raises(ConfigError, match=f"{name}: writable by others"):
        use(path)


@pytest.mark.parametrize("name", FILES)
def test_a_fifo_or_directory_is_refused_without_waiting(path: Path, name: str) -> None:
    (path / name).unlink()
    os.mkfifo(path / name, 0o600)
    with pytest.raises(ConfigError, match="not a regular file"):
        use(path)
    (path / name).unlink()
    (path / name).mkdir()
    with pytest.raises(ConfigError, match=name):
        use(path)


def test_what_belongs_to_another_user_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    with pytest.raises(ConfigError, match=f"belongs to user {own}, not to {own + 1}"):
        use(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_user_is_refused(path: Path, name: str) -> None:
    os.chown(path / name, 65534, -1)
    with pytest.raises(ConfigError, match="belongs to user 65534"):
        use(path)


def test_too_many_open_files_is_temporary(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def failing(name: str, flags: int, mode: int = 0o777, **more: int) -> int:
        if name == "lock":
            raise OSError(24, "Too many open files")
        return opened(name, flags, mode, **more)

    monkeypatch.setattr(os, "open", failing)
    with pytest.raises(TemporaryError, match="Too many open files"):
        use(path)
