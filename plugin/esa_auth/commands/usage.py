"""Examples of each subcommand, as `--help` and the man page show them."""

import argparse
from collections.abc import Mapping
from textwrap import fill

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
