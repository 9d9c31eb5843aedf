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
# Those that start many processes, build something, try many random inputs, or read
# millions of lines.
SLOW = (
    "bench/test_bench_gate.py",
    "commands/test_ack_promise.py",
    "commands/test_ack_rsyslog.py",
    "commands/test_beginning.py",
    "commands/test_check_and_explain.py",
    "commands/test_check_shipped.py",
    "commands/test_config_files.py",
    "commands/test_convert.py",
    "commands/test_convert_output.py",
    "commands/test_convert_packed.py",
    "commands/test_convert_resume.py",
    "commands/test_damaged_state.py",
    "commands/test_doubt.py",
    "commands/test_doubt_forms.py",
    "commands/test_exhaustion.py",
    "commands/test_filter_files.py",
    "commands/test_filter_forms.py",
    "commands/test_filter_process.py",
    "commands/test_format_option.py",
    "commands/test_listen.py",
    "commands/test_listen_tls.py",
    "commands/test_mistakes.py",
    "commands/test_otlp_option.py",
    "commands/test_own_files.py",
    "commands/test_progress.py",
    "commands/test_receive.py",
    "commands/test_refused_start.py",
    "commands/test_replay.py",
    "commands/test_replay_kept.py",
    "commands/test_reply.py",
    "commands/test_start.py",
    "commands/test_tail_appliances.py",
    "commands/test_tail_process.py",
    "commands/test_time_process.py",
    "commands/test_wait_process.py",
    "commands/test_watch.py",
    "differential/test_differential.py",
    "enrich/test_commands.py",
    "enrich/test_directory.py",
    "enrich/test_new_table.py",
    "enrich/test_zones.py",
    "envelope/test_zones.py",
    "formats/test_ocsf.py",
    "formats/test_ocsf_valid.py",
    "fuzz/test_fuzz.py",
    "grammar/test_linear.py",
    "grammar/test_one_rule.py",
    "hostile/test_listen_senders.py",
    "hostile/test_listen_stops.py",
    "hostile/test_supply_chain.py",
    "inputs/follow/test_follow_bounds.py",
    "inputs/follow/test_follow_faults.py",
    "inputs/follow/test_follow_model.py",
    "inputs/follow/test_follow_positions.py",
    "inputs/follow/test_follow_watch.py",
    "inputs/test_senders.py",
    "metrics/test_exposition.py",
    "metrics/test_health.py",
    "metrics/test_metrics.py",
    "metrics/test_metrics_server.py",
    "outputs/test_event_file.py",
    "outputs/test_event_file_commands.py",
    "outputs/test_forward_fluent_server.py",
    "outputs/test_forward_fuzz.py",
    "outputs/test_forward_misbehaviour.py",
    "outputs/test_forward_poison.py",
    "outputs/test_otlp.py",
    "outputs/test_otlp_failures.py",
    "outputs/test_otlp_refusals.py",
    "outputs/test_otlp_settings.py",
    "pipeline/test_blocks_and_replays.py",
    "pipeline/test_foreign_text.py",
    "pipeline/test_interleaved_sessions.py",
    "pipeline/test_names_of_others.py",
    "pipeline/test_native_fleet.py",
    "pipeline/test_native_outbound.py",
    "pipeline/test_population.py",
    "pipeline/test_properties.py",
    "pipeline/test_small_events.py",
    "pipeline/test_two_appliances.py",
    "pipeline/test_waiting.py",
    "pipeline/test_waiting_bounds.py",
    "privacy/test_commands.py",
    "privacy/test_mistyped.py",
    "privacy/test_pseudonyms.py",
    "report/test_in_browser.py",
    "report/test_report.py",
    "report/test_tally.py",
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
