"""Values that name a zone, an address or a file with a secret."""

import os
from pathlib import Path

import pytest

from esa_auth.config.values import (
    check_utf8,
    read_address,
    read_key,
    read_secret,
    wrong_zone,
)
from esa_auth.errors import ConfigError


def secret(folder: Path, data: bytes) -> str:
    path = folder / "secret"
    path.write_bytes(data)
    path.chmod(0o600)
    return str(path)


def test_a_key_has_32_bytes_at_least_less_the_blanks_around_it(tmp_path: Path) -> None:
    path = secret(tmp_path, b" " + b"k" * 32 + b"\r\n")
    assert read_key("event_id.key_file", path) == b"k" * 32
    path = secret(tmp_path, b" " + b"k" * 31 + b"\r\n")
    with pytest.raises(ConfigError, match=r"^event_id\.key_file: .*shorter than 32 by"):
        read_key("event_id.key_file", path)
    assert read_key("event_id.key_file", None) is None


def test_of_a_secret_only_the_line_end_is_taken_off(tmp_path: Path) -> None:
    path = secret(tmp_path, "  pä ss \r\n".encode())
    assert read_secret("forward.password_file", path) == "  pä ss "
    assert read_secret("forward.password_file", None) is None


@pytest.mark.parametrize(
    ("data", "why"), [(b"\n", "is empty"), (b"\xff\n", "is not UTF-8 text")]
)
def test_what_is_no_secret_is_refused(tmp_path: Path, data: bytes, why: str) -> None:
    with pytest.raises(ConfigError, match=rf"^a\.b: .*{why}"):
        read_secret("a.b", secret(tmp_path, data))


def test_a_secret_of_another_user_is_refused_and_one_of_root_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = secret(tmp_path, b"s" * 32)
    owner = os.stat(path).st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 7)
    if owner == 0:
        assert read_key("a.b", path) == b"s" * 32
        os.chown(path, 5, -1)
        owner = 5
    with pytest.raises(ConfigError, match=f"belongs to user {owner}$"):
        read_key("a.b", path)


def test_a_path_with_a_nul_character_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^a\.b: has a NUL character in it"):
        read_key("a.b", "/x\0y")


def test_a_path_with_a_slash_is_no_credential(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/nowhere")
    assert read_key("a.b", secret(tmp_path, b"s" * 32)) == b"s" * 32


@pytest.mark.parametrize(
    ("zone", "end"),
    [
        ("Europe/Berlinn", "; did you mean 'Europe/Berlin'?"),
        ("+02:00", "; a name is wanted, as Europe/Berlin, for clocks that change"),
        ("UTC+2", "; a name is wanted, as Europe/Berlin, for clocks that change"),
        ("../etc/passwd", ": '../etc/passwd'"),
    ],
)
def test_a_zone_that_is_none_is_told_with_what_is_wanted(zone: str, end: str) -> None:
    said = wrong_zone("timezone", zone)
    assert said.startswith(f"timezone: no such time zone: {zone!r}")
    assert said.endswith(end)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", None])
def test_nothing_is_wrong_with_a_zone_that_is_one(zone: str | None) -> None:
    assert wrong_zone("timezone", zone) == ""


def test_an_address_is_written_as_elsewhere() -> None:
    assert read_address("a.b", "2001:DB8:0::1") == "2001:db8::1"
    with pytest.raises(ConfigError, match=r"^a\.b: '192\.0\.2' is no IP address"):
        read_address("a.b", "192.0.2")


def test_half_of_a_surrogate_pair_is_refused() -> None:
    check_utf8("a.b", "ä€😀")
    with pytest.raises(ConfigError, match=r"^a\.b: not UTF-8 text"):
        check_utf8("a.b", "\ud800")
