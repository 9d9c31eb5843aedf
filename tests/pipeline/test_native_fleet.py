"""Where many appliances send at once, native code leaves their lines to Python."""

from dataclasses import replace

import pytest

from esa_auth.pipeline import Pipeline, Settings, registry
from tests.bench import fleet
from tests.bench.corpora import START
from tests.pipeline.test_native import assert_same, at_once, pytestmark
from tests.support.harness import READ_AT, SETTINGS, native, syslog

__all__ = ["at_once", "pytestmark"]

LINES, SIZE = 20_000, 500


def log(appliances: int, seed: int = 1) -> list[bytes]:
    blocks = fleet.blocks(LINES, appliances, seed, START)
    return b"".join(block for block, _, _ in blocks).splitlines()


def left(lines: list[bytes]) -> int:
    """Return how many lines were left to Python for their many heads."""
    settings: Settings = replace(SETTINGS, native=True)
    pipeline = Pipeline(settings, lambda: READ_AT, as_json=True)
    for at in range(0, len(lines), SIZE):
        pipeline.feed(lines[at : at + SIZE])
    assert pipeline.native
    return pipeline.native.handed_over["many_heads"]


def test_all_is_the_same() -> None:
    assert_same(log(40))
    assert_same(log(40)[: LINES // 2] + log(1))


def test_lines_of_one_appliance_are_native() -> None:
    assert left(log(1)) == 0


def test_most_lines_of_many_are_left() -> None:
    assert left(log(40)) > 0.8 * LINES


def test_native_code_reads_again_when_the_others_fall_silent() -> None:
    lines = log(40)[: LINES // 2] + log(1)
    assert left(lines) == left(lines[: -LINES // 10])


IGNORED = native("MID 5 matched all recipients for per-recipient policy DEFAULT", 5)
OPENED = b"New SMTP ICID %d interface x address y"


def of_many(count: int = 300) -> list[bytes]:
    """Return lines of which none has the head of the one before."""
    return [syslog(OPENED % n, n % 60, f"esa{n % 50:02d}") for n in range(count)]


def test_what_is_ignored_names_no_appliance() -> None:
    assert_same([*of_many(997), *[IGNORED] * 997, *of_many(997)])


def test_what_is_ignored_moves_no_clock() -> None:
    near = [native(OPENED % 9, second) for second in range(3)]
    odd = native(OPENED % 9).replace(b"Apr", b"May")
    assert_same([*near, *of_many(994), odd, IGNORED, *of_many(995)])


def test_what_puts_off_lines_is_read_by_python() -> None:
    near = [native(OPENED % number, number) for number in range(3)]
    other = [syslog(OPENED % number, number) for number in range(1, 20)]
    odd = native(OPENED % 9).replace(b"Apr", b"May")
    mail = native("MID 5 ICID 7 From: <ann@example.com>", 5)
    assert_same([*near, *other, odd, mail])


def test_appliances_that_are_forgotten_and_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In one block, and with enough lines at once for native code to read them."""
    monkeypatch.setattr(registry, "MOST_APPLIANCES", 16)
    lines = sorted(log(40), key=lambda line: line.split()[3])
    turns = range(0, LINES // 40, 50)
    runs = [lines[at : at + LINES // 40] for at in range(0, LINES, LINES // 40)]
    mixed = [line for at in turns for run in runs for line in run[at : at + 50]]
    assert left(mixed[:997]) == 0
    assert_same(mixed)
