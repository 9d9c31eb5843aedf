"""Dead letters read again give what a live run would have given after the fix."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.archive_runs import (
    Ran,
    auth,
    letters_in,
    on_a_terminal,
    opening,
    run,
)
from tests.support.secret_files import write_secret

# A program in which the lines of one user are of a form that no rule reads yet, and
# one whose schema refuses his events.
UNREAD = """
from dataclasses import replace
from esa_auth import grammar
def narrowed(rule):
    def build(match):
        return None if "poison" in match.string else rule.build(match)
    return replace(rule, build=build)
grammar.GRAMMAR = grammar.Grammar(tuple(map(narrowed, grammar.RULES)))
"""
INVALID = """
from esa_auth import resources
read = resources.schema
def narrowed(name):
    document = read(name)
    if name == "auth-event":
        fields = document["properties"]
        fields["FIELD"] = {"allOf": [fields["FIELD"], {"not": REFUSED}]}
    return document
resources.schema = narrowed
"""
OF_POISON = INVALID.replace("FIELD", "related").replace(
    "REFUSED", '{"properties": {"user": {"contains": {"const": "poison"}}}}'
)
OF_AN_END = INVALID.replace("FIELD", "event").replace(
    "REFUSED", '{"properties": {"type": {"const": ["end"]}}}'
)
HEADER = [
    "Begin Logfile",
    "Version: 14.0.0-698 SN: 421F6D8FB9C75E19C425-C9AEA81B2B70",
    "Time offset from UTC: -21600 seconds",
]


def native(*bodies: str, second: int = 0) -> bytes:
    stamp = f"Wed Apr 22 11:00:{second:02d} 2009 Info: "
    return "".join(f"{stamp}{body}\n" for body in bodies).encode()


def session(icid: int, user: str) -> list[str]:
    policy = f"ICID {icid} ACCEPT SG None match ALL SBRS None"
    return [opening(icid), policy, auth(icid, user)]


def thrice() -> bytes:
    """Equal lines in one second, with others between, and one in the next second."""
    poison = auth(7, "poison")
    return (
        native(*HEADER)
        + native(*session(7, "ann"), poison, poison, auth(7, "bob"), poison)
        + native(poison, auth(7, "bob"), "ICID 7 close", second=1)
    )


def records() -> bytes:
    """Lines without a stamp of their own; the record gives host and time."""
    bodies = [*session(7, "poison"), auth(7, "poison")]
    record = {"host": "esa07", "time": "2024-05-01T10:00:00.123+02:00"}
    return b"".join(
        json.dumps({**record, "message": f"Info: {body}"}).encode() + b"\n"
        for body in bodies
    )


def syslog() -> bytes:
    stamps = [("Dec 31 23:59:59", 2), ("Jan  1 00:00:00", 1)]
    return "".join(
        f"<22>{stamp} esa08 mail_logs: Info: {auth(9, 'poison')}\n" * count
        for stamp, count in stamps
    ).encode()


def fields(events: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """What must be the same live and replayed."""
    return sorted(
        (
            e["event"]["id"],
            e["@timestamp"],
            e["event"]["original"],
            e["event"]["outcome"],
            e["event"].get("timezone"),
            e["user"],
            e["observer"]["name"],
            e["observer"].get("serial_number"),
            e["cisco_esa"]["auth"],
        )
        for e in events
        if e["event"]["type"] == ["start"] and "poison" in e["event"]["original"]
    )


@pytest.mark.parametrize(
    "text", [thrice(), records(), syslog()], ids=["native", "json", "bsd"]
)
@pytest.mark.parametrize("before", [UNREAD, OF_POISON], ids=["unread", "invalid"])
def test_ids_and_fields_are_those_of_a_live_run_with_the_fix(
    tmp_path: Path, text: bytes, before: str
) -> None:
    key, config, dead = tmp_path / "key", tmp_path / "c.yaml", tmp_path / "dead"
    write_secret(key, "k" * 40)
    config.write_text(f"{{appliance: esa01, event_id: {{key_file: {key}}}}}")
    options = ["--config", config, "--dead-letter"]
    fixed = run("filter", *options, tmp_path / "none", stdin=text)
    broken = run("filter", *options, dead, stdin=text, before=before)
    refused = sum(b"poison" in line for line in text.splitlines())
    assert broken.account["rejected"] == refused
    again = run("replay", *options, tmp_path / "refused", dead)
    assert again.code == 0, again.err
    assert len(fields(again.events)) == refused
    assert len(set(again.ids)) == refused
    assert fields(again.events) == fields(fixed.events)
    assert {e["cisco_esa"]["session"]["context"] for e in again.events} == {"missing"}
    assert all("esa_no_session_context" in e["tags"] for e in again.events)
    ends = sum("session_end" in x["cisco_esa"]["replay"] for x in letters_in(dead))
    account = again.account
    assert (account["results"], account["rejected"]) == (refused, ends)
    assert (account["lines"], account["session_ends"]) == (refused + ends, 0)


@pytest.fixture(scope="module")
def dead(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five letters that a fix mends."""
    path = tmp_path_factory.mktemp("dead") / "dead"
    text = thrice() + native(auth(8, "poison"), second=2)
    run("filter", "--dead-letter", path, stdin=text, before=UNREAD)
    assert len(letters_in(path)) == 5
    return path


