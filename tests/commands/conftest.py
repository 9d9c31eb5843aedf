"""Archives that tests of `convert` read, and what a run makes of them."""

from datetime import datetime
from pathlib import Path

import pytest

from tests.support.archive_runs import Appliance, Ran, run

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
