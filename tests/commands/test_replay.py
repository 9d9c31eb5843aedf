"""Dead letters read again give what a live run would have given after the fix."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.commands.poisoned import INVALID, UNREAD, session, thrice
from tests.support.archive_runs import Ran, auth, letters_in, on_a_terminal, run
from tests.support.secret_files import write_secret

OF_POISON = INVALID.replace("FIELD", "related").replace(
    "REFUSED", '{"properties": {"user": {"contains": {"const": "poison"}}}}'
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
