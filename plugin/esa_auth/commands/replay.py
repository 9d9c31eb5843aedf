"""`esa-auth replay`: dead letters again after a fix, events on stdout."""

import argparse
import logging
import os
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from esa_auth.commands.bar import Bar
from esa_auth.commands.delivery import Run
from esa_auth.commands.opening import dead_letters, enriched, read_time, surroundings
from esa_auth.commands.options import add_config, add_output, load_config
from esa_auth.config import Config
from esa_auth.errors import ConfigError
from esa_auth.formats import json_line
from esa_auth.inputs.archives import Archive, size_of
from esa_auth.inputs.letters import LetterReader
from esa_auth.inputs.paths import spooled
from esa_auth.model.dead_letter import DAMAGED_LETTER, DeadLetter
from esa_auth.outputs.stdout import Stdout
from esa_auth.pipeline import Pipeline
from esa_auth.pipeline.replay import Replay

if TYPE_CHECKING:
    from esa_auth.commands.options import Subcommands

log = logging.getLogger("esa_auth")

_ABOUT = """Read dead letters again after a fix. The events have the ids that their
lines would have had, so an index keyed by event.id takes them once however often they
are replayed. A dead letter has lost its session: its event is flagged as one without
context (cisco_esa.session.context: missing, tag esa_no_session_context), and no session
ends are written. What is refused again goes to --dead-letter, with the letters that are
damaged or that no reading can mend."""


def add_parser(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    text = "dead letters again after a fix"
    parser = subcommands.add_parser("replay", help=text, description=_ABOUT)
    add_config(parser)
    add_output(parser)
    add = parser.add_argument
    add("--quiet", action="store_true", help="no progress bar")
    add(
        "letters",
        nargs="+",
        metavar="DEADLETTER",
        help="file, packed or not, or -",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Replay the files; return the exit code."""
    config, _ = enriched(load_config(args))
    with spooled(args.letters) as paths:
        return _replay(paths, config, args.quiet)


def _replay(paths: list[str], config: Config, quiet: bool) -> int:
    _check_apart(paths, config.dead_letter)
    letters = dead_letters(config)
    around = surroundings(config, letters)
    # Each letter is read on its own: no line comes late.
    settings = replace(config.pipeline, wait=0, redact_wait=0)
    pipeline = Pipeline(settings, read_time, as_json=True)
    encode = None if around.line is json_line else around.line
    run = Run(pipeline, encode, Stdout(around), letters)
    replayer = _Replayer(config, run)
    try:
        with Bar("replay", sum(map(size_of, paths)), quiet) as bar:
            for path in paths:
                replayer.file(path, bar)
    finally:
        line = pipeline.counters.closing_line()
        log.info("%s, %d letters damaged", line, replayer.damaged)
    return 75 if replayer.broken else 0


class _Replayer:
    """Files of dead letters, one after the other."""

    def __init__(self, config: Config, run: Run[bytes]) -> None:
        self._config = config
        self._run = run
        self._replay = Replay(run.pipeline)
        self._read = 0
        self.letters = 0
        self.damaged = 0
        self.broken = 0

    def file(self, path: str, bar: Bar) -> None:
        """Replay one file."""
        settings = self._config.pipeline
        letters, damaged = self.letters, self.damaged
        reader = LetterReader(self._config.terms, settings.appliance)
        with Archive(path) as archive:
            while block := archive.read():
                self._hand_on(reader.feed(block))
                bar.read(self._read + archive.position)
            self._hand_on(reader.finish())
            self._read += archive.position
            if archive.broken:
                log.warning("%s: broken off: %s", path, archive.broken)
                self.broken += 1
        letters, damaged = self.letters - letters, self.damaged - damaged
        if letters and letters == damaged:
            log.warning(
                "%s: none of its %d lines is a dead letter; for logs: esa-auth convert",
                path,
                letters,
            )

    def _hand_on(self, found: Iterable[DeadLetter]) -> None:
        for letter in found:
            self.letters += 1
            self.damaged += letter.why == DAMAGED_LETTER
            self._replay.feed(letter)
        self._run.deliver()


def _check_apart(paths: list[str], target: str | None) -> None:
    """Refuse to write to what is read: it would be read again without end."""
    for path in paths:
        if not os.path.isfile(path):
            raise ConfigError(f"{path}: no such file")
        if not os.access(path, os.R_OK):
            raise ConfigError(f"{path}: cannot be read")
        if target is None:
            continue
        read, written = os.path.realpath(path), os.path.realpath(target)
        older = read.startswith(written + ".") and read[len(written) + 1 :].isdigit()
        same = os.path.exists(target) and os.path.samefile(path, target)
        if same or older or read == written:
            raise ConfigError(f"dead_letter.file: {target}: {path} is being read")
