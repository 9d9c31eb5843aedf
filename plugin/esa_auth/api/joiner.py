"""`Joiner`: lines in, events out, for who calls again and again."""

import time
from collections.abc import Iterable
from typing import Any, TypeAlias, Unpack

import msgpack
import orjson

from esa_auth.api.options import Options, configuration
from esa_auth.commands.opening import enriched, read_time
from esa_auth.errors import StateVersionError
from esa_auth.formats import converter
from esa_auth.inputs.decode import Decoder
from esa_auth.inputs.framings import among
from esa_auth.pipeline import Pipeline

Line: TypeAlias = bytes | str
Event: TypeAlias = dict[str, Any]
_FORMAT = 1
_NOT_MSGPACK = (ValueError, msgpack.UnpackException)


class Joiner:
    """Lines in, events out, for who calls again and again.

    It reads nothing and writes nothing: what it holds of open sessions is its own, and
    can be carried to another process with `snapshot` and `restore`. Not for use by
    several threads at once.

    >>> from esa_auth import Joiner
    >>> joiner = Joiner(appliance="esa01")
    >>> joiner.feed(
    ...     "Wed Apr 22 11:43:59 2009 Info: New SMTP ICID 7 interface Data (192.0.2.1)"
    ...     " address 198.51.100.7 reverse dns host unknown verified no"
    ... )
    []
    >>> [event] = joiner.feed(
    ...     "Wed Apr 22 11:44:48 2009 Info: SMTP Auth: (ICID 7) succeeded for user: ann"
    ...     " using AUTH mechanism: PLAIN with profile: staff"
    ... )
    >>> event["event"]["outcome"], event["user"]["name"], event["source"]["ip"]
    ('success', 'ann', '198.51.100.7')
    >>> [end] = joiner.close()
    >>> end["cisco_esa"]["session"]["closed"]
    False
    >>> joiner.counters["lines"], joiner.counters["results"], joiner.counters["context"]
    (2, 1, 1)
    """

    def __init__(self, **options: Unpack[Options]) -> None:
        """Take `Options`.

        Raises:
            ConfigError: an option or a key of the configuration is wrong; ``texts``
                has all that is wrong.
            TypeError: there is no such option.
        """
        config = configuration(options)
        config, self._tables = enriched(config)
        self._pipeline = Pipeline(config.pipeline, read_time, as_json=True)
        self._decoder = Decoder(
            self._pipeline,
            among(config.input_format),
            config.terms,
            lines=True,
        )
        self._convert = converter(config.output_schema)
        self._closed = False
        self.dead_letters: list[dict[str, Any]] = []
        """Lines that look like AUTH and cannot be read, as `esa-auth` writes them.

        It grows; clear it when they are dealt with.
        """

    def feed(self, lines: Line | Iterable[Line]) -> list[Event]:
        """Take a line, a text of several lines, or an iterable of either.

        A newline at the end may be there or not; text is UTF-8. Lines are of one log,
        or of several appliances if they name theirs, in log order.

        Returns:
            The events that these lines made, each yours to change.

        Raises:
            ValueError: `close` was called.
        """
        if self._closed:
            raise ValueError("the joiner is closed")
        self._pipeline.at(int(time.time()))
        if self._tables:
            self._tables.refresh()
        for line in (lines,) if isinstance(lines, bytes | str) else lines:
            data = as_bytes(line)
            self._decoder.feed(data if data.endswith(b"\n") else data + b"\n")
        return self._taken()

    def close(self) -> list[Event]:
        """Return what is left: held events, and an end of each session still open.

        Not before a `snapshot` that is to go on: these sessions would end twice. A
        second call returns nothing.
        """
        if self._closed:
            return []
        self._closed = True
        self._decoder.finish()
        self._pipeline.drain()
        return self._taken()

    @property
    def counters(self) -> dict[str, int]:
        """What became of the lines.

        ``lines`` is always the sum of ``results``, ``ancillary``, ``context``,
        ``ignored`` and ``rejected``; ``events`` and ``dead_letters`` are what was made.
        A line that waits is counted when it is known what becomes of it.
        """
        return self._pipeline.counters.as_dict()

    def snapshot(self) -> bytes:
        """Return what is held of open sessions, for `restore`.

        It holds names of users and must be kept as the log itself. Counters and dead
        letters are not in it.
        """
        state = self._pipeline.snapshot()
        packed: bytes = msgpack.packb({"format": _FORMAT, "state": state})
        return packed

    def restore(self, saved: bytes) -> None:
        """Go on with a `snapshot`; before the first line, with the same options.

        Snapshots of earlier versions can be read.

        Raises:
            ValueError: it is no snapshot, or lines were fed before.
            StateVersionError: a newer version wrote it (an `EsaAuthError`).
        """
        if self._pipeline.registry.appliances:
            raise ValueError("restore comes before the first line")
        try:
            found = msgpack.unpackb(saved, strict_map_key=False)
            if found["format"] != _FORMAT:
                raise StateVersionError(f"a snapshot of format {found['format']}")
            self._pipeline.restore(found["state"])
        except (TypeError, LookupError, AttributeError, *_NOT_MSGPACK) as error:
            raise ValueError(f"not a snapshot: {error}") from error

    def _taken(self) -> list[Event]:
        self.dead_letters += self._pipeline.take_dead()
        taken = self._pipeline.take_events()
        # What events of like connections share must not be shared with the caller.
        found = [orjson.loads(orjson.dumps(each)) for each in taken]
        return list(map(self._convert, found)) if self._convert else found


def as_bytes(line: Line) -> bytes:
    """Return a line as it stands in a log."""
    return line.encode("utf-8", "surrogateescape") if isinstance(line, str) else line
