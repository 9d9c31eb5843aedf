"""YAML and command line -> settings; the only module that knows key names."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import jsonschema_rs
import yaml

from esa_auth.errors import ConfigError
from esa_auth.inputs.records import Keys
from esa_auth.pipeline import Settings
from esa_auth.resources import conf_text, schema
from esa_auth.stream.settings import Security, StreamSettings, Topics

if TYPE_CHECKING:
    from esa_auth.outputs.forward import ForwardSettings

MAX_CONFIG = 1 << 20
_MIN_KEY = 32
_PEM = ("ca_file", "cert_file", "key_file")


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """Where metrics go; ``stalled_after`` seconds without a line is not well."""

    address: str | None
    file: str | None
    stalled_after: float | None


@dataclass(frozen=True, slots=True)
class Config:
    """All that a command is told, checked."""

    pipeline: Settings
    input_format: str
    join_wrapped: bool
    keys: Keys
    output_format: str
    # ecs, ocsf or cim: what an event is written as.
    output_schema: str
    dead_letter: str | None
    dead_letter_max_bytes: int
    dead_letter_keep: int
    state_directory: str | None
    log_file: str | None
    forward: "ForwardSettings | None"
    stream: StreamSettings | None
    # Serial number in a file header -> name of the appliance.
    serials: dict[str, str]
    metrics: MetricsSettings
    # Key under `enrich` -> file to look things up in.
    tables: dict[str, str]


def load(path: str | None, overrides: dict[str, Any], reference: int) -> Config:
    """Return the configuration of file ``path`` (None: the defaults).

    ``overrides`` maps dotted key paths to values of the command line; ``reference`` is
    the time that stamps without a year are near to, epoch seconds.

    Raises:
        ConfigError: the text names the key's path and what is wrong with it.
    """
    defaults = yaml.safe_load(conf_text("default.yaml"))
    tree = _merge(defaults, _whole(_read(path)) if path else {})
    for key, value in overrides.items():
        _set(tree, key.split("."), value)
    return Config(
        _settings(tree, reference),
        tree["input"]["format"],
        tree["input"]["join_wrapped"],
        Keys(**tree["input"]["record"]),
        tree["output"]["format"],
        tree["output"]["schema"],
        tree["dead_letter"]["file"],
        int(tree["dead_letter"]["max_bytes"]),
        int(tree["dead_letter"]["keep"]),
        tree["state"]["directory"],
        tree["log"]["file"],
        _forward(tree["forward"]) if tree["forward"]["address"] else None,
        _stream(tree["stream"]) if tree["stream"]["brokers"] else None,
        _serials(tree["appliances"]),
        MetricsSettings(**tree["metrics"]),
        _tables(tree),
    )


def _settings(tree: dict[str, Any], reference: int) -> Settings:
    zones = tuple((n, a.get("timezone")) for n, a in tree["appliances"].items())
    _check_utf8("appliance", tree["appliance"])
    _check_zone("timezone", tree["timezone"])
    for name, zone in zones:
        _check_zone(f"appliances.{name}.timezone", zone)
    return Settings(
        appliance=tree["appliance"],
        zone=tree["timezone"],
        zones=tuple((n, z) for n, z in zones if z),
        reference=reference,
        **tree["sessions"],
        wait=tree["join"]["wait"],
        max_line=tree["input"]["max_line"],
        id_key=_key("event_id.key_file", tree["event_id"]["key_file"]),
        **_privacy(tree),
    )


def _forward(tree: dict[str, Any]) -> "ForwardSettings":
    # Here, because it brings TLS and the logger with it and most runs write to stdout.
    from esa_auth.outputs.forward import ForwardSettings, TlsSettings

    host, _, port = tree["address"].rpartition(":")
    files = {k: Path(v) for k, v in tree["tls"].items() if k.endswith("_file") and v}
    tls = TlsSettings(server_name=tree["tls"]["server_name"], **files)
    try:
        return ForwardSettings(
            host=host.strip("[]"),
            port=int(port),
            tag=tree["tag"],
            shared_key=_secret("forward.shared_key_file", tree["shared_key_file"]),
            self_hostname=tree["self_hostname"],
            username=tree["username"] or "",
            password=_secret("forward.password_file", tree["password_file"]) or "",
            tls=tls if tree["tls"]["enabled"] else None,
            gzip=tree["gzip"],
            ack_timeout=tree["ack_timeout"],
        )
    except (ConfigError, ValueError) as error:
        raise ConfigError(f"forward: {error}") from error


def _stream(tree: dict[str, Any]) -> StreamSettings:
    given = tree["security"]
    security = {k: given[k] for k in ("protocol", "sasl_mechanism", "username")}
    for key in _PEM:
        security[key] = Path(given[key]) if given[key] else None
        if given[key] and not security[key].is_file():
            raise ConfigError(f"stream.security.{key}: {given[key]}: no such file")
    for key in ("password", "key_password"):
        where = f"{key}_file"
        security[key] = _secret(f"stream.security.{where}", given[where])
    return StreamSettings(
        **{k: v for k, v in tree.items() if k not in ("security", "topics")},
        topics=Topics(**tree["topics"]),
        security=Security(**security),
    )


def _read(path: str) -> dict[str, Any]:
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_CONFIG + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    if len(data) > MAX_CONFIG:
        raise ConfigError(f"{path}: larger than {MAX_CONFIG} bytes")
    try:
        tree = yaml.load(data, Loader=_Loader)  # noqa: S506 - a SafeLoader
        if tree is None:
            return {}
        _check_plain(path, "top level", tree)
    except (yaml.YAMLError, ValueError) as error:
        why = " ".join(str(error).split())
        raise ConfigError(f"{path}: not YAML: {why}") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: not YAML: nested too deeply") from error
    found = jsonschema_rs.Draft202012Validator(schema("config")).iter_errors(tree)
    errors = sorted(found, key=lambda e: list(map(str, e.instance_path)))
    if errors:
        where = ".".join(map(str, errors[0].instance_path)) or "top level"
        raise ConfigError(f"{path}: {where}: {errors[0].message[:300]}")
    return tree  # type: ignore[no-any-return]  # an object, by the schema


class _Loader(yaml.SafeLoader):
    """Without aliases, which a configuration has no use for and a bomb is made of."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed")
        return super().compose_node(parent, index)


