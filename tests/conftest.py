"""Options and settings that all tests share."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.soak.sizes import FIGURES

# No example is measured: on a busy machine any of them takes long.
settings.register_profile("test", deadline=None, stateful_step_count=30)
settings.register_profile(
    "soak", deadline=None, max_examples=5000, stateful_step_count=100
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite expected.ndjson and counters.json of the golden cases",
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures of tests that passed, from whichever process they ran in."""
    for report in terminalreporter.getreports("passed"):
        for line in report.capstdout.splitlines():
            if FIGURES in line:
                terminalreporter.write_line(line)


TESTS = Path(__file__).parent
# Those that start many processes, build something, or read millions of lines.
SLOW = (
    "bench/test_bench_gate.py",
    "commands/test_ack_rsyslog.py",
    "commands/test_beginning.py",
    "commands/test_config_files.py",
    "commands/test_convert.py",
    "commands/test_exhaustion.py",
    "commands/test_filter_process.py",
    "commands/test_format_option.py",
    "commands/test_listen.py",
    "commands/test_mistakes.py",
    "commands/test_otlp_option.py",
    "commands/test_progress.py",
    "commands/test_receive.py",
    "commands/test_replay.py",
    "commands/test_reply.py",
    "commands/test_start.py",
    "commands/test_tail_process.py",
    "commands/test_watch.py",
    "enrich/test_commands.py",
    "fuzz/test_fuzz.py",
    "grammar/test_linear.py",
    "hostile/test_listen_senders.py",
    "hostile/test_supply_chain.py",
    "metrics/test_metrics.py",
    "outputs/test_event_file.py",
    "outputs/test_forward_fluent_server.py",
    "outputs/test_otlp.py",
    "pipeline/test_population.py",
    "privacy/test_pseudonyms.py",
    "report/test_report.py",
    "test_packaging.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make check` leaves out."""
    for name in SLOW:
        assert (TESTS / name).is_file(), f"{name} is gone: take it out of SLOW"
    slow = {TESTS / name for name in SLOW}
    for item in items:
        if item.path in slow:
            item.add_marker(pytest.mark.slow)
