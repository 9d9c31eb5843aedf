"""Whole archives give the events of the live log, in any order of their files."""

import gzip
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.archive_runs import Ran, auth, opening, run


def syslog(host: str, stamp: str, *bodies: str) -> bytes:
    lines = (f"<22>{stamp} {host} mail_logs: Info: {body}\n" for body in bodies)
    return "".join(lines).encode()


def test_same_events_as_live_in_any_order_of_files(one: list[Path], live: Ran) -> None:
    ran = run("convert", "--appliance", "esa01", *one[::-1])
    assert ran.code == 0, ran.err
    assert ran.out == live.out
    assert ran.account == live.account
    crossing = {e["event"]["id"] for e in ran.events} - {
        event_id
        for path in one
        for event_id in run(
            "filter", "--appliance", "esa01", stdin=path.read_bytes()
        ).ids
    }
    assert crossing, "no session crosses files: the corpus shows nothing"


def test_globs_and_directories(one: list[Path], live: Ran, tmp_path: Path) -> None:
    shutil.copytree(one[0].parent, tmp_path / "logs" / "2024")
    (tmp_path / "logs" / ".hidden").write_bytes(one[0].read_bytes() + b"x\n")
    glob = tmp_path / "logs" / "20*" / "*.s"
    assert run("convert", "--appliance", "esa01", glob).out == live.out
    assert run("convert", "--appliance", "esa01", tmp_path / "logs").out == live.out


def test_a_text_that_is_given_twice_is_read_once(
    one: list[Path], live: Ran, tmp_path: Path
) -> None:
    twin, packed, begun, linked = (tmp_path / n for n in ("twin", "gz", "cut", "link"))
    twin.write_bytes(one[1].read_bytes())
    packed.write_bytes(gzip.compress(one[2].read_bytes()))
    # A copy made while the appliance was writing, and one that broke off.
    begun.write_bytes(one[3].read_bytes()[:2000])
    broken = tmp_path / "broken"
    broken.write_bytes(gzip.compress(one[4].read_bytes())[:-300])
    linked.hardlink_to(one[0])
    ran = run("convert", "--appliance", "esa01", tmp_path, *one, one[0])
    assert ran.code == 0
    assert ran.out == live.out
    assert ran.account == live.account
    said = [x for x in ran.err.splitlines() if "left out" in x]
    assert len(said) == 6
    assert sum("the same text as" in x for x in said) == 4
    assert f"{begun}: left out, it is the beginning of {one[3]}" in ran.err
    assert f"{broken}: left out, it is the beginning of {one[4]}" in ran.err


def test_files_are_grouped_by_serial_number(many: Path, tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(
        "appliance: headless\n"
        "appliances: {esa01: {serial: SERIAL-1}, esa03: {serial: SERIAL-3}}\n"
    )
    ran = run("convert", "--config", config, many)
    assert ran.code == 0, ran.err
    names = {1: "esa01", 2: "headless", 3: "esa03", 4: "SERIAL-4"}
    for seed, name in names.items():
        paths = sorted((many / str(seed)).iterdir())
        text = b"".join(path.read_bytes() for path in paths)
        alone = run("filter", "--appliance", name, stdin=text)
        assert alone.ids == [
            e["event"]["id"] for e in ran.events if e["observer"]["name"] == name
        ]
    assert {e["observer"]["name"] for e in ran.events} == set(names.values())
    assert "serial SERIAL-4 has no name" in ran.err


@pytest.mark.parametrize("jobs", [2, 4])
def test_the_same_bytes_for_any_number_of_jobs(
    many: Path, whole: Ran, tmp_path: Path, jobs: int
) -> None:
    file = tmp_path / "out"
    on_stdout = run("convert", "--jobs", jobs, many)
    in_file = run("convert", "--jobs", jobs, many, "-o", file)
    assert whole.out == on_stdout.out == file.read_bytes()
    assert whole.account == on_stdout.account == in_file.account
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_syslog_files_name_their_appliance_by_line(tmp_path: Path) -> None:
    stamp = "2024-03-01T10:00:00Z"
    (tmp_path / "b").write_bytes(
        syslog("esa08", stamp, opening(5)) + syslog("esa09", stamp, auth(5, "ann"))
    )
    later = "2024-03-01T10:00:09Z"
    (tmp_path / "a").write_bytes(syslog("esa08", later, auth(5, "bob"), "ICID 5 close"))
    (tmp_path / "c").write_bytes(
        b'{"message": "%b", "host": "esa10", "time": 1709287200}\n'
        % auth(5, "eve").encode()
    )
    ran = run("convert", tmp_path)
    by_name = {(e["observer"]["name"], e["event"]["action"]): e for e in ran.events}
    assert len(ran.events) == len(by_name) == 6
    assert by_name["esa08", "smtp-auth"]["source"]["ip"] == "198.51.100.7"
    assert "source" not in by_name["esa09", "smtp-auth"]
    assert by_name["esa10", "smtp-auth"]["user"]["name"] == "eve"


def test_a_year_that_is_not_said_comes_from_the_time_of_the_file(
    tmp_path: Path,
) -> None:
    lines = {
        # Nearest to the line before it would be December 2018.
        "a": ("Jan  5 10:00:00", (2019, 1, 6)),
        "b": ("Dec 20 10:00:00", (2019, 12, 21)),
        "c": ("Dec 31 23:00:00", (2021, 1, 1)),
    }
    for name, (stamp, day) in lines.items():
        path = tmp_path / f"{name}.gz"
        path.write_bytes(gzip.compress(syslog("esa08", stamp, auth(5, name))))
        when = datetime(*day, tzinfo=UTC).timestamp()
        os.utime(path, (when, when))
    events = run("convert", tmp_path).events
    verdicts = [e for e in events if e["event"]["action"] == "smtp-auth"]
    assert [(e["user"]["name"], e["@timestamp"][:10]) for e in verdicts] == [
        ("a", "2019-01-05"),
        ("b", "2019-12-20"),
        ("c", "2020-12-31"),
    ]


def test_one_serial_cannot_have_two_names(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("appliances: {a: {serial: X}, b: {serial: X}}")
    ran = run("check", "--config", config)
    assert ran.code == 2
    assert "appliances.b.serial: X is that of a too" in ran.err


def test_settings_of_an_appliance_may_be_of_either_kind(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("appliances: {a: {serial: X}, b: {timezone: UTC}, c: {}}")
    assert run("check", "--config", config).code == 0
