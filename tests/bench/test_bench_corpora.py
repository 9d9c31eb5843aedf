"""The corpora of the bench hold what its figures are worked out from."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgpack
import pytest

from tests.bench.corpora import Kind, Spec, expected_results, first_lines, write

KINDS: tuple[Kind, ...] = get_args(Kind)
LINES = 8_000
# Outbound results end their sessions, so a short file has too few of them.
SETTLED = 30_000
NETWORKS = [
    ipaddress.ip_network(network)
    for network in (
        "192.0.2.0/24",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "2001:db8::/32",
    )
]
ADDRESS = re.compile(r"(?<![\w.:])(?:\d+(?:\.\d+){3}|[0-9a-f]+:[0-9a-f:]*::?[0-9a-f]*)")
NAME = re.compile(r"[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b")
OWN_NAMES = re.compile(r"(?:.+\.)?example\.(?:com|org|net)")
RESULT = re.compile(r"^.{25}Info: (?:SMTP Auth: \(ICID \d+\) |DCID: \d+ IP: )")


def native(kind: Kind, cache: Path, size: int = LINES) -> list[str]:
    """Read a corpus back as lines that begin with a stamp."""
    raw = write(Spec(kind, size), cache).path.read_bytes()
    if kind == "json":
        return [json.loads(line)["message"] for line in raw.splitlines()]
    if kind == "msgpack":
        unpacker = msgpack.Unpacker()
        unpacker.feed(raw)
        return [record["message"].decode() for record in unpacker]
    if kind in ("syslog", "fleet"):
        head = re.compile(r"^<166>(\w{3} [ \d]\d [\d:]{8}) esa\d+ mail_logs: ")
        return [head.sub(r"Tue \1 2026 ", line) for line in raw.decode().splitlines()]
    return raw.decode().splitlines()


def addresses(lines: list[str]) -> Iterator[str]:
    for line in lines:
        yield from ADDRESS.findall(line[25:])


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_spec_gives_the_same_bytes(kind: Kind, tmp_path: Path) -> None:
    first = write(Spec(kind, LINES), tmp_path / "first")
    second = write(Spec(kind, LINES), tmp_path / "second")
    other = write(Spec(kind, LINES, seed=2), tmp_path / "second")
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.path.read_bytes() != other.path.read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_the_promised_work_is_in_the_file(kind: Kind, tmp_path: Path) -> None:
    lines = native(kind, tmp_path)
    corpus = write(Spec(kind, LINES), tmp_path)
    results = sum(bool(RESULT.match(line)) for line in lines)
    assert corpus.lines == len(lines)
    assert corpus.results == results == expected_results(Spec(kind, LINES))


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        ("ordinary", 0.007, 0.013),
        ("quiet", 0, 0.0001),
        ("flood", 0.24, 0.26),
        ("syslog", 0.007, 0.013),
        ("fleet", 0.007, 0.013),
    ],
)
def test_the_share_of_results(
    kind: Kind, low: float, high: float, tmp_path: Path
) -> None:
    corpus = write(Spec(kind, LINES), tmp_path)
    assert low <= corpus.results / corpus.lines < high


def test_ordinary_traffic_has_outbound_failures_guessers_and_decoys(
    tmp_path: Path,
) -> None:
    lines = native("ordinary", tmp_path, SETTLED)
    results = [line for line in lines if RESULT.match(line)]
    outbound = [line for line in results if " DCID: " in line]
    assert 0.15 < len(outbound) / len(results) < 0.35
    assert any(") failed for user" in line for line in results)
    assert any("succeeded." in line for line in outbound)
    assert any("failed: ('535'" in line for line in outbound)
    assert any("Subject" in line and "SMTP Auth:" in line for line in lines)


def test_a_fleet_has_all_its_appliances(tmp_path: Path) -> None:
    corpus = write(Spec("fleet", LINES, appliances=70), tmp_path)
    names = {line.split(b" ")[3] for line in corpus.path.read_bytes().splitlines()}
    assert len(names) == 70


def test_million_opens_every_session_and_closes_none(tmp_path: Path) -> None:
    lines = native("million", tmp_path)
    assert sum("New SMTP ICID" in line for line in lines) == LINES
    assert not any(line.endswith(" close") for line in lines)


@pytest.mark.parametrize("kind", KINDS)
def test_only_documentation_addresses_and_names(kind: Kind, tmp_path: Path) -> None:
    lines = native(kind, tmp_path)
    seen = {ipaddress.ip_address(text) for text in addresses(lines)}
    assert len(seen) > 100
    assert {address.version for address in seen} == {4, 6}
    assert not [one for one in seen if not any(one in net for net in NETWORKS)]
    names = {name for line in lines for name in NAME.findall(line)}
    assert names
    assert not [name for name in names if not OWN_NAMES.fullmatch(name)]


def test_a_cold_start_reads_18_lines_with_one_login() -> None:
    lines = first_lines().decode().splitlines()
    assert len(lines) == 18
    assert sum(bool(RESULT.match(line)) for line in lines) == 1
