"""Which configuration counts, what ships, and how messages are written."""

import json
import re
import signal
from pathlib import Path

import pytest
import yaml

from esa_auth.commands import options
from esa_auth.commands.cli import build_parser, run
from esa_auth.resources import conf_text
from tests.support.checkout import ROOT
from tests.support.harness import inbound, native
from tests.support.process import Running, esa_auth

LINES = native(inbound()) + b"\n"


@pytest.fixture
def default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file that is read by default, of this test alone."""
    path = tmp_path / "config.yaml"
    monkeypatch.setattr(options, "DEFAULT_PATH", str(path))
    return path


def test_show_writes_all_keys_that_count(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("input: {format: json}\n")
    shown = yaml.safe_load(esa_auth("config", "show", "--config", str(file)).stdout)
    expected = yaml.safe_load(conf_text("default.yaml"))
    expected["input"]["format"] = "json"
    assert shown == expected
    one = esa_auth("config", "show", "input.format", "--config", str(file))
    assert (one.code, one.stdout) == (0, b"json\n")
    again = tmp_path / "again.yaml"
    again.write_text(yaml.safe_dump(shown))
    assert esa_auth("check", "--config", str(again)).code == 0


def test_a_key_that_is_none() -> None:
    done = esa_auth("config", "show", "input.formt")
    done.assert_refused("unknown key 'formt'; did you mean 'format'?")
    esa_auth("config", "path", "input").assert_refused("takes no KEY")


def test_the_default_file_counts_if_it_is_there(
    default: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["config", "path"]) == 0
    assert capsys.readouterr().out.startswith("no file: the defaults (")
    default.write_text("appliance: from-default\n")
    assert run(["config", "path"]) == 0
    path, defaults, schema = capsys.readouterr().out.splitlines()
    assert path == str(default)
    assert Path(defaults.removeprefix("defaults: ")).is_file()
    assert Path(schema.removeprefix("schema: ")).is_file()
    assert run(["config", "show", "appliance"]) == 0
    assert capsys.readouterr().out == "from-default\n"
    assert run(["check"]) == 0
    assert capsys.readouterr().out == f"configuration: good ({default})\n"
    assert run(["config", "show", "appliance", "--config", "/dev/null"]) == 0
    assert capsys.readouterr().out == "esa\n"


def test_check_takes_the_options_of_a_service() -> None:
    words = (
        "--forward",
        "127.0.0.1:24224",
        "--state-dir",
        "/no/such",
        "--input",
        "json",
    )
    assert esa_auth("check", *words).code == 0
    esa_auth("check", "--forward", "127.0.0.1").assert_refused("HOST:PORT is wanted")


def test_files_lists_what_ships_and_writes_it() -> None:
    listed = esa_auth("files").stdout.decode().splitlines()
    assert Path(listed[0].removesuffix(":"), "default.yaml").is_file()
    names = [line.strip() for line in listed[1:]]
    assert {"default.yaml", "rsyslog/esa-auth.conf", "systemd/esa-auth.service"} <= {
        *names
    }
    assert not any("build/" in name or name.endswith(".py") for name in names)
    below = esa_auth("files", "rsyslog").stdout.decode().splitlines()[1:]
    assert below
    assert all(line.startswith("  rsyslog/") for line in below)
    for name in ("default.yaml", "rsyslog/esa-auth.conf"):
        written = esa_auth("files", name).stdout
        assert written == (ROOT / "conf" / name).read_bytes()


def test_a_file_that_does_not_ship() -> None:
    esa_auth("files", "defualt.yaml").assert_refused("did you mean 'default.yaml'?")
    esa_auth("files", "../setup.cfg").assert_refused("no '../setup.cfg'")


def test_every_configuration_names_its_schema() -> None:
    for path in ("conf/default.yaml", "conf/rsyslog/in_place.yaml"):
        first = (ROOT / path).read_text("utf-8").splitlines()[0]
        named = first.removeprefix("# yaml-language-server: $schema=")
        assert (ROOT / path).parent.joinpath(named).resolve() == (
            ROOT / "schemas" / "config.schema.json"
        )


def test_messages_as_json_objects() -> None:
    done = esa_auth("filter", "--log-format", "json", stdin=LINES)
    assert done.code == 0
    (said,) = [json.loads(line) for line in done.stderr.splitlines()[-1:]]
    assert said["log.level"] == "info"
    assert said["message"].startswith("1 lines = 1 results")
    wrong = esa_auth("filter", "--log-format", "json", "--forward", "x")
    assert json.loads(wrong.stderr)["log.level"] == "error"


def test_less_is_said(tmp_path: Path) -> None:
    assert esa_auth("filter", "--log-level", "error", stdin=LINES).stderr == ""
    file = tmp_path / "c.yaml"
    file.write_text(
        f"log: {{level: warning, file: {tmp_path / 'log'}, format: json}}\n"
    )
    esa_auth("filter", "--config", str(file), stdin=b"no\n" * 30)
    (said,) = map(json.loads, (tmp_path / "log").read_text().splitlines())
    assert said["log.level"] == "warning"


def test_a_command_that_goes_on_says_that_it_has_started(tmp_path: Path) -> None:
    words = ("--state-dir", str(tmp_path / "state"))
    for command in (("filter",), ("tail", str(tmp_path), *words)):
        with Running(*command) as running:
            while "started; configuration: " not in running.told():
                assert running.running, running.told()
            assert f"{command[0]} 0." in running.told()
            assert "events to stdout" in running.told()
            running.close_stdin()
            running.signal(signal.SIGTERM)
            assert running.finish().code == 0


def test_the_unit_checks_what_it_starts() -> None:
    unit = (ROOT / "conf" / "systemd" / "esa-auth.service").read_text("utf-8")
    values = {"$ESA_AUTH_LOGS": "a b", "$ESA_AUTH_OPTIONS": "--metrics 127.0.0.1:9464"}
    for key in ("ExecStartPre", "ExecStart"):
        (line,) = re.findall(rf"^{key}=\S+/esa-auth (.*)$", unit, re.MULTILINE)
        for name, value in values.items():
            line = line.replace(name, value)
        line = re.sub(r"\$\{(\w+)\}", r"\1", line)
        args = build_parser().parse_args(line.split())
        assert args.metrics == "127.0.0.1:9464"
        assert args.timezone == "ESA_AUTH_TIMEZONE"
    assert args.path == ["a", "b"]
