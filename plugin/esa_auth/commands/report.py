"""`esa-auth report`: one page for people, that opens offline."""

import argparse
import logging
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from esa_auth.commands.bar import Bar
from esa_auth.commands.delivery import read_time
from esa_auth.commands.options import add_config, add_input, load_config
from esa_auth.errors import ConfigError, TemporaryError
from esa_auth.inputs.paths import expand
from esa_auth.outputs.own_file import check_replaceable, open_new

if TYPE_CHECKING:
    from esa_auth.commands.options import Subcommands
    from esa_auth.commands.reading import Reading

log = logging.getLogger("esa_auth")

_ABOUT = """Write one HTML file that needs nothing else: no server, no network. It reads
events that filter, tail or convert wrote, or raw logs, plain or compressed, of any
number of files. It is readable for its owner only, for a failed user name can be a
password. With --appliance only that appliance is reported; raw lines that do not name
theirs are taken as of it. Exit codes: 0 done; 2 a file is not there or an option is
wrong; 75 a file was broken off (the report is of the rest), or the page could not be
written."""


def add_parser(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    text = "one page for people, of events or raw logs"
    parser = subcommands.add_parser("report", help=text, description=_ABOUT)
    add_config(parser)
    add_input(parser)
    add = parser.add_argument
    add(
        "-o",
        dest="into",
        metavar="FILE",
        default="report.html",
        help="file for the page (report.html)",
    )
    add("--since", metavar="TIME", help="from this time on (ISO 8601, UTC if no zone)")
    add("--until", metavar="TIME", help="up to, and not including, this time")
    add("--quiet", action="store_true", help="no progress bar")
    add("files", nargs="+", metavar="EVENTS", help="file, directory or glob")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the page; return the exit code."""
    # Here, so that the other commands do not wait for it.
    from esa_auth.commands.reading import Reading
    from esa_auth.report import About, Tally, document, page

    about = About(
        made=read_time(),
        since=_stamp("--since", args.since),
        until=_stamp("--until", args.until),
        appliance=args.appliance,
    )
    config = load_config(args)
    try:
        check_replaceable(args.into)
    except OSError as error:
        raise ConfigError(f"-o: {args.into}: {error.strerror}") from error
    into = os.path.realpath(args.into)
    paths = expand(args.files, lambda path: os.path.realpath(path) == into)
    tally = Tally(about)
    try:
        reading = Reading(paths, config, tally.add)
        with Bar("report", reading.size, args.quiet) as bar:
            reading.run(bar)
    except OSError as error:
        raise TemporaryError(f"{error.filename}: {error.strerror}") from error
    about.files = len(paths)
    about.notes += _notes(reading)
    _write(args.into, page(document(tally)))
    log.info("%s: %d events of %d files", args.into, tally.events, len(paths))
    return 75 if reading.broken else 0


def _stamp(option: str, text: str | None) -> str | None:
    """Return ``text`` as ``@timestamp`` is written.

    Raises:
        ConfigError: it is no time.
    """
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
        utc = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"{option}: {text!r:.60} is no ISO 8601 time") from error
    iso = utc.isoformat(timespec="milliseconds")
    return iso.removesuffix("+00:00") + "Z"


def _notes(reading: "Reading") -> list[str]:
    found = []
    if reading.refused:
        found.append(f"{reading.refused} lines are no valid events and do not count.")
    if reading.rejected:
        found.append(
            f"{reading.rejected} lines look like AUTH and no rule reads them; "
            "esa-auth explain says why."
        )
    if reading.strange:
        found.append(f"{reading.strange} files do not look like logs of an ESA.")
    if reading.broken:
        found.append(f"{reading.broken} files could not be read to their end.")
    return found


def _write(path: str, data: bytes) -> None:
    """Put the page where it belongs, whole or not at all.

    Raises:
        TemporaryError: it cannot be written.
    """
    beside = f"{path}.part"
    try:
        with os.fdopen(open_new(beside), "wb") as file:
            file.write(data)
        check_replaceable(path)
        os.replace(beside, path)
    except OSError as error:
        raise TemporaryError(f"-o: {path}: {error.strerror}") from error
