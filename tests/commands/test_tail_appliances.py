"""`esa-auth tail` over several folders: appliances with equal numbers stay apart."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.harness import inbound, native
from tests.support.process import Ended, Running, esa_auth

SERIALS = {"a": "AAAA-1111", "b": "BBBB-2222"}
ADDRESSES = {"a": "203.0.113.5", "b": "198.51.100.99"}
USERS = {"a": "ann", "b": "bob"}


def header(serial: str, second: int = 0) -> list[bytes]:
    return [
        native("Begin Logfile", second),
        native(f"Version: 15.0.0-104 SN: {serial}", second),
        native("Time offset from UTC: 0 seconds", second),
    ]


def opening(which: str, second: int = 1) -> list[bytes]:
    address = ADDRESSES[which]
    return [
        native(
            f"New SMTP ICID 5 interface Data 1 (192.0.2.1) address {address} "
            "reverse dns host unknown verified no",
            second,
        ),
        native(f"ICID 5 ACCEPT SG LIST_{which} match ALL SBRS None", second),
    ]


def attempt(which: str, second: int = 2) -> bytes:
    return native(inbound(5, USERS[which], "succeeded"), second)


def text(lines: Sequence[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def folders(tmp_path: Path, *, headers: bool, names: Sequence[str] = "ab") -> Path:
    """Write the opening of one session of each appliance; return the parent."""
    for which, name in zip("ab", names, strict=True):
        folder = tmp_path / "esa" / name
        folder.mkdir(parents=True)
        head = header(SERIALS[which]) if headers else []
        (folder / "mail_logs").write_bytes(text([*head, *opening(which)]))
    return tmp_path / "esa"


def append(esa: Path, lines: dict[str, Sequence[bytes]]) -> None:
    for name, some in lines.items():
        with (esa / name / "mail_logs").open("ab") as file:
            file.write(text(some))


def tailed(*words: str, wanted: int) -> tuple[list[dict[str, Any]], Ended]:
    """Run tail until so many events came; stop it in order."""
    with Running("tail", *words) as tail:
        events = [tail.next_event() for _ in range(wanted)]
        tail.signal(signal.SIGTERM)
        ended = tail.finish()
    assert ended.code == 0, ended.stderr
    assert ended.account.lines
    assert "Traceback" not in ended.stderr
    assert len(ended.events) == wanted
    return events, ended


def assert_apart(events: list[dict[str, Any]], names: dict[str, str]) -> None:
    """Each user came from the address of his own appliance."""
    found = {e["user"]["name"]: e for e in events if "user" in e}
    assert set(found) == {USERS[which] for which in names}
    for which, name in names.items():
        event = found[USERS[which]]
        assert event["observer"]["name"] == name
        assert event["source"]["ip"] == ADDRESSES[which]
        assert event["rule"]["name"] == f"LIST_{which}"
        assert event["cisco_esa"]["session"]["context"] == "complete"


PLACEHOLDER = {"a": "esa01", "b": "esa02"}


@pytest.mark.parametrize(
    ("pattern", "headers", "names"),
    [
        ("*/mail_logs", True, SERIALS),
        ("{appliance}/mail_logs", True, PLACEHOLDER),
        ("{appliance}/mail_logs*", False, PLACEHOLDER),
        ("{appliance}", False, PLACEHOLDER),
        ("*/mail_logs*", False, PLACEHOLDER),
    ],
)
@pytest.mark.parametrize("restart", [False, True])
def test_two_folders_with_equal_numbers(
    tmp_path: Path,
    pattern: str,
    names: dict[str, str],
    *,
    headers: bool,
    restart: bool,
) -> None:
    esa = folders(tmp_path, headers=headers, names=["esa01", "esa02"])
    words = [str(esa / pattern), "--state-dir", str(tmp_path / "state")]
    if restart:
        # Tells that all before it is read.
        append(
            esa, {name: [native(inbound(9, "early"))] for name in ("esa01", "esa02")}
        )
        tailed(*words, wanted=2)
    append(esa, {"esa02": [attempt("b")], "esa01": [attempt("a")]})
    events, ended = tailed(*words, wanted=2)
    assert_apart(events, names)
    assert "following 2 files of 2 logs" in ended.stderr


@pytest.mark.parametrize("restart", [False, True])
def test_after_a_rotation_they_are_still_apart(
    tmp_path: Path, *, restart: bool
) -> None:
    esa = folders(tmp_path, headers=True)
    words = [str(esa / "*/mail_logs*"), "--state-dir", str(tmp_path / "state")]
    append(esa, {name: [native(inbound(9, "early"))] for name in "ab"})
    with Running("tail", *words) as tail:
        for _ in range(2):
            tail.next_event()
        if restart:
            tail.signal(signal.SIGTERM)
            assert tail.finish().code == 0
        for name in "ab":
            log = esa / name / "mail_logs"
            log.rename(esa / name / "mail_logs.1")
            # As copytruncate and syslog leave it: without a header.
            log.write_bytes(text([attempt(name)]))
        if not restart:
            events = [tail.next_event() for _ in range(2)]
            tail.signal(signal.SIGTERM)
            assert tail.finish().code == 0
    if restart:
        events, _ = tailed(*words, wanted=2)
    assert_apart(events, SERIALS)


def test_the_configured_name_of_a_serial_goes_first(tmp_path: Path) -> None:
    esa = folders(tmp_path, headers=True, names=["esa01", "esa02"])
    append(esa, {"esa02": [attempt("b")], "esa01": [attempt("a")]})
    config = tmp_path / "config.yaml"
    config.write_text("appliances: {gw-a: {serial: AAAA-1111}}")
    words = [str(esa / "{appliance}/mail_logs"), "--config", str(config)]
    events, _ = tailed(*words, "--state-dir", str(tmp_path / "state"), wanted=2)
    assert_apart(events, {"a": "gw-a", "b": "esa02"})


@pytest.mark.parametrize("options", [[], ["--appliance", "gw"]])
def test_one_appliance_keeps_the_name_it_had(
    tmp_path: Path, options: list[str]
) -> None:
    """In two logs, with a header and without, over a rotation to a new machine."""
    folder = tmp_path / "esa"
    folder.mkdir()
    log, other = folder / "mail_logs", folder / "gui_logs"
    log.write_bytes(text([*header("AAAA-1111"), *opening("a"), attempt("a")]))
    other.write_bytes(text([native(inbound(9, "early"))]))
    words = [str(folder), "--state-dir", str(tmp_path / "state")]
    words += options
    with Running("tail", *words) as tail:
        events = [tail.next_event() for _ in range(2)]
        log.rename(folder / "mail_logs.1")
        log.write_bytes(text([*header("CCCC-3333", 9), attempt("b", 10)]))
        # The first machine's two sessions end with it.
        events += [tail.next_event() for _ in range(3)]
        tail.signal(signal.SIGTERM)
        ended = tail.finish()
    assert ended.code == 0
    assert {event["observer"]["name"] for event in events} == {
        options[-1] if options else "esa"
    }
    assert events[-1]["observer"]["serial_number"] == "CCCC-3333"
    assert "CCCC-3333" in ended.stderr


def test_a_second_serial_under_one_name_is_refused_aloud(tmp_path: Path) -> None:
    esa = folders(tmp_path, headers=True)
    append(esa, {"a": [attempt("a")]})
    later = (esa / "b" / "mail_logs").rename(tmp_path / "later")
    words = [str(esa / "*/mail_logs"), "--state-dir", str(tmp_path / "state")]
    with Running("tail", *words) as tail:
        events = [tail.next_event()]
        with later.open("ab") as file:
            file.write(text([attempt("b")]))
        later.rename(esa / "b" / "mail_logs")
        events.append(tail.next_event())
        tail.signal(signal.SIGTERM)
        ended = tail.finish()
    assert ended.code == 0
    assert_apart(events, {"a": "esa", "b": SERIALS["b"]})
    (line,) = [x for x in ended.stderr.splitlines() if "cannot be called" in x]
    assert "AAAA-1111" in line
    assert "BBBB-2222" in line


@pytest.mark.parametrize("pattern", ["*/mail_logs", "{appliance}/mail_logs"])
def test_folders_whose_names_are_no_text(tmp_path: Path, pattern: str) -> None:
    names = [os.fsdecode(name) for name in (b"esa\xe4", b"esa\xf6")]
    esa = folders(tmp_path, headers=False, names=names)
    words = [str(esa / pattern), "--state-dir", str(tmp_path / "state")]
    found = dict(zip("ab", ("esa\\xe4", "esa\\xf6"), strict=True))
    for which, name in zip("ab", names, strict=True):
        # The second start knows them from the state alone.
        append(esa, {name: [attempt(which)]})
        events, _ = tailed(*words, wanted=1)
        assert_apart(events, {which: found[which]})


def test_convert_calls_them_the_same(tmp_path: Path) -> None:
    esa = folders(tmp_path, headers=True)
    append(esa, {"b": [attempt("b")], "a": [attempt("a")]})
    words = [str(esa / "*/mail_logs"), "--state-dir", str(tmp_path / "state")]
    events, _ = tailed(*words, wanted=2)
    whole = esa_auth("convert", str(esa), "--quiet").events
    ids = {event["event"]["id"] for event in whole}
    assert {event["event"]["id"] for event in events} < ids


def test_convert_takes_files_without_a_header_as_those_beside_them(
    tmp_path: Path,
) -> None:
    """And of a folder of their own, in which no file has one, called by that."""
    for name, serial in (("a", "AAAA-1111"), ("b", "BBBB-2222"), ("c", None)):
        (tmp_path / name).mkdir()
        if serial:
            head = native(f"Version: 15.0.0-104 SN: {serial}", 1)
            whole = [native("Begin Logfile"), head, native(inbound(1, name), 2)]
            (tmp_path / name / "mail.1").write_bytes(b"\n".join(whole) + b"\n")
        rest = native(inbound(2, f"{name}{name}"), 3)
        (tmp_path / name / "mail.2").write_bytes(rest + b"\n")
    ended = esa_auth("convert", "--quiet", str(tmp_path))
    assert ended.assert_complete().results == 5
    found = {
        event["user"]["name"]: event["observer"]["name"]
        for event in ended.events
        if "user" in event
    }
    assert found == {
        "a": "AAAA-1111",
        "aa": "AAAA-1111",
        "b": "BBBB-2222",
        "bb": "BBBB-2222",
        "cc": "c",
    }
