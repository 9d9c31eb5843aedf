"""Files that are written: our own, no link, and no device replaced."""

import errno
import os
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from esa_auth.outputs.own_file import check_replaceable, open_new, open_own

APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND


def refusal(act: Callable[[], object]) -> tuple[int | None, str | None]:
    """Return number and text of the error that ``act`` ends with."""
    with pytest.raises(OSError) as refused:  # noqa: PT011 - the caller looks at it
        act()
    return refused.value.errno, refused.value.strerror


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    for name, descriptor in (
        ("own", open_own(str(tmp_path / "own"), APPEND)),
        ("new", open_new(str(tmp_path / "new"))),
    ):
        assert not os.get_inheritable(descriptor)
        os.write(descriptor, b"x")
        os.close(descriptor)
        assert mode_of(tmp_path / name) == 0o600
    os.close(open_own(str(tmp_path / "read"), APPEND, 0o640))
    assert mode_of(tmp_path / "read") == 0o640


def test_our_own_file_is_opened_again_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_bytes(b"before ")
    descriptor = open_own(str(path), APPEND)
    os.write(descriptor, b"after")
    os.close(descriptor)
    assert path.read_bytes() == b"before after"


def test_a_file_of_the_administrator_is_written_to_and_one_of_others_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events"
    path.write_bytes(b"")
    owner = path.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 7)
    if owner == 0:
        os.close(open_own(str(path), APPEND))
        os.chown(path, 5, -1)
        owner = 5
    number, why = refusal(lambda: open_own(str(path), APPEND))
    assert number == errno.EPERM
    assert why == f"belongs to user {owner}, not to {os.geteuid()}"


def test_a_pipe_may_be_anybodys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    if os.geteuid() == 0:
        os.chown(path, 5, -1)
    monkeypatch.setattr(os, "geteuid", lambda: 7)
    os.close(open_own(str(path), os.O_RDWR))


def test_a_link_is_not_followed_and_a_loop_of_folders_is_no_link(
    tmp_path: Path,
) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"precious")
    link.symlink_to(target)
    said = refusal(lambda: open_own(str(link), APPEND))
    assert said == (errno.ELOOP, "is a symbolic link")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    inside = str(tmp_path / "loop" / "events")
    number, why = refusal(lambda: open_own(inside, APPEND))
    assert number == errno.ELOOP
    assert why != "is a symbolic link"


def test_what_has_the_name_of_a_new_file_goes(tmp_path: Path) -> None:
    target, path = tmp_path / "target", tmp_path / "new"
    target.write_bytes(b"precious")
    path.symlink_to(target)
    os.close(open_new(str(path)))
    assert target.read_bytes() == b"precious"
    assert not path.is_symlink()
    path.write_bytes(b"rest of a run that was killed")
    os.close(open_new(str(path)))
    assert path.read_bytes() == b""


def test_who_is_quicker_with_the_name_of_a_new_file_gets_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "new"
    monkeypatch.setattr(os, "unlink", lambda _: None)
    path.write_bytes(b"his")
    assert refusal(lambda: open_new(str(path)))[0] == errno.EEXIST


def test_only_a_file_or_nothing_is_replaced(tmp_path: Path) -> None:
    plain, link = tmp_path / "plain", tmp_path / "link"
    check_replaceable(str(plain))
    plain.write_bytes(b"")
    check_replaceable(str(plain))
    link.symlink_to(plain)
    said = refusal(lambda: check_replaceable(str(link)))
    assert said == (errno.ELOOP, "is a symbolic link")
    for path in ("/dev/null", str(tmp_path)):
        said = refusal(partial(check_replaceable, path))
        assert said == (errno.EINVAL, "not a regular file")
