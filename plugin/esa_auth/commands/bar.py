"""A progress bar on a terminal; nothing anywhere else."""

import logging
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_SECONDS_BETWEEN = 0.1


class Bar:
    """Bytes read of all there are, the rate, and the time that is left."""

    def __init__(self, what: str, total: int, quiet: bool) -> None:
        """``quiet`` or a stderr that is no terminal: no bar."""
        self.shown = not quiet and sys.stderr.isatty()
        self._what = what
        self._total = total
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._next = 0.0

    def __enter__(self) -> "Bar":
        if self.shown:
            self._bar = _progress()
            self._task = self._bar.add_task(self._what, total=self._total)
            self._bar.start()
            _log_to_stderr()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()
            _log_to_stderr()

    def read(self, done: int) -> None:
        """Show that ``done`` bytes are read."""
        if self._bar is None or self._task is None:
            return
        self._bar.update(self._task, completed=done)
        if time.monotonic() >= self._next:
            self._bar.refresh()
            self._next = time.monotonic() + _SECONDS_BETWEEN


def _progress() -> "Progress":
    # Here, because it is half of the start-up time of all the other commands.
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        # No thread: workers are forked while the bar is there.
        auto_refresh=False,
        transient=True,
    )


def _log_to_stderr() -> None:
    """Let log lines go through what stderr is now: above the bar, or as they were."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(sys.stderr)
