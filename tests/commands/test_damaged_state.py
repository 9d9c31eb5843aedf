"""A checkpoint with a value of another type: one line says so, and the work goes on."""

import signal
from pathlib import Path
from typing import Any

import msgpack
import pytest

from esa_auth.commands.owners import Opening, Owners, Place
from esa_auth.state import CheckpointStore, StateDirectory
from tests.support.collector import Collector
from tests.support.damage import OTHERS, damaged, paths
from tests.support.harness import inbound, native
from tests.support.process import Running, esa_auth

LINE = native(inbound()) + b"\n"


def written(state: Path, what: dict[str, Any]) -> None:
    with StateDirectory.open(state) as directory:
        CheckpointStore(directory, 1.0).save(what)


@pytest.mark.parametrize(
    "what",
    [
        {"journal": "x"},
        {"journal": None},
        {"journal": [1]},
        {"unconfirmed": 7},
        {"unconfirmed": ["x"]},
        {"unconfirmed": None},
    ],
)
def test_lines_are_confirmed_without_a_journal(
    tmp_path: Path, what: dict[str, Any]
) -> None:
    written(tmp_path / "state", what)
    with Collector() as collector:
        argv = ["filter", "--ack", "rsyslog", "--forward", collector.address]
        ended = esa_auth(*argv, "--state-dir", str(tmp_path / "state"), stdin=LINE)
    assert ended.code == 0, ended.stderr
    assert ended.stdout == b"OK\nOK\n"
    assert ended.stderr.count("cannot be read") == 1


@pytest.mark.parametrize("part", ["sessions", "positions", "owners"])
def test_files_are_followed_without_a_part(tmp_path: Path, part: str) -> None:
    log, state = tmp_path / "mail_logs", tmp_path / "state"
    log.write_bytes(LINE)
    state.mkdir()
    for number, other in enumerate(OTHERS):
        written(state / str(number), {part: other})
        argv = ("tail", str(log), "--state-dir", str(state / str(number)))
        with Running(*argv) as tail:
            tail.next_event()
            tail.signal(signal.SIGTERM)
            ended = tail.finish()
        assert ended.code == 0, ended.stderr
        assert "Traceback" not in ended.stderr


def test_whose_logs_are_whose() -> None:
    owners = Owners({"AAAA-1111": "a"}, "esa", said=False)
    for serial in ("AAAA-1111", "BBBB-2222", "CCCC-3333"):
        place = Place("/log/esa/mail_logs")
        owners.name(place, Opening(serial, named=False, known=True))
    saved = msgpack.unpackb(msgpack.packb(owners.snapshot(["/log/esa/mail_logs"])))
    assert all(saved.values())
    for path in paths(saved):
        for wrong in damaged(saved, path):
            again = Owners({}, "esa", said=False)
            try:
                again.restore(wrong)
            except (ValueError, TypeError, LookupError, AttributeError):
                continue
            again.name(Place("/log/esa/other"), Opening(None, named=False, known=True))
            msgpack.packb(again.snapshot(["/log/esa/other"]))
