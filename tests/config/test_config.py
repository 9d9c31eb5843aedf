"""The shipped defaults, who wins over whom, and what a wrong configuration says."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from jsonschema import Draft202012Validator

from esa_auth.config import MAX_CONFIG, Config, effective, load
from esa_auth.config.file import read_defaults
from esa_auth.errors import ConfigError
from esa_auth.inputs.records import Keys
from esa_auth.resources import conf_text, schema

REFERENCE = 1_700_000_000


@pytest.fixture
def defaults() -> dict[str, Any]:
    tree: dict[str, Any] = yaml.safe_load(conf_text("default.yaml"))
    return tree


def leaves(tree: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yield the dotted path of every key of ``tree``; an empty map is a key."""
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, f"{path}{key}.")
        else:
            yield path + key


def schema_leaves(node: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yield the dotted path of every key that the schema names."""
    for key, inner in node["properties"].items():
        if "properties" in inner:
            yield from schema_leaves(inner, f"{path}{key}.")
        else:
            yield path + key


def loaded(tmp_path: Path, text: str | bytes, **overrides: Any) -> Config:
    file = tmp_path / "esa-auth.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(str(file), overrides, REFERENCE)


def refusal(tmp_path: Path, text: str | bytes, **overrides: Any) -> str:
    """Return the text of the refusal, less the path of the file."""
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text, **overrides)
    said = str(caught.value)
    assert "\n" not in said
    assert len(said) < 1000
    # The line stands behind the path, if it is known.
    return re.sub(rf"^{tmp_path / 'esa-auth.yaml'}(:\d+)?: ", "", said)


def test_shipped_defaults_fit_the_schema(defaults: dict[str, Any]) -> None:
    document = schema("config")
    jsonschema_rs.Draft202012Validator(document).validate(defaults)
    Draft202012Validator(document).validate(defaults)


def test_the_swift_reader_of_defaults_reads_what_the_careful_one_does(
    defaults: dict[str, Any],
) -> None:
    assert read_defaults() == defaults


def test_schema_is_a_schema_that_allows_no_unknown_key() -> None:
    document = schema("config")
    Draft202012Validator.check_schema(document)

    def objects(node: Any) -> Iterator[dict[str, Any]]:
        if isinstance(node, dict):
            if node.get("type") == "object":
                yield node
            for inner in node.values():
                yield from objects(inner)

    for node in objects(document):
        assert node["additionalProperties"] is not True


def test_every_key_is_in_the_defaults_and_in_the_schema(
    defaults: dict[str, Any],
) -> None:
    assert sorted(leaves(defaults)) == sorted(schema_leaves(schema("config")))


def test_defaults_reach_the_settings() -> None:
    config = load(None, {}, REFERENCE)

    assert config.pipeline.reference == REFERENCE
    assert config.pipeline.appliance == "esa"
    assert config.pipeline.zone is None
    assert config.pipeline.id_key is None
    assert config.keys == Keys()
    assert (config.input_format, config.output_format) == ("auto", "json")
    assert config.dead_letter is None
    assert config.state_directory is None


def test_defaults_of_the_settings_are_the_shipped_ones() -> None:
    """A pipeline that is made without a file behaves as the command does."""
    settings = load(None, {}, 0).pipeline
    # Native code is asked for by the environment of a command.
    assert settings == type(settings)(native=settings.native)


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "---\n", "null\n"])
def test_an_empty_file_is_the_defaults(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, text) == load(None, {}, REFERENCE)


def test_file_wins_over_defaults_and_command_line_over_file(tmp_path: Path) -> None:
    text = "appliance: from-file\nsessions: {cap: 7}\ninput: {format: json}\n"
    config = loaded(tmp_path, text, **{"appliance": "from-argv"})

    assert config.pipeline.appliance == "from-argv"
    assert config.pipeline.cap == 7
    assert config.input_format == "json"
    assert config.pipeline.max_age == load(None, {}, 0).pipeline.max_age
    assert config.pipeline.max_line == load(None, {}, 0).pipeline.max_line


def test_the_values_that_count_are_all_of_them(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("sessions: {cap: 7}\n")
    own, shipped = effective(str(path)), effective(None)
    assert own["sessions"].pop("cap") == 7
    del shipped["sessions"]["cap"]
    assert own == shipped


def test_a_key_of_a_map_leaves_its_neighbours_alone(tmp_path: Path) -> None:
    keys = loaded(tmp_path, "input: {record: {host: log.syslog.hostname}}").keys
    assert keys == Keys(host="log.syslog.hostname")
    assert [field.name for field in fields(keys)] == ["message", "host", "time"]


def test_zones_of_single_appliances(tmp_path: Path) -> None:
    text = "appliances:\n  a: {timezone: Europe/Berlin}\n  b: {}\n  c: {timezone: null}"
    assert loaded(tmp_path, text).pipeline.zones == (("a", "Europe/Berlin"),)


@pytest.mark.parametrize("text", ["${HOME}", "$HOME", "%(HOME)s", "{{ HOME }}", "~"])
def test_nothing_of_the_environment_comes_in(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, f"appliance: '{text}'").pipeline.appliance == text


def test_whole_floats_become_integers(tmp_path: Path) -> None:
    """JSON Schema takes 65536.0 for an integer, and nothing can be cut at it."""
    settings = loaded(tmp_path, "input: {max_line: 65536.0}").pipeline
    assert isinstance(settings.max_line, int)


def test_key_of_the_ids(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(b"k" * 32 + b"\n")
    key.chmod(0o600)
    assert loaded(tmp_path, f"event_id: {{key_file: {key}}}").pipeline.id_key == (
        b"k" * 32
    )


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("colour: red", "top level", "unknown key 'colour'"),
        ("input: {formt: json}", "input", "did you mean 'format'?"),
        ("input: {record: {messsage: m}}", "input.record", "messsage"),
        ("appliances: {a: {zone: UTC}}", "appliances.a", "zone"),
        ("input: {max_line: wide}", "input.max_line", '"wide" is not a whole number'),
        ("input: {max_line: 1}", "input.max_line", "1 is less than 1024"),
        ("input: {max_line: true}", "input.max_line", "true is not a whole number"),
        ("input: {format: xml}", "input.format", "xml"),
        ("input: 7", "input", "7 is not keys with values"),
        ("sessions: {cap: 0}", "sessions.cap", "0 is less than 1"),
        ("appliance: ''", "appliance", "is empty"),
        ("appliance: 7", "appliance", "7 is not text"),
        ("forward: {address: host}", "forward.address", "form 192.0.2.20:24224"),
        ("output: {format: jsn}", "output.format", "did you mean 'json'?"),
        ("[]", "top level", "keys with values"),
        ("text", "top level", "keys with values"),
        ("timezone: Mars/Olympus", "timezone", "no such time zone"),
        ("timezone: ../../etc/passwd", "timezone", "no such time zone"),
        ("timezone: Europe", "timezone", "no such time zone"),
        ("appliances: {a: {timezone: Mars}}", "appliances.a.timezone", "no such"),
        # What YAML knows and JSON does not.
        ("appliance: 2024-01-01", "appliance", "date"),
        ("appliance: !!binary aGk=", "appliance", "bytes"),
        ("appliances: !!set {a}", "appliances", "set"),
        ("1: 2", "top level", "key 1 "),
        ("appliances: {10: {timezone: UTC}}", "appliances", "key 10 "),
        ('appliance: "\\ud800"', "appliance", "UTF-8"),
        # No path that the operating system would refuse with an exception of Python.
        ('dead_letter: {file: "a\\0b"}', "dead_letter.file", "NUL"),
        ('event_id: {key_file: "a\\0b"}', "event_id.key_file", "NUL"),
        ('state: {directory: "a\\0b"}', "state.directory", "NUL"),
    ],
)
def test_a_wrong_value_is_named_with_its_path(
    tmp_path: Path, text: str, where: str, what: str
) -> None:
    said_where, _, said_what = refusal(tmp_path, text).partition(": ")
    assert said_where == where
    assert what in said_what


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a: b: c", "mapping values"),
        ("{", "expected"),
        (b"\xff\xfe\x00", "character"),
        (b"\x80", "character"),
        ("\t- x", "cannot start"),
        ("!!python/object/apply:os.system [id]", "could not determine a constructor"),
        ("!esa {}", "could not determine a constructor"),
        ("a: &x [1]\nb: *x", "aliases are not allowed"),
        ("&x [*x]", "aliases are not allowed"),
        ("[" * 5000, "nested too deeply"),
        ("{a: " * 5000, "nested too deeply"),
        ("appliance: 2024-99-99", "month"),
        ("? [a]\n: b", "unhashable"),
    ],
)
def test_what_is_not_yaml_or_not_safe_is_refused(
    tmp_path: Path, text: str | bytes, what: str
) -> None:
    said = refusal(tmp_path, text)
    assert said.startswith("not YAML: ")
    assert what in said


def test_a_bomb_of_aliases_is_refused_before_it_grows(tmp_path: Path) -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    assert "aliases" in refusal(tmp_path, "\n".join(levels))


def test_a_file_of_any_size_is_not_read_whole(tmp_path: Path) -> None:
    assert "larger than" in refusal(tmp_path, b"#" * (MAX_CONFIG + 1))
    with pytest.raises(ConfigError, match="larger than"):
        load("/dev/zero", {}, 0)


def test_a_huge_value_is_not_repeated_in_full(tmp_path: Path) -> None:
    assert "appliance" in refusal(tmp_path, f"appliance: {'x' * 100_000}")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.yaml: No such file"):
        load(str(tmp_path / "missing.yaml"), {}, 0)
    with pytest.raises(ConfigError, match="Is a directory"):
        load(str(tmp_path), {}, 0)


def test_a_key_file_that_is_no_use(tmp_path: Path) -> None:
    said = refusal(tmp_path, f"event_id: {{key_file: {tmp_path / 'none'}}}")
    assert said.startswith("event_id.key_file: ")
    short = tmp_path / "short"
    short.write_bytes(b"k" * 31)
    short.chmod(0o600)
    said = refusal(tmp_path, f"event_id: {{key_file: {short}}}")
    assert said.startswith("event_id.key_file: ")
    assert "shorter than 32" in said
    assert "kkk" not in said


def test_values_of_the_command_line_are_checked_too(tmp_path: Path) -> None:
    assert refusal(tmp_path, "", timezone="Mars").startswith("timezone: ")
    assert refusal(tmp_path, "", appliance="\udcff").startswith("appliance: ")


def test_a_directory_is_refused_with_pseudonyms(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(b"k" * 32 + b"\n")
    key.chmod(0o600)
    directory = "enrich: {directory: {file: users}}\n"
    covered = f"privacy: {{pseudonymize: true, key_file: {key}}}\n{directory}"
    more = f"event_id: {{key_file: {key}}}\n"
    with pytest.raises(ConfigError, match=r"enrich\.directory\.file: not with"):
        loaded(tmp_path, more + covered)
    assert loaded(tmp_path, directory).tables["directory.file"] == "users"
