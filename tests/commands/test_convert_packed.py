"""Packed files and broken ones: `convert` reads them whole, or as far as they go."""

import bz2
import gzip
import lzma
import struct
import sys
from collections.abc import Callable
from pathlib import Path

from tests.support.archive_runs import Ran, auth, letters_in, run

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def pzstd(data: bytes) -> bytes:
    """Pack as pzstd does: before each frame, a skippable one that tells its size."""
    frame = zstd.compress(data)
    return struct.pack("<III", 0x184D2A50, 4, len(frame)) + frame


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd.compress,
}


def test_how_a_file_is_packed_its_first_bytes_say_not_its_name(
    one: list[Path], live: Ran, tmp_path: Path
) -> None:
    names = ["mail.gz", "mail", "mail.txt", "mail.zst", "mail.xz"]
    for path, name, pack in zip(one, names, PACKERS.values(), strict=True):
        text = path.read_bytes()
        # Parts that follow each other are one text; they are cut within a line.
        parts = [text[:1000], text[1000:7777], text[7777:]]
        (tmp_path / name).write_bytes(b"".join(map(pack, parts)))
    ran = run("convert", "--appliance", "esa01", tmp_path)
    assert ran.out == live.out
    assert ran.account == live.account


def test_an_archive_of_pzstd_is_no_text(
    one: list[Path], live: Ran, tmp_path: Path
) -> None:
    for path in one:
        (tmp_path / path.name).write_bytes(pzstd(path.read_bytes()))
    ran = run("convert", "--appliance", "esa01", tmp_path)
    assert ran.out == live.out
    assert ran.account == live.account


def test_broken_archives_are_used_as_far_as_they_go(
    one: list[Path], live: Ran, tmp_path: Path
) -> None:
    dead = tmp_path / "dead"
    packers = list(PACKERS.values())[1:]
    for path, pack in zip(one[1:], packers, strict=True):
        # In two parts, because bzip2 gives nothing of a block that is not whole.
        text = path.read_bytes()
        tail = text.index(b"using AUTH", 4000)
        broken = pack(text[:tail]) + pack(text[tail:])[:-300]
        (tmp_path / path.name).write_bytes(broken)
    options = ("--appliance", "esa01", "--dead-letter", dead)
    ran = run("convert", *options, one[0], tmp_path)
    assert ran.code == 75
    for path in one[1:]:
        assert f"{tmp_path / path.name}: broken off" in ran.err
    ids = {e["event"]["id"] for e in ran.events if e["event"]["type"] == ["start"]}
    assert len(ids) > 100
    assert ids <= set(live.ids), "what is left of a last line became an event"
    cut = [x for x in letters_in(dead) if x["error"]["type"] == "cut"]
    assert len(cut) == 4
    assert ran.account["dead_letters"] == len(letters_in(dead))


def test_what_cannot_be_read_at_all_is_said_and_the_rest_is_done(
    one: list[Path], live: Ran, tmp_path: Path
) -> None:
    (tmp_path / "no.gz").write_bytes(b"\x1f\x8b\x08nonsense")
    (tmp_path / "empty").write_bytes(b"")
    ran = run("convert", "--appliance", "esa01", tmp_path, *one)
    assert ran.code == 75
    assert f"{tmp_path / 'no.gz'}: cannot be read" in ran.err
    assert ran.out == live.out


def test_equal_lines_of_one_second_have_ids_of_their_own_in_every_packing(
    tmp_path: Path,
) -> None:
    """T30, small: the bench has the full figure."""
    line = f"Fri Mar  1 00:00:00 2024 Info: {auth(7, 'ann')}\n".encode()
    live = run("filter", "--appliance", "esa01", stdin=line * 3000)
    packed = tmp_path / "mail"
    packed.write_bytes(lzma.compress(line * 1000) + lzma.compress(line * 2000))
    ran = run("convert", "--appliance", "esa01", packed)
    assert len(set(ran.ids)) == 3001
    assert ran.ids == live.ids
