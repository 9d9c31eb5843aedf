"""What the interface for Python can be told, and the configuration that it means."""

import os
import time
from dataclasses import replace
from typing import Any, Literal, TypedDict

from esa_auth.config import Config, load
from esa_auth.errors import ConfigError


class Options(TypedDict, total=False):
    """What `events`, `Joiner` and `explain` can be told; all may be left out.

    Attributes:
        appliance: Name for lines that do not name their appliance, ``"esa"`` by
            default. It is a part of every ``event.id``: one log must always be read
            under the same name, by whatever way in.
        timezone: IANA name of the zone of the appliance's clock. Without it, times
            without a zone are read in UTC, and events of syslog lines are flagged
            ``assumed_utc``.
        live: Whether the lines are of now. False by default, as for an archive: a line
            with another date than those around it is put off until it is clear why.
            With True, the clock of this machine says what is plausible.
        wait: Seconds of the log that an event waits for late lines of its session.
        format: What an event is written as: ``"ecs"`` (default), ``"ocsf"``, ``"cim"``.
        config: Path of a YAML file as the commands take it. No file is read without it,
            and options win over it.
    """

    appliance: str
    timezone: str
    live: bool
    wait: int
    format: Literal["ecs", "ocsf", "cim"]
    config: str | os.PathLike[str]


def configuration(options: Options) -> Config:
    """Return the configuration that the options mean.

    Raises:
        ConfigError, TypeError: see `Joiner`.
    """
    if unknown := options.keys() - Options.__annotations__.keys():
        raise TypeError(f"no option {', '.join(sorted(unknown))}")
    keys = {
        "appliance": "appliance",
        "timezone": "timezone",
        "wait": "join.wait",
        "format": "output.schema",
    }
    given: dict[str, Any] = dict(options)
    overrides = {
        key: given[name] for name, key in keys.items() if given.get(name) is not None
    }
    file = given.get("config")
    path = None if file is None else os.fspath(file)
    config = load(path, overrides, int(time.time()))
    if config.join_wrapped:
        raise ConfigError("input.join_wrapped: not here, where lines come whole")
    live = bool(given.get("live", False))
    return replace(config, pipeline=replace(config.pipeline, live=live))
