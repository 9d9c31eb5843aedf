"""What `replay` cannot mend is kept as it was, and what it reads is never written."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands.poisoned import INVALID, UNREAD, native, session
from tests.support.archive_runs import Ran, auth, letters_in, run

OF_AN_END = INVALID.replace("FIELD", "event").replace(
    "REFUSED", '{"properties": {"type": {"const": ["end"]}}}'
)


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
