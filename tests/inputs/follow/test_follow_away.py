"""A directory that is away for a while, as a file system that is not mounted yet."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.inputs.follow.follow_scene import Log, Reader


class Mount:
    """A directory whose content can be taken away and brought back."""

    def __init__(self, path: Path) -> None:
        self.path, self._elsewhere = path, path.with_name("elsewhere")
        path.mkdir()

    def go(self) -> None:
        self.path.rename(self._elsewhere)

    def empty(self) -> None:
        """As a mount point is before the mount."""
        self.go()
        self.path.mkdir()

    def come(self) -> None:
        if self.path.exists():
            self.path.rmdir()
        self._elsewhere.rename(self.path)


GOING: dict[str, Callable[[Mount], None]] = {"gone": Mount.go, "empty": Mount.empty}


@pytest.fixture
def mount(tmp_path: Path) -> Mount:
    return Mount(tmp_path / "logs")


def filled(mount: Mount, count: int) -> list[Path]:
    paths = [mount.path / f"{number:03}.log" for number in range(count)]
    for path in paths:
        path.write_bytes(f"first of {path.name}\nsecond\n".encode())
    return paths


def append(paths: list[Path]) -> list[bytes]:
    for path in paths:
        with path.open("ab") as file:
            file.write(f"third of {path.name}\n".encode())
    return sorted(f"third of {path.name}".encode() for path in paths)


def pass_time(reader: Reader, polls: int, seconds: float) -> None:
    for _ in range(polls):
        reader.clock.now += seconds
        assert reader.poll() == []


@pytest.mark.parametrize("going", GOING)
@pytest.mark.parametrize("count", [1, 100])
@pytest.mark.parametrize(("polls", "seconds"), [(1, 0.5), (5, 10.0), (5, 4000.0)])
def test_what_comes_back_goes_on(
    mount: Mount, going: str, count: int, polls: int, seconds: float
) -> None:
    paths = filled(mount, count)
    reader = Reader(mount.path)
    assert len(reader.poll()) == 2 * count
    GOING[going](mount)
    pass_time(reader, polls, seconds)
    mount.come()
    assert reader.poll() == []
    assert sorted(append(paths)) == sorted(reader.poll())
    reader.kill()


@pytest.mark.parametrize("going", GOING)
@pytest.mark.parametrize("count", [1, 100])
def test_what_is_away_at_the_start_goes_on_when_it_comes(
    mount: Mount, going: str, count: int
) -> None:
    paths = filled(mount, count)
    reader = Reader(mount.path, str(mount.path / "*.log"))
    reader.poll()
    reader.stop()
    new = append(paths)
    GOING[going](mount)
    for _ in range(3):
        reader.start()
        pass_time(reader, 4, 4000.0)
        reader.stop()
    reader.start()
    mount.come()
    assert sorted(reader.poll()) == new
    reader.kill()


def test_what_was_rotated_meanwhile_is_found(mount: Mount) -> None:
    log = Log(mount.path)
    log.write()
    reader = Reader(log.path)
    reader.poll()
    mount.go()
    pass_time(reader, 3, 10.0)
    mount.come()
    log.write()
    log.rename_and_compress()
    log.write()
    reader.poll()
    assert reader.lines == log.written
    reader.kill()
    log.close()


def test_another_file_of_that_name_is_read(mount: Mount) -> None:
    paths = filled(mount, 3)
    reader = Reader(mount.path)
    reader.poll()
    mount.go()
    pass_time(reader, 3, 10.0)
    mount.path.mkdir()
    for path in paths:
        path.write_bytes(b"begun again\n")
    assert reader.poll() == [b"begun again"] * 3
    reader.kill()
    shutil.rmtree(mount.path)
