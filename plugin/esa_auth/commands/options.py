"""Options that several subcommands share."""

import argparse
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from io import TextIOWrapper
from textwrap import fill
from typing import TYPE_CHECKING, Any

from esa_auth.config import Config, load
from esa_auth.errors import ConfigError
from esa_auth.formats import FRAMINGS, SCHEMAS
from esa_auth.inputs import framings
from esa_auth.outputs import OUTPUTS
from esa_auth.outputs.own_file import open_own
from esa_auth.visible import visible

if TYPE_CHECKING:
    Subcommands = argparse._SubParsersAction[argparse.ArgumentParser]


def _name(option: str) -> str:
    """Return what argparse calls the value of an option."""
    return option.removeprefix("--").replace("-", "_")


# Option name -> key in the configuration.
KEYS = {
    "appliance": "appliance",
    "timezone": "timezone",
    "input": "input.format",
    "address": "listen.addresses",
    "output": "output.format",
    "format": "output.schema",
    "join_wrapped": "input.join_wrapped",
    "dead_letter": "dead_letter.file",
    "state_dir": "state.directory",
    "report_every": "sessions.report_every.recipients",
    "log_file": "log.file",
    "brokers": "stream.brokers",
    "instance": "stream.instance",
    "metrics": "metrics.address",
    "metrics_file": "metrics.file",
    **{_name(kind.option): kind.key for kind in OUTPUTS},
}


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add what every subcommand that reads lines takes."""
    add = parser.add_argument
    add("--config", metavar="FILE", help="YAML configuration, see conf/default.yaml")
    add("--appliance", metavar="NAME", help="name for lines that do not name theirs")
    add("--timezone", metavar="ZONE", help="IANA zone of the appliance's clock")
    add("--log-file", metavar="FILE", help="file for our own messages (stderr)")


def add_framing(parser: argparse.ArgumentParser) -> None:
    """Add what is around a line."""
    names = framings.names()
    parser.add_argument("--input", choices=names, help="framing of the lines (auto)")


def add_input(parser: argparse.ArgumentParser) -> None:
    """Add how lines are framed."""
    add_framing(parser)
    add = parser.add_argument
    add("--join-wrapped", action="store_true", help="join wrapped lines")


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add what every subcommand that writes events takes."""
    add = parser.add_argument
    add("--output", choices=[*FRAMINGS], help="framing of the events (json)")
    add("--dead-letter", metavar="FILE", help="file for refused lines (stderr)")
    add_format(parser)


def add_format(parser: argparse.ArgumentParser) -> None:
    """Add which schema events are written in."""
    parser.add_argument(
        "--format",
        choices=[schema.name for schema in SCHEMAS],
        help="schema of the events (ecs)",
    )


def add_outputs(parser: argparse.ArgumentParser, *, archives: bool = False) -> None:
    """Add where events can go instead of to stdout; ``archives``: as for `convert`."""
    for kind in OUTPUTS:
        if kind.archives or not archives:
            parser.add_argument(kind.option, metavar=kind.metavar, help=kind.help)


def add_live(parser: argparse.ArgumentParser) -> None:
    """Add where events go besides stdout, and what is kept over a stop."""
    add_outputs(parser)
    add = parser.add_argument
    add("--metrics", metavar="ADDR:PORT", help="serve /metrics and /healthz there")
    add("--metrics-file", metavar="FILE", help="write metrics there now and then")
    add_sessions(parser)
    add_state(parser)


def add_sessions(parser: argparse.ArgumentParser) -> None:
    """Add what is said of sessions while they are open."""
    parser.add_argument(
        "--report-every",
        type=_recipients,
        metavar="RECIPIENTS",
        help="report an open session after each so many recipients",
    )


def _recipients(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"not a number of recipients: {text!r:.40}")
    return int(text)


def add_state(parser: argparse.ArgumentParser) -> None:
    """Add where state is kept."""
    parser.add_argument(
        "--state-dir", metavar="DIR", help="where open sessions are kept over a stop"
    )


def add_stream(parser: argparse.ArgumentParser) -> None:
    """Add which brokers, and who we are to them."""
    add = parser.add_argument
    add("--brokers", metavar="HOST:PORT,...", help="brokers to begin with")
    add("--instance", metavar="NAME", help="this worker's name, the same at each start")


def load_config(args: argparse.Namespace, *, live: bool = False) -> Config:
    """Return the configuration with the options of the command line over it.

    ``live`` means that lines are read as they come, see `envelope.clock`.
    """
    overrides: dict[str, Any] = {
        key: getattr(args, option)
        for option, key in KEYS.items()
        if getattr(args, option, None)
    }
    config = load(args.config, overrides, int(time.time()))
    if config.log_file:
        log_to(config.log_file)
    return replace(config, pipeline=replace(config.pipeline, live=live))


