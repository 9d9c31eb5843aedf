"""What is built and what it is built on."""

import hashlib
import os
import re
import shutil
import sys
import tarfile
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.support.checkout import ROOT, needs_checkout
from tests.test_packaging import run, tracked

pytestmark = needs_checkout

LOCK = ROOT / ".ci" / "requirements.lock"


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs git's list of files")
def test_two_builds_give_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    digests = []
    for number, moment in enumerate((1_600_000_000, 1_700_000_000)):
        copy, out = tmp_path / f"copy{number}", tmp_path / f"out{number}"
        names = tracked()
        for name in reversed(names) if number else names:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
            os.utime(copy / name, (moment, moment))
        run(sys.executable, "-m", "build", "--wheel", "--outdir", out, copy)
        (wheel,) = out.glob("*.whl")
        digests.append(hashlib.sha256(wheel.read_bytes()).hexdigest())
    assert digests[0] == digests[1]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs git's history")
def test_what_make_builds_is_the_same_for_everyone(tmp_path: Path) -> None:
    """In clones of users who let others read different things."""
    built = []
    # As if it were new: this environment is not to be set up again.
    done = f"{sys.prefix}/.test"
    # Without cargo: what it builds is compared above.
    folders = os.environ["PATH"].split(":")
    path = ":".join(x for x in folders if not Path(x, "cargo").exists())
    for mask in ("022", "077"):
        clone = tmp_path / mask
        run("sh", "-c", f"umask {mask}; git clone --quiet '{ROOT}' '{clone}'")
        words = ("make", "-C", clone, f"VENV={sys.prefix}", "-o", done)
        run("env", f"PATH={path}", *words, "wheel", "sdist")
        files = sorted((clone / "dist").iterdir())
        assert [path.suffix for path in files] == [".whl", ".gz"]
        with tarfile.open(files[1]) as sources:
            owners = {(member.uid, member.uname) for member in sources}
        assert owners == {(0, "")}
        built.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in files])
    assert built[0] == built[1]


def test_every_dependency_is_locked_by_hashes() -> None:
    locked = {}
    for entry in re.split(r"\n(?=\S)", LOCK.read_text("utf-8")):
        if match := re.match(r"([a-z0-9-]+)==(\S+)", entry):
            locked[match[1]] = re.findall(r"--hash=sha256:[0-9a-f]{64}", entry)
    settings = ConfigParser()
    settings.read(ROOT / "setup.cfg")
    wanted = re.findall(
        r"^([A-Za-z0-9._-]+)", settings["options"]["install_requires"], re.MULTILINE
    )
    assert len(wanted) >= 8
    for name in wanted:
        assert locked[re.sub(r"[._]", "-", name).lower()]
    assert all(locked.values())


def test_the_lock_names_no_host_and_no_path() -> None:
    text = LOCK.read_text("utf-8")
    assert "://" not in text
    assert not re.search(r"(^|\s)(/|--index|--extra-index|-i )", text)
