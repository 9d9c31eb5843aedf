"""T17: killed and stopped, and gone on with, by native code and by Python in turn."""

from functools import partial
from itertools import cycle
from pathlib import Path

import pytest

from esa_auth.pipeline.native import IS_BUILT
from tests.soak.command import ENDED, Command, clean_run, wait_until
from tests.soak.events import judge
from tests.soak.lines import write_source
from tests.soak.receiver import Receiver
from tests.soak.sizes import show, size

pytestmark = pytest.mark.skipif(not IS_BUILT, reason="needs the native code")

LINES = size(12_000, 200_000)
LIVES = size(6, 40)
PYTHON, NATIVE = "0", "1"


@pytest.mark.parametrize("killed", [True, False], ids=["killed", "stopped"])
@pytest.mark.parametrize("ways", [[NATIVE], [NATIVE, PYTHON]], ids=["native", "mixed"])
def test_t17_goes_on_where_it_ended(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ways: list[str],
    killed: bool,
) -> None:
    source, live = tmp_path / "source", tmp_path / "mail.current"
    written = write_source(source, LINES, 1, seed=17)
    with monkeypatch.context() as patched:
        patched.setenv("ESA_AUTH_NATIVE", PYTHON)
        clean = clean_run(source, tmp_path)
    lines = source.read_bytes().splitlines(keepends=True)
    live.touch()
    with (
        Receiver() as receiver,
        Command(
            tmp_path,
            *("tail", live, "--state-dir", tmp_path / "state"),
            *("--forward", f"127.0.0.1:{receiver.port}"),
        ) as command,
    ):
        each = -(-written // LIVES)
        for at, way in zip(range(0, written, each), cycle(ways), strict=False):
            command.start(ESA_AUTH_NATIVE=way)
            enough = len(receiver.events.digests) + 50
            with live.open("ab") as log:
                log.write(b"".join(lines[at : at + each]))
            wait_until(partial(_has, receiver, enough), "nothing comes")
            if killed:
                command.kill()
            else:
                assert command.stop() in ENDED
        command.start(ESA_AUTH_NATIVE=NATIVE)
        receiver.events.wait_for_last()
        assert command.stop() in ENDED
    verdict = judge(clean, receiver.events)
    show("T17 native code", lines=written, starts=command.starts, lost=verdict.lost)
    assert verdict.clean


def _has(receiver: Receiver, enough: int) -> bool:
    return len(receiver.events.digests) >= enough