@pytest.fixture(scope="module")
def mended(dead: Path) -> Ran:
    """What the fixed program makes of them."""
    return run("replay", dead)


def test_twice_gives_the_same_bytes(dead: Path, mended: Ran) -> None:
    first, second = mended, run("replay", dead)
    assert len(first.ids) == 5
    assert first.out == second.out
    assert first.err == second.err


def test_an_event_depends_on_no_other_letter(
    dead: Path, mended: Ran, tmp_path: Path
) -> None:
    whole = dict(zip(mended.ids, mended.out.splitlines(), strict=True))
    lines = dead.read_bytes().splitlines(keepends=True)
    upside_down, some = tmp_path / "a", tmp_path / "b"
    upside_down.write_bytes(b"".join(lines[::-1]))
    some.write_bytes(lines[3] + lines[3] + lines[1])
    turned = run("replay", upside_down, some)
    for event_id, line in zip(turned.ids, turned.out.splitlines(), strict=True):
        assert whole[event_id] == line
    assert len(turned.ids) == 8
    assert set(turned.ids) == set(whole)


def test_msgpack_and_compressed_letters(
    dead: Path, mended: Ran, tmp_path: Path
) -> None:
    packed = tmp_path / "dead.gz"
    with packed.open("wb") as file:
        subprocess.run(["gzip", "-c", dead], stdout=file, check=True)
    ran = run("replay", "--output", "msgpack", packed)
    msgpack = pytest.importorskip("msgpack")
    unpacker = msgpack.Unpacker()
    unpacker.feed(ran.out)
    assert [e["event"]["id"] for e in unpacker] == mended.ids


def test_what_is_refused_again_is_kept_as_it_was(
    dead: Path, mended: Ran, tmp_path: Path
) -> None:
    refused = tmp_path / "refused"
    ran = run("replay", "--dead-letter", refused, dead, before=UNREAD)
    assert (ran.code, ran.out) == (0, b"")
    assert ran.account["rejected"] == ran.account["dead_letters"] == 5

    def lasting(path: Path) -> list[dict[str, Any]]:
        found = letters_in(path)
        for one in found:
            del one["@timestamp"], one["event"]["created"]
        return found

    assert lasting(refused) == lasting(dead)
    assert run("replay", refused).ids == mended.ids


def _same(path: Path) -> Path:
    return path


def _linked(path: Path) -> Path:
    path.with_name("link").hardlink_to(path)
    return path.with_name("link")


def _through_a_folder(path: Path) -> Path:
    (path.parent / "sub").symlink_to(path.parent)
    return path.parent / "sub" / path.name


def _before_rotation(path: Path) -> Path:
    path.rename(path.with_name("older.3"))
    path.hardlink_to(path.with_name("older.3"))
    return path.with_name("older")


@pytest.mark.parametrize(
    "target", [_same, _linked, _through_a_folder, _before_rotation]
)
def test_the_file_that_is_read_is_never_written(
    dead: Path, tmp_path: Path, target: Any
) -> None:
    copy = tmp_path / "copy"
    copy.write_bytes(dead.read_bytes())
    to = target(copy)
    read = tmp_path / "older.3" if to.name == "older" else copy
    ran = run("replay", "--dead-letter", to, read, before=UNREAD)
    assert ran.code == 2
    assert "is being read" in ran.err
    assert copy.read_bytes() == dead.read_bytes()


