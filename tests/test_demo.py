"""`make demo`: what a stranger sees first, and that README shows the same."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import orjson

from tests.support.checkout import ROOT, needs_checkout
from tests.support.process import PATIENCE, account_of

QUICKSTART = "examples/quickstart"


def demo(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run it in a folder of its own, with the logs where the checkout has them."""
    if not (folder / "examples").exists():
        for name in ("quickstart", "detections"):
            shutil.copytree(ROOT / "examples" / name, folder / "examples" / name)
    return subprocess.run(
        [sys.executable, "-m", "examples.quickstart.demo", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=os.environ | {"PYTHONPATH": str(folder)},
        check=False,
    )


def test_it_shows_a_line_for_each_login_and_where_the_rest_is(tmp_path: Path) -> None:
    done = demo(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    table, account, files = done.stdout.strip().split("\n\n")
    times = [line[:19] for line in table.splitlines()[1:]]
    events = (tmp_path / "build/demo/events.ndjson").read_bytes().splitlines()
    actions = [orjson.loads(event)["event"]["action"] for event in events]
    assert account_of(account).events == len(events) == 8
    assert len(times) == sum(a.startswith("smtp-auth") for a in actions) == 4
    assert times == sorted(times)
    named = re.findall(r"build/demo/[\w.]+", files)
    assert [(tmp_path / name).is_file() for name in named] == [True, True]


def test_it_takes_a_log_and_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    done = demo(tmp_path, "examples/detections/mail_logs")
    assert done.returncode == 0
    assert len(done.stdout.split("\n\n")[0].splitlines()) == 1 + 104
    assert max(map(len, done.stdout.split("\n\n")[0].splitlines())) <= 100
    gone = demo(tmp_path, "gone")
    assert gone.returncode == 1
    assert gone.stderr == "gone: No such file or directory\n"


@needs_checkout
def test_the_first_page_shows_what_it_prints(tmp_path: Path) -> None:
    printed = demo(tmp_path).stdout.rstrip().splitlines()
    page = (ROOT / "README.md").read_text("utf-8").splitlines()
    shown = [line.removeprefix("    ") for line in page]
    start = shown.index(printed[0])
    assert shown[start : start + len(printed)] == printed


@needs_checkout
def test_the_picture_of_the_first_page_is_small_and_can_be_made_again() -> None:
    picture = "examples/detections/report.png"
    assert f"({picture})" in (ROOT / "README.md").read_text("utf-8")
    assert (ROOT / picture).stat().st_size < 150_000
    command = "python -m tests.support.screenshot"
    assert command in (ROOT / "CONTRIBUTING.md").read_text("utf-8")
