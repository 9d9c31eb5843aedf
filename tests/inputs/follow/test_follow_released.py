"""The positions that earlier code saved are taken up.

`tests/released/state-format-2/positions.msgpack` is what `Follower.positions` gave when
it had read the two files that `files` writes, the second one up to its half line.
"""

import json
from pathlib import Path
from typing import Any

import msgpack
import pytest
from tests.support.checkout import ROOT

from esa_auth.errors import StateVersionError
from esa_auth.inputs.follow import Follower

SAVED = ROOT / "tests" / "released" / "state-format-2" / "positions.msgpack"
# The folder of the files when it was written.
FOLDER = "/var/log/esa"
HALF = "Tue Mar 17 19:24:05 2026 Info: half"


def header(hour: int) -> str:
    stamp = f"Tue Mar 17 {hour}:24:00 2026 Info:"
    return (
        f"{stamp} Begin Logfile\n"
        f"{stamp} Version: 14.0.0-698 SN: 1234567890AB-C123456\n"
        f"{stamp} Time offset from UTC: 3600 seconds\n"
    )


def attempt(second: int) -> str:
    return (
        f"Tue Mar 17 18:24:{second:02d} 2026 Info: SMTP Auth: (ICID {second}) failed"
        f" for user: user{second} using AUTH mechanism: PLAIN with profile: staff\n"
    )


def files(folder: Path) -> None:
    old, new = "mail.@20260317T182400.s", "mail.@20260317T192400.c"
    (folder / old).write_text(header(18) + attempt(1) + attempt(2))
    (folder / new).write_text(header(19) + attempt(3) + attempt(4) + HALF)


def moved(folder: Path) -> dict[str, Any]:
    """Return the saved positions as if the files of ``folder`` were those."""
    text = json.dumps(msgpack.unpackb(SAVED.read_bytes()))
    positions: dict[str, Any] = json.loads(text.replace(FOLDER, str(folder)))
    for saved in positions["files"]:
        status = Path(saved["path"]).stat()
        saved["device"], saved["inode"] = status.st_dev, status.st_ino
    return positions


def test_it_goes_on_behind_the_last_line(tmp_path: Path) -> None:
    files(tmp_path)
    follower = Follower([f"{tmp_path}/mail.@*"], moved(tmp_path))
    assert follower.poll() == []
    with (tmp_path / "mail.@20260317T192400.c").open("a") as file:
        file.write(" and the rest\n")
    found = [
        line for _ in range(3) for chunk in follower.poll() for line in chunk.lines
    ]
    assert found == [f"{HALF} and the rest".encode()]
    assert follower.counters.errors == 0
    follower.close()


def test_what_is_saved_now_is_what_was_saved_then(tmp_path: Path) -> None:
    saved = msgpack.unpackb(SAVED.read_bytes())
    follower = Follower([f"{FOLDER}/mail.@*"], saved)
    again = follower.positions()
    follower.close()
    assert again.keys() == saved.keys()
    assert [each.keys() for each in again["files"]] == [
        each.keys() for each in saved["files"]
    ]


def test_a_newer_format_is_refused() -> None:
    saved = msgpack.unpackb(SAVED.read_bytes())
    newer = {**saved, "version": saved["version"] + 1}
    with pytest.raises(StateVersionError, match=r"version 2; .* version 1"):
        Follower([f"{FOLDER}/mail.@*"], newer)
