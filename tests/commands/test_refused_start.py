"""What ends a command before it reads a line: settings, options, a closed stream."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.commands.attempts import QUICK_START, stream_of
from tests.support.process import PATIENCE, command, esa_auth


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colour: red", ["top level", "colour"]),
        ("input: {record: {mesage: x}}", ["input.record", "mesage"]),
        ("sessions: {cap: many}", ["sessions.cap", "whole number"]),
        ("join: {wait: -1}", ["join.wait", "-1"]),
        ("join: {wait: 61}", ["join.wait", "61"]),
        ("join: {wait: 1.5}", ["join.wait", "1.5"]),
        ("timezone: Mars/Olympus", ["timezone", "Mars/Olympus"]),
        ("appliance: 2024-01-01", ["appliance", "date"]),
        ("a: &a [x]\nb: [*a, *a]", ["not YAML", "aliases"]),
        ("x: !!python/object/apply:os.system [id]", ["not YAML", "tag"]),
        ("{", ["not YAML"]),
        ("\x00", ["not YAML"]),
        ("[" * 2000, ["not YAML"]),
    ],
)
def test_a_bad_configuration_ends_it_before_a_line_is_read(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    file = tmp_path / "esa-auth.yaml"
    file.write_text(text)
    ended = esa_auth("filter", "--config", str(file), stdin=stream_of(QUICK_START))
    ended.assert_refused(str(file) if "zone" not in text else "", *words)
    esa_auth("check", "--config", str(file)).assert_refused(*words)


def test_a_bad_command_line(tmp_path: Path) -> None:
    missing = str(tmp_path / "none.yaml")
    esa_auth("filter", "--config", missing).assert_refused(missing, "No such file")
    esa_auth("filter", "--timezone", "Mars").assert_refused("timezone", "Mars")
    name = os.fsdecode(b"\xff")
    esa_auth("filter", "--appliance", name).assert_refused("appliance", "UTF-8")
    for words in ((), ("filter", "--nothing"), ("filter", "--input", "xml")):
        ended = esa_auth(*words)
        assert ended.code == 2
        assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("closing", "name"), [("<&-", "stdin"), (">&-", "stdout"), ("2>&-", "stderr")]
)
def test_a_standard_stream_that_is_closed(closing: str, name: str) -> None:
    """The next file that is opened would take its place."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closing}', "sh", *command(), "filter"],
        input=None if name == "stdin" else b"",
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    said = b"" if name == "stderr" else f"esa-auth: {name} is closed".encode()
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) <= 1
