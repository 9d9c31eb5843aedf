"""A secret is read from a file: what is on the command line, everyone can list."""

import re
from pathlib import Path

import pytest

from esa_auth.config import load
from esa_auth.errors import ConfigError
from tests.support.process import esa_auth

COMMANDS = ("filter", "tail", "convert", "stream", "replay", "explain", "check")


@pytest.mark.parametrize("command", COMMANDS)
def test_no_option_takes_a_secret(command: str) -> None:
    shown = esa_auth(command, "--help")
    assert shown.code == 0
    options = re.findall(rb"--[a-z-]+", shown.stdout)
    assert b"--config" in options
    assert not [o for o in options if re.search(rb"key|pass|secret|user", o)]


@pytest.mark.parametrize(
    "text",
    [
        "forward: {password: hunter2}",
        "forward: {shared_key: hunter2}",
        "stream: {security: {password: hunter2}}",
        "event_id: {key: hunter2}",
        "privacy: {key: hunter2}",
    ],
)
def test_no_key_of_the_configuration_holds_one(tmp_path: Path, text: str) -> None:
    file = tmp_path / "esa-auth.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(str(file), {}, 0)
    assert "hunter2" not in str(caught.value)
