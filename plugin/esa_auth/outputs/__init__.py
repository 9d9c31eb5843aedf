"""Where events go: one module or package per destination, and one row in `OUTPUTS`.

A destination gets finished items and may not look into them, so none can spoil
an event for another.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NamedTuple, Protocol, TypeVar

from esa_auth.errors import ConfigError

Item_contra = TypeVar("Item_contra", contravariant=True)
Secret = Callable[[str, str | None], str | None]
"""Reads a file with a secret: the key that names it and its path, None for no file."""


class Output(Protocol[Item_contra]):
    """One destination. Every implementation says what its return is worth."""

    @property
    def counters(self) -> object | None:
        """A dataclass of fields made by `counters.metric`, if it counts anything."""

    @property
    def trouble(self) -> str:
        """Why nothing is taken now; empty if it is. For any thread."""

    def send(self, batch: Sequence[Item_contra]) -> None:
        """Hand over the whole batch, in one call that blocks until it is done.

        Raises:
            TemporaryError: not all of it was taken; the same batch may be sent
                again, which can repeat items but never loses one.
        """

    def sync(self) -> None:
        """Wait until what was sent is as safe as this destination can make it.

        Raises:
            TemporaryError: told to stop before it was.
        """

    def check(self) -> None:
        """Notice, while there is nothing to send, that nobody would take it.

        Raises:
            OutputGoneError: the reader is gone for good.
        """

    def close(self) -> None:
        """Release the connection. Safe to call twice."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an output is given by whoever opens it."""

    record: Callable[[dict[str, Any]], dict[str, Any]]
    """An event in the schema that the configuration asks for."""
    line: Callable[[dict[str, Any]], bytes]
    """An event as bytes, framed as the configuration asks for."""
    framing: str
    """Name of that framing, see `formats.FRAMINGS`."""
    schema: str
    """Name of that schema, see `formats.SCHEMAS`."""
    bury: Callable[[str, dict[str, Any], str], None]
    """Keeps an event that nobody will take: its id, its record, and the reason."""
    stop: Callable[[], bool]
    patience: float = 0.0
    """Seconds that one who takes our events has from ``stop`` on."""


class Opened(NamedTuple):
    """An output, and how an event becomes an item of it."""

    encode: Callable[[dict[str, Any]], Any]
    output: Output[Any]


class OutputKind(NamedTuple):
    """A kind of output.

    Its module has the functions ``read_settings`` and ``open_output``.
    ``read_settings`` is given the section of the configuration and a `Secret`;
    ``open_output`` what it returned, and the `Surroundings`.
    """

    name: str
    """Of the output; its metrics begin with it."""
    section: str
    """Of the configuration."""
    switch: str
    """The key in the section that, when set, chooses this output."""
    module: str
    option: str = ""
    metavar: str = ""
    help: str = ""
    acknowledged: bool = False
    """`Output.send` returns when another program has taken the events over."""
    archives: bool = False
    """`convert` can write to it."""

    @property
    def key(self) -> str:
        """The path of the switch in the configuration."""
        return f"{self.section}.{self.switch}"


STDOUT = OutputKind("stdout", "output", "", "esa_auth.outputs.stdout")
OUTPUTS = (
    OutputKind(
        "forward",
        "forward",
        "address",
        "esa_auth.outputs.forward",
        "--forward",
        "HOST:PORT",
        "send events there, acknowledged",
        acknowledged=True,
    ),
    OutputKind(
        "otlp",
        "otlp",
        "url",
        "esa_auth.outputs.otlp",
        "--otlp",
        "URL",
        "send events there as OpenTelemetry logs, acknowledged",
        acknowledged=True,
    ),
    OutputKind(
        "output_file",
        "output",
        "file",
        "esa_auth.outputs.file",
        "--output-file",
        "FILE",
        "file for the events, rotated (stdout)",
        archives=True,
    ),
)


class Chosen(NamedTuple):
    """A kind of output with its settings."""

    kind: OutputKind
    settings: Any

    def open(self, surroundings: Surroundings) -> Opened:
        """Open the output.

        Raises:
            ConfigError: a file that the settings name cannot be used.
        """
        opened: Opened = import_module(self.kind.module).open_output(
            self.settings, surroundings
        )
        return opened


def choose(tree: Mapping[str, Mapping[str, Any]], secret: Secret) -> Chosen:
    """Return the output that a configuration names; stdout if it names none.

    Raises:
        ConfigError: it names two, or a setting is wrong.
    """
    named = [kind for kind in OUTPUTS if tree[kind.section][kind.switch]]
    if len(named) > 1:
        raise ConfigError(f"{named[1].key}: not with {named[0].key}: one output only")
    kind = named[0] if named else STDOUT
    # Imported here, because most of them bring TLS with them and most runs write to
    # stdout.
    settings = import_module(kind.module).read_settings(tree[kind.section], secret)
    return Chosen(kind, settings)
