"""``{appliance}`` in a pattern, and which patterns name a file."""

from pathlib import Path

import pytest
from tests.inputs.follow.follow_scene import Log, Reader

from esa_auth.inputs.follow.placeholder import appliance_in, widened


@pytest.mark.parametrize(
    ("pattern", "path", "name"),
    [
        ("/esa/{appliance}/mail_logs", "/esa/esa01/mail_logs", "esa01"),
        ("/esa/{appliance}/mail_logs*", "/esa/192.0.2.1/mail_logs.@2.s", "192.0.2.1"),
        ("/esa/{appliance}", "/esa/esa01/mail_logs", "esa01"),
        ("/esa/{appliance}/", "/esa/esa01/mail_logs", "esa01"),
        ("/esa/{appliance}.log", "/esa/gw.example.com.log", "gw.example.com"),
        ("/esa/mail-{appliance}-[0-9][0-9]", "/esa/mail-a-b-07", "a-b"),
        ("/**/{appliance}/*.log", "/x/y/esa01/a.log", "esa01"),
        ("/e*/{appliance}/[!g]*", "/esa/esa01/mail_logs", "esa01"),
        ("/e*/{appliance}/[!g]*", "/esa/esa01/gui_logs", None),
        ("/{appliance}/{appliance}.log", "/a/a.log", "a"),
        ("/{appliance}/{appliance}.log", "/a/b.log", None),
        ("/esa/(+)/{appliance}/x", "/esa/(+)/a/x", "a"),
        ("/esa/*/mail_logs", "/esa/esa01/mail_logs", None),
    ],
)
def test_the_part_that_names_the_appliance(
    pattern: str, path: str, name: str | None
) -> None:
    assert appliance_in(path, pattern) == name


def test_a_name_that_is_no_text_can_be_written(tmp_path: Path) -> None:
    name = appliance_in("/esa/\udcff/x", "/esa/{appliance}/x")
    assert name is not None
    assert name.encode()


def test_a_relative_pattern(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    log = Log(tmp_path / "esa01")
    reader = Reader("{appliance}/*.log")
    log.write()
    log.rename_and_compress()
    log.write()
    reader.poll()
    assert reader.lines == log.written
    assert set(reader.follower.appliances.values()) == {"esa01"}
    assert {chunk.log for chunk in reader.chunks} == set(reader.follower.appliances)
    reader.kill()
    log.close()


def test_a_file_of_that_very_name_is_meant(tmp_path: Path) -> None:
    path = tmp_path / "{appliance}"
    path.write_bytes(b"one\n")
    reader = Reader(path)
    assert reader.poll() == [b"one"]
    assert reader.follower.appliances == {}
    reader.kill()
    assert widened("/{appliance}/x") == "/*/x"


def test_what_names_no_file_is_told(tmp_path: Path) -> None:
    patterns = [
        str(tmp_path / name) for name in ("a.log", "b*", "folder", "{appliance}/x")
    ]
    reader = Reader(*patterns)
    assert reader.follower.unmatched == set(patterns)
    assert reader.follower.followed() == (0, 0)
    for name in ("a.log", "b.log", "folder/x"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"one\n")
    assert reader.poll() == [b"one"] * 3
    assert reader.follower.unmatched == set()
    assert reader.follower.followed() == (3, 3)
    reader.kill()
