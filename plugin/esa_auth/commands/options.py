"""Options that several subcommands share."""

import argparse
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from textwrap import fill
from typing import TYPE_CHECKING, Any

from esa_auth.commands.logs import FORMS, LEVELS, log_to, tell
from esa_auth.commands.parser import short_usage
from esa_auth.config import DEFAULT_PATH, Config, load
from esa_auth.formats import FRAMINGS, SCHEMAS
from esa_auth.inputs import framings
from esa_auth.outputs import OUTPUTS

if TYPE_CHECKING:
    Subcommands = argparse._SubParsersAction[Any]


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
    "log_level": "log.level",
    "log_format": "log.format",
    "brokers": "stream.brokers",
    "instance": "stream.instance",
    "metrics": "metrics.address",
    "metrics_file": "metrics.file",
    **{_name(kind.option): kind.key for kind in OUTPUTS},
}


_STATE = "where open sessions are kept over a stop"
_METRICS = "serve /metrics and /healthz there (without ADDR: 127.0.0.1)"


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add what every subcommand that reads lines takes."""
    add = parser.add_argument_group("configuration").add_argument
    add("--config", metavar="FILE", help=f"YAML ({DEFAULT_PATH}, if it is there)")
    add("--appliance", metavar="NAME", help="name for lines that do not name theirs")
    add("--timezone", metavar="ZONE", help="IANA zone of the appliance's clock (UTC)")
    add_messages(parser)


def add_messages(parser: argparse.ArgumentParser) -> None:
    """Add what becomes of our own messages."""
    add = parser.add_argument_group("messages of esa-auth itself").add_argument
    add("--log-file", metavar="FILE", help="file for messages (stderr)")
    add("--log-level", choices=LEVELS, help="lowest level that is logged (info)")
    add("--log-format", choices=FORMS, help="a JSON object a line, or text (text)")


def add_framing(parser: argparse.ArgumentParser, *, join: bool = False) -> None:
    """Add what is around a line; with ``join`` also that lines may be wrapped."""
    add = parser.add_argument_group("input").add_argument
    add("--input", choices=framings.names(), help="framing of the lines (auto)")
    if join:
        add("--join-wrapped", action="store_true", help="join wrapped lines")


def add_input(parser: argparse.ArgumentParser) -> None:
    """Add how lines are framed."""
    add_framing(parser, join=True)


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add what every subcommand that writes events takes."""
    group = parser.add_argument_group("events and dead letters")
    add = group.add_argument
    add("--output", choices=[*FRAMINGS], help="framing of the events (json)")
    add_format(group)
    add("--dead-letter", metavar="FILE", help="file for refused lines (stderr)")


def add_format(parser: argparse._ActionsContainer) -> None:
    """Add which schema events are written in."""
    parser.add_argument(
        "--format",
        choices=[schema.name for schema in SCHEMAS],
        help="schema of the events (ecs)",
    )


def add_outputs(parser: argparse.ArgumentParser, *, archives: bool = False) -> None:
    """Add where events can go instead of to stdout; ``archives``: as for `convert`."""
    group = parser.add_argument_group("where events go instead of to stdout")
    for kind in OUTPUTS:
        if kind.archives or not archives:
            group.add_argument(kind.option, metavar=kind.metavar, help=kind.help)


def add_live(parser: argparse.ArgumentParser) -> None:
    """Add where events go besides stdout, and what is kept over a stop."""
    add_outputs(parser)
    group = parser.add_argument_group("state and metrics")
    add_sessions(group)
    add = group.add_argument
    add("--state-dir", metavar="DIR", help=_STATE)
    add("--metrics", metavar="ADDR:PORT", help=_METRICS)
    add("--metrics-file", metavar="FILE", help="keep a file of metrics up to date")


def add_sessions(parser: argparse._ActionsContainer) -> None:
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
    parser.add_argument("--state-dir", metavar="DIR", help=_STATE)


def add_stream(parser: argparse.ArgumentParser) -> None:
    """Add which brokers, and who we are to them."""
    add = parser.add_argument_group("Kafka").add_argument
    add("--brokers", metavar="HOST:PORT,...", help="brokers to contact first")
    add("--instance", metavar="NAME", help="this worker's name, the same at each start")


def path_of(args: argparse.Namespace) -> str | None:
    """Return the configuration file that counts, if any does."""
    path: str | None = args.config
    return path or (DEFAULT_PATH if os.path.lexists(DEFAULT_PATH) else None)


def load_config(args: argparse.Namespace, *, live: bool = False) -> Config:
    """Return the configuration with the options of the command line over it.

    ``live`` means that lines are read as they come, see `envelope.clock`.
    """
    given = ((key, getattr(args, name, None)) for name, key in KEYS.items())
    # Flags that were not given are False.
    overrides = {key: value for key, value in given if value not in (None, False, [])}
    config = load(path_of(args), overrides, int(time.time()))
    if config.log_file:
        log_to(config.log_file, config.log_level, config.log_format)
    else:
        tell(config.log_level, config.log_format)
    return replace(config, pipeline=replace(config.pipeline, live=live))


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
  esa-auth listen --config /etc/esa-auth/config.yaml > events.ndjson""",
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
  esa-auth check --config /etc/esa-auth/config.yaml
  esa-auth check --events events.ndjson""",
    "config": """
  esa-auth config show
  esa-auth config show input.format --config esa-auth.yaml
  esa-auth config path""",
    "files": """
  esa-auth files
  esa-auth files default.yaml > /etc/esa-auth/config.yaml
  esa-auth files rsyslog/esa-auth.conf > /etc/rsyslog.d/30-esa-auth.conf""",
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
  esa-auth help COMMAND"""


def add_examples(
    whole: argparse.ArgumentParser, subcommands: Mapping[str, argparse.ArgumentParser]
) -> None:
    """Put the examples below the options, as they are written."""
    _add(whole, _WHOLE)
    for name, parser in subcommands.items():
        _add(parser, _EXAMPLES[name])


def _add(parser: argparse.ArgumentParser, examples: str) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.usage = short_usage(parser)
    parser.epilog = f"examples:{examples}"
    if parser.description:
        parser.description = fill(" ".join(parser.description.split()), _WIDTH)
