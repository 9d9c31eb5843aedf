"""Where `tail` begins at its first start: at the beginning, at a time, at the end."""

import argparse
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Self

from esa_auth import grammar
from esa_auth.commands.period import HELP, read_moment
from esa_auth.config import Config
from esa_auth.envelope import Clock, Present, read_prefix
from esa_auth.inputs.follow import Chunk, Follower
from esa_auth.model.facts import LogOffset
from esa_auth.visible import counted

_log = logging.getLogger("esa_auth")


def add_beginning(parser: argparse.ArgumentParser) -> None:
    """Add from where a log is read that no earlier start has seen."""
    group = parser.add_argument_group("first start, when no position is kept")
    add = group.add_mutually_exclusive_group().add_argument
    add("--since", metavar="TIME", help=f"begin at the first line of then: {HELP}")
    add("--from-end", action="store_true", help="begin with what is written from now")


def read_since(args: argparse.Namespace) -> float | None:
    """Return what --since means, epoch seconds.

    Raises:
        ConfigError: it is no time.
    """
    if args.since is None:
        return None
    return read_moment("--since", args.since, datetime.now(UTC)).timestamp()


class Beginning:
    """Passes over what stands in the logs before the line that is wanted first.

    It goes on doing so after a restart: what is passed over is saved by `snapshot`.
    """

    def __init__(self, config: Config, logs: Mapping[str, float | None]) -> None:
        """``logs`` are those that are not at their beginning yet.

        With the time (epoch s) of the first line that is wanted, or None for the end.
        """
        self._config, self._logs = config, dict(logs)
        self._clocks: dict[str, Clock] = {}
        self._passed = 0

    @classmethod
    def first(
        cls, since: float | None, config: Config, follower: Follower, *, from_end: bool
    ) -> Self:
        """Return where a first start begins, and say how much it finds.

        ``since`` is a time (epoch s); without it, ``from_end`` passes over everything.
        """
        logs = {log for log, _ in follower.openings()}
        size = sum(follower.unread().values())
        whole = since is None and not from_end
        if size and whole:
            told = f"{counted(len(logs), 'log')}, {size / (1 << 20):,.1f} MiB"
            _log.info("first start: reading %s from before; less: --since", told)
        return cls(config, {} if whole else dict.fromkeys(logs, since))

    @classmethod
    def again(cls, config: Config, saved: object) -> Self:
        """Return what is left to pass over of what `snapshot` returned."""
        return cls(config, _sound(saved))

    def wanted(self, chunk: Chunk, name: str) -> list[bytes]:
        """Return the lines of ``chunk`` that are to be read, of appliance ``name``."""
        if chunk.log not in self._logs:
            return chunk.lines
        since, header = self._logs[chunk.log], []
        for at, line in enumerate(chunk.lines):
            if _of_header(line):
                # It says the zone and whose the lines are that follow.
                header.append(line)
                self._learn(line, name)
            elif since is not None and self._time(line, name) >= since:
                self._reached(chunk.log, at - len(header))
                return header + chunk.lines[at:]
        self._passed += len(chunk.lines) - len(header)
        return header

    def all_read(self) -> None:
        """Note that every log was read to its end, once."""
        for log in list(self._logs):
            self._reached(log, 0)

    def snapshot(self) -> dict[str, float | None]:
        """Return what a later start needs."""
        return dict(self._logs)

    def _reached(self, log: str, passed: int) -> None:
        del self._logs[log]
        self._passed += passed
        if not self._logs:
            lines = counted(self._passed, "line")
            _log.info("passed over %s from before; reading from here", lines)

    def _time(self, line: bytes, name: str) -> float:
        """Return when a line was written, epoch s; long ago if it does not say."""
        prefix = read_prefix(line)
        clock = self._clock(prefix.host or name)
        instant = clock.resolve(prefix.stamp, prefix.around) if prefix.stamp else None
        return float("-inf") if instant is None else instant.epoch

    def _learn(self, line: bytes, name: str) -> None:
        prefix = read_prefix(line)
        fact = grammar.read(line[prefix.body_at :].decode("utf-8", "backslashreplace"))
        if isinstance(fact, LogOffset):
            self._clock(prefix.host or name).set_offset(fact.seconds)

    def _clock(self, owner: str) -> Clock:
        if owner not in self._clocks:
            settings = self._config.pipeline
            zone = dict(settings.zones).get(owner, settings.zone)
            present = Present(settings.reference)
            self._clocks[owner] = Clock(zone, settings.reference, present)
        return self._clocks[owner]


def _of_header(line: bytes) -> bool:
    """Tell a line of the header of a native file, cheaply: most lines are none."""
    body = line[line.find(b": ") + 2 :]
    return body.startswith((b"Begin Logfile", b"Version: ", b"Time offset from UTC: "))


def _sound(saved: object) -> dict[str, float | None]:
    """Return what an earlier start has saved, as far as it can be read."""
    pairs = saved.items() if isinstance(saved, dict) else ()
    return {
        log: since
        for log, since in pairs
        if isinstance(log, str) and isinstance(since, float | int | None)
    }
