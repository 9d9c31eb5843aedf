"""What a configuration with several mistakes, or a secret for all to read, says."""

from pathlib import Path

import pytest

from esa_auth.config import load
from esa_auth.errors import ConfigError

WRONG = """\
applianc: esa01
timezone: Europe/Berlinn
input:
  format: json
  formt: json
  max_line: wide
timezone: UTC
"""


def texts(path: Path, **overrides: str) -> list[str]:
    """Return all that is said of a file, less its path."""
    with pytest.raises(ConfigError) as caught:
        load(str(path), overrides, 0)
    assert all(text.startswith(str(path)) for text in caught.value.texts)
    return [text.removeprefix(str(path)) for text in caught.value.texts]


def written(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text)
    return path


def test_all_mistakes_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    assert texts(written(tmp_path, WRONG)) == [
        ":1: top level: unknown key 'applianc'; did you mean 'appliance'?",
        ":5: input: unknown key 'formt'; did you mean 'format'?",
        ':6: input.max_line: "wide" is not a whole number',
        ":7: timezone: is there twice",
    ]


def test_what_the_schema_does_not_know_is_told_at_once_too(tmp_path: Path) -> None:
    text = """\
timezone: Europe/Berlinn
appliances:
  esa01: {timezone: Mars}
forward: {address: "http://192.0.2.1:1"}
event_id: {key_file: /no/key}
"""
    assert texts(written(tmp_path, text)) == [
        ":1: timezone: no such time zone: 'Europe/Berlinn'; did you mean"
        " 'Europe/Berlin'?",
        ":3: appliances.esa01.timezone: no such time zone: 'Mars'",
        ":5: event_id.key_file: /no/key: No such file or directory",
        ":4: forward.address: 'http://192.0.2.1:1': HOST:PORT is wanted, as"
        " 192.0.2.20:24224, without a scheme and a path",
    ]


def test_of_very_many_mistakes_the_first_are_told(tmp_path: Path) -> None:
    text = "\n".join(f"key{number}: 1" for number in range(1000))
    found = texts(written(tmp_path, text))
    assert len(found) == 21
    assert found[-1] == ": and 980 more"


def test_a_section_whose_keys_are_all_commented_out(tmp_path: Path) -> None:
    config = load(str(written(tmp_path, "forward:\n  # address: x\n")), {}, 0)
    assert config.destination == "stdout"


def test_a_repeated_key_in_a_section(tmp_path: Path) -> None:
    text = "input:\n  format: json\n  format: text\n"
    assert ":3: input.format: is there twice" in texts(written(tmp_path, text))


@pytest.mark.parametrize("mode", [0o604, 0o620, 0o602, 0o666])
@pytest.mark.parametrize(
    "key",
    ["event_id: {key_file: KEY}", "forward: {address: 'x:1', password_file: KEY}"],
)
def test_a_secret_that_others_may_read_or_write(
    tmp_path: Path, key: str, mode: int
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s" * 32)
    secret.chmod(mode)
    (said,) = texts(written(tmp_path, key.replace("KEY", str(secret))))
    assert said.endswith(f"{secret}: open to others (mode {mode:04o}): chmod 600")


def test_a_secret_that_a_group_may_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s" * 32)
    secret.chmod(0o640)
    text = f"event_id: {{key_file: {secret}}}"
    config = load(str(written(tmp_path, text)), {}, 0)
    assert config.pipeline.id_key == b"s" * 32


def test_a_secret_that_systemd_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tmp_path / "given"
    given.mkdir()
    (given / "id.key").write_text("s" * 32)
    (given / "id.key").chmod(0o400)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
    path = written(tmp_path, "event_id: {key_file: id.key}")
    assert load(str(path), {}, 0).pipeline.id_key == b"s" * 32
    path = written(tmp_path, "event_id: {key_file: other.key}")
    assert str(given / "other.key") in texts(path)[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("addresses: [192.0.2.1]", "addresses: [192.0.2.7, 192.0.2.1]"),
        ('addresses: ["2001:db8::1"]', 'addresses: ["2001:DB8:0::1"]'),
        ("serial: 4215A-X1", "serial: 4215A-X1"),
    ],
)
def test_what_names_an_appliance_names_no_second_one(
    tmp_path: Path, one: str, other: str
) -> None:
    text = f"appliances:\n  esa01: {{{one}}}\n  esa02: {{{other}}}\n"
    (said,) = texts(written(tmp_path, text))
    assert f"appliances.esa02.{one.partition(':')[0]}: " in said
    assert said.endswith(" is that of esa01 too")


def test_an_address_may_be_said_twice_of_one_appliance(tmp_path: Path) -> None:
    text = "appliances:\n  esa01: {addresses: [192.0.2.1, 192.0.2.1]}\n"
    assert load(str(written(tmp_path, text)), {}, 0)