def _check_plain(path: str, where: str, value: Any) -> None:
    """Refuse what YAML knows and JSON does not: dates, bytes, sets, keys not text."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise ConfigError(f"{path}: {where}: key {key!r:.80} is not text")
            inside = key if where == "top level" else f"{where}.{key}"
            _check_plain(path, inside, inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check_plain(path, f"{where}.{index}", inner)
    elif isinstance(value, str):
        _check_utf8(f"{path}: {where}", value)
    elif not isinstance(value, int | float | None):
        kind = type(value).__name__
        raise ConfigError(f"{path}: {where}: a {kind}; text needs quotes")


def _whole(value: Any) -> Any:
    """Return ``value`` with 4096 for 4096.0, which JSON Schema takes for an integer."""
    if isinstance(value, dict):
        return {key: _whole(inner) for key, inner in value.items()}
    whole = isinstance(value, float) and value.is_integer()
    return int(value) if whole else value


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        merged[key] = _merge(old or {}, value) if both else value
    return merged


def _set(tree: dict[str, Any], path: list[str], value: Any) -> None:
    for key in path[:-1]:
        tree = tree[key]
    tree[path[-1]] = value


def _check_utf8(where: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(f"{where}: not UTF-8 text") from error


def _check_zone(where: str, zone: str | None) -> None:
    if zone is None:
        return
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(f"{where}: no such time zone: {zone!r}") from error


def _secret(where: str, path: str | None) -> str | None:
    if path is None:
        return None
    try:
        secret = Path(path).read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{where}: {path}: cannot be read") from error
    if not secret:
        raise ConfigError(f"{where}: {path}: is empty")
    return secret


def _serials(appliances: dict[str, dict[str, Any]]) -> dict[str, str]:
    names: dict[str, str] = {}
    for name, appliance in appliances.items():
        serial = appliance.get("serial")
        if serial is None:
            continue
        if serial in names:
            where = f"appliances.{name}.serial"
            raise ConfigError(f"{where}: {serial} is that of {names[serial]} too")
        names[serial] = name
    return names


def _privacy(tree: dict[str, Any]) -> dict[str, Any]:
    wanted = tree["privacy"]
    if not (wanted["pseudonymize"] or wanted["redact"]):
        return {}
    if not tree["event_id"]["key_file"]:
        # With the public key, who guesses a name can try it on the event.id.
        raise ConfigError("event_id.key_file: privacy needs a key of your own")
    key = _key("privacy.key_file", wanted["pseudonymize"] and wanted["key_file"])
    if wanted["pseudonymize"] and key is None:
        raise ConfigError("privacy.key_file: pseudonymize needs a file with a key")
    wait = wanted["redact_wait"] if wanted["redact"] else 0
    return {"pseudonym_key": key, "redact": wanted["redact"], "redact_wait": wait}


def _tables(tree: dict[str, Any]) -> dict[str, str]:
    kinds = tree["enrich"].items()
    found = {f"{kind}.{key}": path for kind, of in kinds for key, path in of.items()}
    if found["directory.file"] and tree["privacy"]["pseudonymize"]:
        raise ConfigError("enrich.directory.file: not with privacy.pseudonymize")
    return {name: path for name, path in found.items() if path}


def _key(where: str, path: str | None) -> bytes | None:
    if not path:
        return None
    try:
        key = Path(path).read_bytes().strip()
    except OSError as error:
        raise ConfigError(f"{where}: {path}: {error.strerror}") from error
    if len(key) < _MIN_KEY:
        raise ConfigError(f"{where}: {path}: shorter than {_MIN_KEY} bytes")
    return key
