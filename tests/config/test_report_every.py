"""`sessions.report_every` and `--report-every`: off unless asked for, and who asks."""

import re
from pathlib import Path

import pytest
import yaml

from esa_auth.commands.cli import build_parser
from esa_auth.commands.options import load_config
from esa_auth.config import load
from esa_auth.errors import ConfigError
from esa_auth.pipeline import ReportEvery
from tests.support.checkout import ROOT, needs_checkout

_STARTS = re.compile(r"/bin/esa-auth (?:filter|tail|listen|stream) [^\"\n]*")


def of_options(*words: str) -> ReportEvery:
    args = build_parser().parse_args(["filter", *words])
    return load_config(args).pipeline.report_every


def test_it_is_off_by_default() -> None:
    assert of_options() == ReportEvery(None, None)
    assert not load(None, {}, 0).pipeline.reports


def test_the_option_is_in_recipients_and_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "esa-auth.yaml"
    file.write_text("sessions: {report_every: {recipients: 5, seconds: 60}}")
    assert of_options("--config", str(file)) == ReportEvery(5, 60)
    found = of_options("--config", str(file), "--report-every", "100")
    assert found == ReportEvery(100, 60)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", "", "\u0661"])
def test_an_option_that_is_no_number_of_recipients_is_refused(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        of_options("--report-every", text)
    assert caught.value.code == 2
    assert "--report-every" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("100", "sessions.report_every"),
        ("{recipients: 0}", "sessions.report_every.recipients"),
        ("{seconds: -1}", "sessions.report_every.seconds"),
        ("{seconds: 1m}", "sessions.report_every.seconds"),
        ("{messages: 1}", "sessions.report_every"),
    ],
)
def test_a_wrong_key_or_value_is_named(tmp_path: Path, text: str, where: str) -> None:
    file = tmp_path / "esa-auth.yaml"
    file.write_text(f"sessions: {{report_every: {text}}}")
    with pytest.raises(ConfigError, match=rf": {where}: "):
        load(str(file), {}, 0)


@needs_checkout
def test_all_that_ships_asks_for_a_report_after_a_hundred_recipients() -> None:
    found = []
    for path in sorted((ROOT / "conf").rglob("*")):
        if path.suffix not in (".conf", ".service"):
            continue
        for start in _STARTS.findall(path.read_text("utf-8")):
            found.append(path.name)
            assert " --report-every 100 " in start, path
    assert len(found) == 9
    vector = yaml.safe_load((ROOT / "conf/vector/vector.yaml").read_text("utf-8"))
    command = vector["sources"]["esa_auth"]["command"]
    assert "--report-every=100" in command