class OneLine(logging.Formatter):
    """Writes a message on one line, whatever file names are in it."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter`."""
        text = super().formatMessage(record)
        return visible(text, len(text))


def log_to(path: str) -> None:
    """Write messages to ``path`` from now on, each with its time (UTC) and our pid.

    Raises:
        ConfigError: the file cannot be written, or is a link or another user's.
    """
    # Here, because it brings sockets and queues with it and most runs log to stderr.
    from logging.handlers import WatchedFileHandler

    class Handler(WatchedFileHandler):
        """Opens its file, also anew when it was moved away, only if it is our own."""

        def _open(self) -> TextIOWrapper:
            # A message may quote a name that a client gave.
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            descriptor = open_own(path, flags)
            return open(descriptor, "a", encoding="utf-8", errors="backslashreplace")

        def emit(self, record: logging.LogRecord) -> None:
            try:
                super().emit(record)
            except OSError:
                # As for any other failure to write: logging says so on stderr.
                self.handleError(record)

    try:
        handler = Handler(path)
    except OSError as error:
        raise ConfigError(f"log.file: {path}: {error.strerror}") from error
    form = OneLine(
        "%(asctime)sZ esa-auth[%(process)d]: %(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    form.converter = time.gmtime
    handler.setFormatter(form)
    logging.getLogger().handlers[:] = [handler]


_WIDTH = 79

_EXAMPLES: dict[str, str] = {
    "filter": """
  esa-auth filter --appliance esa01 < mail_logs > events.ndjson
  esa-auth filter --input json --dead-letter /var/lib/esa-auth/dead.ndjson
  esa-auth filter --format ocsf < mail_logs > ocsf.ndjson
  esa-auth filter --forward 192.0.2.20:24224 --metrics 127.0.0.1:9464""",
    "tail": """
  esa-auth tail /var/log/esa/mail_logs --state-dir /var/lib/esa-auth
  esa-auth tail '/var/log/esa/{appliance}/mail_logs*' \\
      --state-dir /var/lib/esa-auth \\
      --forward 192.0.2.20:24224
  esa-auth tail /var/log/esa --state-dir /var/lib/esa-auth | esa-auth watch""",
    "listen": """
  esa-auth listen tcp://0.0.0.0:514 udp://0.0.0.0:514 --timezone Europe/Berlin \\
      --state-dir /var/lib/esa-auth --forward 192.0.2.20:24224
  esa-auth listen --config /etc/esa-auth.yaml > events.ndjson""",
    "convert": """
  esa-auth convert /srv/archive/esa01 -o events.ndjson
  esa-auth convert --jobs 4 --resume -o events.ndjson /srv/archive""",
    "stream": """
  esa-auth stream --brokers 192.0.2.30:9092 --instance worker-1 \\
      --state-dir /var/lib/esa-auth""",
    "report": """
  esa-auth report events.ndjson -o report.html
  esa-auth report /srv/archive/esa01 --since 2026-03-01 --until 2026-04-01
  esa-auth report --appliance esa01 events-*.ndjson.gz -o esa01.html""",
    "replay": """
  esa-auth replay dead.ndjson --dead-letter still-dead.ndjson >> events.ndjson""",
    "receive": """
  esa-auth receive 127.0.0.1:24224
  esa-auth filter --forward 127.0.0.1:24224 < mail_logs""",
    "explain": """
  esa-auth explain 'Wed Apr 22 11:47:47 2009 Info: ICID 451 close'
  grep 'ICID 451' mail_logs | esa-auth explain""",
    "check": """
  esa-auth check --config /etc/esa-auth.yaml
  esa-auth check --events events.ndjson""",
    "watch": """
  esa-auth tail /var/log/esa --state-dir /var/lib/esa-auth | esa-auth watch
  esa-auth watch events.ndjson""",
    "completion": """
  esa-auth completion bash > ~/.local/share/bash-completion/completions/esa-auth
  esa-auth completion zsh > ~/.zfunc/_esa-auth
  esa-auth completion fish > ~/.config/fish/completions/esa-auth.fish""",
}
_WHOLE = """
  esa-auth filter < mail_logs > events.ndjson
  esa-auth report events.ndjson -o report.html
  esa-auth explain < mail_logs
  esa-auth COMMAND --help"""


def add_examples(
    whole: argparse.ArgumentParser, subcommands: Mapping[str, argparse.ArgumentParser]
) -> None:
    """Put the examples below the options, as they are written."""
    _add(whole, _WHOLE)
    for name, parser in subcommands.items():
        _add(parser, _EXAMPLES[name])


def _add(parser: argparse.ArgumentParser, examples: str) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = f"examples:{examples}"
    if parser.description:
        parser.description = fill(" ".join(parser.description.split()), _WIDTH)
