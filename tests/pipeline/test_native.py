"""With native code and without, all that comes out and all that is kept is the same."""

import os
from collections.abc import Iterator
from dataclasses import astuple, replace
from random import Random
from typing import Any

import msgpack
import pytest

from esa_auth.config import load
from esa_auth.inputs.decode import Decoder
from esa_auth.inputs.framings import among
from esa_auth.pipeline import Pipeline, Settings, writer
from esa_auth.pipeline.native import IS_BUILT
from tests.bench.corpora import Kind, Spec, stamped
from tests.pipeline.test_writer import mutated
from tests.support.golden_cases import CASES, REFERENCE, input_of
from tests.support.harness import READ_AT, SETTINGS, inbound, native, opened, syslog

pytestmark = pytest.mark.skipif(
    not IS_BUILT and not os.environ.get("ESA_AUTH_REQUIRE_NATIVE"),
    reason="needs the native code: cargo, then pip install",
)

HEADS = ("2026 Info: ", "2026 Info: ", "2026 Warning: ", "2026 ")
ODD_BODIES = [
    b"New SMTP ICID 0 interface Data 1 (192.0.2.1) address 192.0.2.9",
    b"new smtp icid 7 interface Data 1 (192.0.2.1) address 192.0.2.9",
    b"New SMTP DCID 9 interface 192.0.2.1 address 198.51.100.9 port 25",
    b"New QMTP ICID 70000 interface Data 1 (192.0.2.1) address 192.0.2.9",
    b"New SMTP ICID 1234567890123 interface Data 1 (192.0.2.1)",
    b"ICID 7 close  ",
    b"ICID 7 close\r",
    b"ICID 07 ACCEPT SG A match ALL SBRS 1.0",
    b"ICID 7",
    b"ICID  7 close",
    b"DCID 9 TLS success protocol TLSv1.2 cipher X",
    b"DCID 9 close",
    b"MID 4 ICID 7 From: <ann@example.com>",
    b"MID 4 ICID 7 RID 0 To: <ben@example.com>",
    b"MID: 4 ready 100 bytes from <ann@example.com>",
    b"Start MID 4 ICID 7",
    b"Message aborted xMID 4 XICID 7 yDCID 9",
    b"MID 5 to ourMID 4 ICID 71",
    b"Message aborted MID 4 Receiving aborted",
    b"Message aborted MID 4",
    b"Message 4 done",
    b"Start MID 5 ICID 7 (ann)",
    b"Start MID 5 ICID 7 (ann",
    b"Start MID 04 ICID 07",
    b"MID 5 ICID 7 RID 1 To: <ben@example.com>",
    b"MID 5 ICID 7 To: <ben@example.com>",
    b"MID 5 ICID 7 RID x To: <ben@example.com>",
    b"MID 5 ready 100 bytes from <ann@example.com>",
    b"MID 5 ready 100 bytes from <ann@example.com>#012",
    b"MID 5 ready 100 bytes from <\xff>",
    b"MID 5 ready  100 bytes from <ann@example.com>",
    b"Delivery start DCID 7 MID 4 to RID [0]",
    b"Message done DCID 7 MID 4 to RID [0, 1] ",
    b"Bounced: DCID 7 MID 4 to RID 0 - 5.1.0 - no ('550', ['no'])",
    b"New SMTP DCID 7 interface 192.0.2.1 address 198.51.100.9 port 25",
    b"DCID: 7 IP: 198.51.100.9 SMTP authentication using the profile p succeeded.",
    b"DCID 7 close",
    b"SMTP Auth: (ICID 7) failed for user: ann using AUTH mechanism: PLAIN "
    b"with profile: p#012",
    b"Delivery start DCID 9 MID 4 to RID [0]",
    b"message repeated 3 times: [ SMTP Auth: (ICID 7) failed]",
    b" SMTP Auth: (ICID 7) failed for user: a using AUTH mechanism: PLAIN",
    b"Something: SMTP Auth: (ICID 7) failed",
    b"Subject: Info: ICID 7 close",
    b"Begin Logfile",
    b"Time offset from UTC: 7200 seconds",
    b"Version: 15.0 SN: 00-11",
    b"",
]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the first event by template already."""
    monkeypatch.setattr(writer, "WORTH_IT", 0)


def outcome(lines: list[bytes], settings: Settings, size: int = 997) -> dict[str, Any]:
    """Return what comes out of ``lines``, and what is held before they end."""
    pipeline = Pipeline(settings, lambda: READ_AT, as_json=True)
    for at in range(0, len(lines), size):
        pipeline.feed(lines[at : at + size])
    held = unpacked(pipeline.snapshot())
    ends = {
        name: (dict(appliance.inbound.ends), dict(appliance.outbound.ends))
        for name, appliance in pipeline.registry.appliances.items()
    }
    pipeline.drain()
    return {
        "events": pipeline.take_lines(),
        "dead": pipeline.take_dead(),
        "counters": astuple(pipeline.counters),
        "held": held,
        "ends": ends,
        "order": list(pipeline.registry.appliances),
    }


def unpacked(saved: Any) -> Any:
    """Return what is saved, so that the order of fields does not matter."""
    if isinstance(saved, dict):
        return {key: unpacked(value) for key, value in saved.items()}
    if isinstance(saved, list | tuple):
        return [unpacked(value) for value in saved]
    if isinstance(saved, bytes) and saved[:1] >= b"\x80":
        return msgpack.unpackb(saved, strict_map_key=False)
    return saved


def assert_same(lines: list[bytes], settings: Settings = SETTINGS) -> None:
    pure = outcome(lines, replace(settings, native=False))
    found = outcome(lines, replace(settings, native=True))
    for name, value in pure.items():
        assert found[name] == value, name


def corpus(kind: Kind, size: int) -> list[bytes]:
    spec = Spec(kind, size, appliances=5)
    return [line.encode() for second in stamped(spec) for line in second]


@pytest.mark.parametrize("kind", ["ordinary", "flood", "quiet"])
def test_a_corpus(kind: Kind) -> None:
    assert_same(corpus(kind, 6000))


def test_most_lines_are_not_handed_over() -> None:
    lines = corpus("quiet", 6000)
    pipeline = Pipeline(replace(SETTINGS, native=True), lambda: READ_AT)
    pipeline.feed(lines)
    assert pipeline.native
    assert sum(pipeline.native.handed_over.values()) < len(lines) / 20
    assert pipeline.counters.context > len(lines) / 10


@pytest.mark.parametrize("seed", range(3))
def test_mutated_lines(seed: int) -> None:
    assert_same(list(mutated(corpus("ordinary", 4000), seed)))


@pytest.mark.parametrize(
    "settings",
    [
        replace(SETTINGS, cap=40),
        replace(SETTINGS, max_age=3),
        replace(SETTINGS, wait=2),
        replace(SETTINGS, live=True),
        replace(SETTINGS, max_line=80),
        replace(SETTINGS, id_key=b"i" * 32, pseudonym_key=b"k" * 32, redact=True),
    ],
    ids=["cap", "age", "wait", "live", "line", "privacy"],
)
def test_other_settings(settings: Settings) -> None:
    assert_same(list(mutated(corpus("ordinary", 3000), 7)), settings)


@pytest.mark.parametrize("hosts", [["esa01"], ["esa01", None, "192.0.2.77", ""]])
@pytest.mark.parametrize("times", [[None], [None, "2026-03-17T16:00:05Z"]])
def test_records(hosts: list[str | None], times: list[str | None]) -> None:
    random = Random(1)
    lines = list(mutated(corpus("ordinary", 3000), 3))
    lines[700:700] = [b"two\nlines", lines[0] + b"\n" + lines[1]]
    records = [
        (line, hosts[at // 97 % len(hosts)], times[at // 301 % len(times)])
        for at, line in enumerate(lines)
    ]
    for _ in range(20):
        at = random.randrange(len(records))
        records[at] = (records[at][0], random.choice(["esa02", None]), None)
    found = []
    for core in (False, True):
        pipeline = Pipeline(
            replace(SETTINGS, native=core), lambda: READ_AT, as_json=True
        )
        for at in range(0, len(records), 499):
            pipeline.feed_records(records[at : at + 499])
        held = unpacked(pipeline.snapshot())
        pipeline.drain()
        dead, counters = pipeline.take_dead(), astuple(pipeline.counters)
        found.append((pipeline.take_lines(), dead, counters, held))
    assert found[0] == found[1]


def odd_lines(seed: int, count: int) -> Iterator[bytes]:
    """Yield lines of few connections and appliances, most of them plain."""
    random = Random(seed)
    second = 0
    for _ in range(count):
        second += random.random() < 0.2
        icid = random.choice([7, 8, 9, 1007, 70_007])
        kind = random.random()
        if kind < 0.3:
            body = opened(icid)[random.random() < 0.5]
        elif kind < 0.45:
            body = b"ICID %d close" % icid
        elif kind < 0.55:
            body = inbound(icid, random.choice([b"ann", b"ben@example.com", b""]))
        else:
            body = random.choice(ODD_BODIES).replace(b" 7", b" %d" % icid)
        if random.random() < 0.05:
            body += b"x" * 5000
        if random.random() < 0.3:
            yield syslog(body, second, random.choice(["esa01", "esa02", "esa"]))
        else:
            level = random.choice(HEADS).encode()
            yield native(body, second).replace(b"2009 Info: ", level[:-11] + level)


@pytest.mark.parametrize("seed", range(8))
def test_odd_lines(seed: int) -> None:
    settings = replace(SETTINGS, cap=3) if seed % 4 == 0 else SETTINGS
    assert_same(list(odd_lines(seed, 1500)), settings)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_golden_case(case: Any) -> None:
    own = case / "config.yaml"
    config = load(str(own) if own.exists() else None, {}, REFERENCE)
    found = []
    for core in (False, True):
        settings = replace(config.pipeline, native=core)
        pipeline = Pipeline(settings, lambda: READ_AT, as_json=True)
        framings = among(config.input_format)
        terms = replace(config.terms, native=core)
        decoder = Decoder(pipeline, framings, terms)
        decoder.feed(input_of(case).read_bytes())
        decoder.finish()
        pipeline.drain()
        dead, counters = pipeline.take_dead(), astuple(pipeline.counters)
        found.append((pipeline.take_lines(), dead, counters))
    assert found[0] == found[1]