def test_damaged_letters_are_counted_and_kept(
    dead: Path, mended: Ran, tmp_path: Path
) -> None:
    lines = dead.read_bytes().splitlines()
    other_line = json.loads(lines[1])
    other_line["event"]["hash"] = "0" * 64
    strange = json.loads(lines[2])
    strange["cisco_esa"]["replay"]["ordinal"] = "0"
    damaged = [
        lines[0][:90],
        json.dumps(other_line).encode(),
        json.dumps(strange).encode(),
        b'{"message": "not ours"}',
        b"\xff\x00",
    ]
    path, kept, rest = tmp_path / "dead", tmp_path / "kept", tmp_path / "rest"
    path.write_bytes(b"\n".join([*damaged, lines[3], b"", lines[4]]))
    ran = run("replay", "--dead-letter", kept, path)
    assert ran.code == 0
    assert ran.err.rstrip().endswith(", 5 letters damaged")
    assert ran.account["lines"] == 7
    assert ran.account["rejected"] == ran.account["dead_letters"] == 5
    assert ran.ids == mended.ids[3:]
    assert {x["error"]["type"] for x in letters_in(kept)} == {"damaged_letter"}
    once_more = run("replay", "--dead-letter", rest, kept)
    assert once_more.out == b""
    assert [x["cisco_esa"] for x in letters_in(rest)] == [
        x["cisco_esa"] for x in letters_in(kept)
    ]


def test_a_line_that_was_cut_is_never_read(tmp_path: Path) -> None:
    # What is left of the line says another mechanism than its end did.
    forged = auth(7, "a" * 1000 + " using AUTH mechanism: X with profile: y" + "b" * 99)
    config, wide = tmp_path / "c.yaml", tmp_path / "wide.yaml"
    config.write_text("input: {max_line: 1120}")
    wide.write_text("input: {max_line: 65536}")
    dead, rest = tmp_path / "dead", tmp_path / "rest"
    text = native(forged)
    run("filter", "--config", config, "--dead-letter", dead, stdin=text)
    assert letters_in(dead)[0]["error"]["type"] == "too_long"
    ran = run("replay", "--config", wide, "--dead-letter", rest, dead)
    assert (ran.out, ran.account["rejected"]) == (b"", 1)
    assert letters_in(rest)[0]["error"] == letters_in(dead)[0]["error"]


def test_a_refused_session_end_is_kept_because_no_line_gives_it(tmp_path: Path) -> None:
    dead, rest = tmp_path / "dead", tmp_path / "rest"
    text = native(*session(7, "ann"), "ICID 7 close", *session(8, "ann"))
    live = run("filter", "--dead-letter", dead, stdin=text, before=OF_AN_END)
    assert live.account["rejected"] == 0
    assert live.account["dead_letters"] == 2
    ran = run("replay", "--dead-letter", rest, dead)
    assert ran.out == b""
    assert ran.account["rejected"] == ran.account["dead_letters"] == 2
    assert len(letters_in(rest)) == 2


def test_records_that_a_wrong_key_broke_are_mended_by_the_right_one(
    tmp_path: Path,
) -> None:
    config, dead = tmp_path / "c.yaml", tmp_path / "dead"
    config.write_text("input: {record: {message: log}}")
    text = records().replace(b'"message"', b'"log"')
    broken = run("filter", "--dead-letter", dead, stdin=text)
    assert broken.account["rejected"] == 4
    live = run("filter", "--config", config, stdin=text)
    again = run("replay", "--config", config, dead)
    assert fields(again.events) == fields(live.events)
    assert len(again.ids) == 2
    assert again.account["context"] == 2


@pytest.mark.parametrize("arguments", [[], ["no-such-file"], ["."]])
def test_nothing_to_read_is_a_usage_error(tmp_path: Path, arguments: list[str]) -> None:
    assert run("replay", *(tmp_path / a for a in arguments)).code == 2


def test_a_broken_off_file_is_used_as_far_as_it_goes(
    dead: Path, tmp_path: Path
) -> None:
    packed = tmp_path / "dead.gz"
    data = subprocess.run(["gzip", "-c", dead], capture_output=True, check=True).stdout
    packed.write_bytes(data[:-20])
    ran = run("replay", packed)
    assert ran.code == 75
    assert f"{packed}: broken off" in ran.err
    assert len(ran.ids) >= 1


def test_the_bar_is_on_a_terminal_only(dead: Path, mended: Ran) -> None:
    shown, quiet = (
        on_a_terminal("replay", dead),
        on_a_terminal("replay", "--quiet", dead),
    )
    assert "replay" in shown.err
    assert "\x1b[" in shown.err
    assert quiet.err.replace("\r", "") == mended.err
    assert "\x1b[" not in quiet.err
    assert shown.out == quiet.out
    assert shown.account["results"] == 5
