"""Archives for `convert`, dead letters for `replay`, and what a run makes of them."""

from datetime import datetime
from pathlib import Path

import pytest

from tests.commands.poisoned import UNREAD, native, thrice
from tests.support.archive_runs import Appliance, Ran, auth, letters_in, run

MARCH = datetime(2024, 3, 1)  # noqa: DTZ001 - the appliance's clock


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Five files of one appliance, in log order."""
    folder = tmp_path_factory.mktemp("one")
    return Appliance(1, "SERIAL-1", MARCH).files(folder, 5, 60)


@pytest.fixture(scope="module")
def live(one: list[Path]) -> Ran:
    """What the same lines give live."""
    text = b"".join(path.read_bytes() for path in one)
    ran = run("filter", "--appliance", "esa01", stdin=text)
    sessions = [e for e in ran.events if e["event"]["action"] == "smtp-session-end"]
    assert len(sessions) > 100
    assert ran.account["rejected"] > 2
    return ran


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of four appliances, one of them without file headers."""
    folder = tmp_path_factory.mktemp("many")
    for seed, serial in enumerate(["SERIAL-1", None, "SERIAL-3", "SERIAL-4"], start=1):
        Appliance(seed, serial, MARCH).files(folder / str(seed), 2 + seed, 40)
    return folder


@pytest.fixture(scope="module")
def whole(many: Path) -> Ran:
    """What one go over all of them gives."""
    return run("convert", many)


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
