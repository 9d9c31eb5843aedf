"""YAML and command line -> settings; the only package that knows key names."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from esa_auth.config.file import MAX_CONFIG, ConfigFile, read_defaults, read_file
from esa_auth.config.values import (
    check_utf8,
    read_address,
    read_key,
    read_secret,
    wrong_zone,
)
from esa_auth.errors import ConfigError
from esa_auth.inputs import framings
from esa_auth.inputs.records import Keys, Terms
from esa_auth.outputs import Chosen, choose
from esa_auth.pipeline import ReportEvery, Settings
from esa_auth.suggest import did_you_mean

if TYPE_CHECKING:
    from esa_auth.inputs.listen import ListenSettings
    from esa_auth.stream.settings import StreamSettings

__all__ = ["DEFAULT_PATH", "MAX_CONFIG", "Config", "MetricsSettings", "load"]

# Read by the commands if nobody names another.
DEFAULT_PATH = "/etc/esa-auth/config.yaml"
Section = TypeVar("Section")


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """Where metrics go; ``stalled_after`` seconds without a line is not well."""

    address: str | None
    file: str | None
    stalled_after: float | None


@dataclass(frozen=True, slots=True)
class Config:
    """All that a command is told, checked."""

    # The file that was read, or None.
    path: str | None = field(compare=False)
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
    # info, warning or error; text or json.
    log_level: str
    log_format: str
    output: Chosen
    # "stdout", or the address, URL or file of the output.
    destination: str
    stream: "StreamSettings | None"
    listen: "ListenSettings | None"
    # Serial number in a file header -> name of the appliance.
    serials: dict[str, str]
    metrics: MetricsSettings
    # Key under `enrich` -> file to look things up in.
    tables: dict[str, str]

    @property
    def terms(self) -> Terms:
        """What the input is read by."""
        return Terms(self.keys, self.pipeline.max_line, self.pipeline.native)


def load(path: str | None, overrides: dict[str, Any], reference: int) -> Config:
    """Return the configuration of file ``path`` (None: the defaults).

    ``overrides`` maps dotted key paths to values of the command line; ``reference`` is
    the time that stamps without a year are near to, epoch seconds.

    Raises:
        ConfigError: the text names the key's path and what is wrong with it.
    """
    file = read_file(path) if path else None
    tree = _merge(read_defaults(), file.tree if file else {})
    for name, value in overrides.items():
        _set(tree, name.split("."), value)
    wrong = _Mistakes(file, overrides)
    wrong.of(lambda: _check_zones(tree))
    found = (
        wrong.of(lambda: _settings(tree, reference)),
        wrong.of(lambda: _framing(tree["input"]["format"])),
        wrong.of(lambda: choose(tree, read_secret)),
        wrong.of(lambda: _stream(tree["stream"])),
        wrong.of(lambda: _listen(tree["listen"])),
        wrong.of(lambda: _serials(tree["appliances"])),
        wrong.of(lambda: _tables(tree)),
    )
    wrong.raise_all()
    return _config(path, tree, *found)


def effective(path: str | None) -> dict[str, Any]:
    """Return all keys with the values that count: those of the file, or the defaults.

    Raises:
        ConfigError: as `load`.
    """
    return _merge(read_defaults(), read_file(path).tree if path else {})


class _Mistakes:
    """Collects what is wrong with the sections, so that it is all said at once."""

    def __init__(self, file: ConfigFile | None, overrides: dict[str, Any]) -> None:
        self._file, self._overrides = file, overrides
        self._texts: list[str] = []

    def of(self, read: Callable[[], Section]) -> Section | None:
        """Return what ``read`` returns, None if it raises."""
        try:
            return read()
        except ConfigError as error:
            self._texts += map(self._located, error.texts)
            return None

    def raise_all(self) -> None:
        """Raise if anything was wrong."""
        if self._texts:
            raise ConfigError(*self._texts)

    def _located(self, text: str) -> str:
        """Say in which line it is wrong, unless an option put it there."""
        if self._file is None or text.partition(": ")[0] in self._overrides:
            return text
        return self._file.located(text)


def _config(
    path: str | None,
    tree: dict[str, Any],
    settings: Any,
    framing: Any,
    output: Any,
    stream: Any,
    listen: Any,
    serials: Any,
    tables: Any,
) -> Config:
    section, _, switch = output.kind.key.partition(".")
    return Config(
        path=path,
        pipeline=settings,
        input_format=framing,
        join_wrapped=tree["input"]["join_wrapped"],
        keys=Keys(**tree["input"]["record"]),
        output_format=tree["output"]["format"],
        output_schema=tree["output"]["schema"],
        dead_letter=tree["dead_letter"]["file"],
        dead_letter_max_bytes=int(tree["dead_letter"]["max_bytes"]),
        dead_letter_keep=int(tree["dead_letter"]["keep"]),
        state_directory=tree["state"]["directory"],
        log_file=tree["log"]["file"],
        log_level=tree["log"]["level"],
        log_format=tree["log"]["format"],
        output=output,
        destination=str(tree[section][switch]) if switch else "stdout",
        stream=stream,
        listen=listen,
        serials=serials,
        metrics=MetricsSettings(**tree["metrics"]),
        tables=tables,
    )


def native_wanted() -> bool:
    """Whether native code may read lines, where it is built."""
    return os.environ.get("ESA_AUTH_NATIVE") != "0"


def _settings(tree: dict[str, Any], reference: int) -> Settings:
    zones = tuple((n, a.get("timezone")) for n, a in tree["appliances"].items())
    check_utf8("appliance", tree["appliance"])
    every = ReportEvery(**tree["sessions"]["report_every"])
    return Settings(
        appliance=tree["appliance"],
        zone=tree["timezone"],
        zones=tuple((n, z) for n, z in zones if z),
        names=tuple(_addresses(tree["appliances"]).items()),
        reference=reference,
        **tree["sessions"] | {"report_every": every},
        wait=tree["join"]["wait"],
        max_line=tree["input"]["max_line"],
        id_key=read_key("event_id.key_file", tree["event_id"]["key_file"]),
        native=native_wanted(),
        whole=tree["validation"]["mode"] == "whole",
        **_privacy(tree),
    )


def _check_zones(tree: dict[str, Any]) -> None:
    zones = {"timezone": tree["timezone"]}
    for name, appliance in tree["appliances"].items():
        zones[f"appliances.{name}.timezone"] = appliance.get("timezone")
    found = (wrong_zone(where, zone) for where, zone in zones.items())
    if wrong := [text for text in found if text]:
        raise ConfigError(*wrong)


def _framing(name: str) -> str:
    names = framings.names()
    if name not in names:
        told = f"{name!r:.40} is none of {', '.join(names)}{did_you_mean(name, names)}"
        raise ConfigError(f"input.format: {told}")
    return name


def _stream(tree: dict[str, Any]) -> "StreamSettings | None":
    if not tree["brokers"]:
        return None
    # Here, because one command alone has brokers.
    from esa_auth.config.stream import stream_settings

    return stream_settings(tree)


def _listen(tree: dict[str, Any]) -> "ListenSettings | None":
    if not tree["addresses"]:
        return None
    # Here, because one command alone listens.
    from esa_auth.config.listen import listen_settings

    return listen_settings(tree)


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


def _addresses(appliances: dict[str, dict[str, Any]]) -> dict[str, str]:
    names: dict[str, str] = {}
    for name, appliance in appliances.items():
        for text in appliance.get("addresses", []):
            where = f"appliances.{name}.addresses"
            address = read_address(where, text)
            if names.setdefault(address, name) != name:
                raise ConfigError(f"{where}: {text} is that of {names[address]} too")
    return names


def _privacy(tree: dict[str, Any]) -> dict[str, Any]:
    wanted = tree["privacy"]
    if not (wanted["pseudonymize"] or wanted["redact"]):
        return {}
    if not tree["event_id"]["key_file"]:
        # With the public key, who guesses a name can try it on the event.id.
        raise ConfigError("event_id.key_file: privacy needs a key of your own")
    key = read_key("privacy.key_file", wanted["pseudonymize"] and wanted["key_file"])
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
