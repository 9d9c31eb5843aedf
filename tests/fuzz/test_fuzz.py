"""A short run of every target with a fixed seed; `make fuzz` runs them for long."""

import random
from pathlib import Path

import pytest

from tests.fuzz.lines import batch, judged, mutated
from tests.fuzz.oracle import wrong_fields
from tests.fuzz.seeds import seeds
from tests.fuzz.targets import CORPUS, TARGETS
from tests.harness import inbound, native, opened, run, syslog

INPUTS = sorted(file for file in CORPUS.rglob("*") if file.is_file())


def test_every_seed_is_in_the_corpus_and_every_target_has_one() -> None:
    for target, name, data in seeds():
        if target != "checkpoint":
            assert (CORPUS / target / name).read_bytes() == data
    assert {file.parent.name for file in INPUTS} == set(TARGETS)


@pytest.mark.parametrize("file", INPUTS, ids=lambda f: f"{f.parent.name}-{f.name}")
def test_the_corpus(file: Path) -> None:
    TARGETS[file.parent.name](file.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_mutations_of_the_corpus(name: str) -> None:
    chance = random.Random(name)
    inputs = [file.read_bytes() for file in INPUTS if file.parent.name == name]
    for _ in range(150):
        TARGETS[name](mutated(chance.choice(inputs), chance))
        TARGETS[name](chance.randbytes(chance.randrange(64)))


def test_mutated_lines() -> None:
    found = [judged(list(batch(random.Random(f"short {n}")))) for n in range(50)]
    assert sum(len(run.events) for run in found) > 500
    assert sum(len(run.dead) for run in found) > 100


@pytest.mark.parametrize(
    ("right", "broken"),
    [(b"<22>", b"<2x>"), (b"<22>", b"<2222>"), (b"<22>Apr", b"<22>Xxx,")],
)
def test_a_line_is_not_read_by_the_header_of_the_line_before(
    right: bytes, broken: bytes
) -> None:
    line = syslog(inbound(user="ben")).replace(right, broken)
    alone, after = run([line]), run([syslog(b"ICID 1 close"), line])
    assert after.results == alone.results
    assert [d["event"]["original"] for d in after.dead] == [
        d["event"]["original"] for d in alone.dead
    ]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("user", "name"), "eve"),
        (("source", "address"), "203.0.113.66"),
        (("cisco_esa", "auth", "mechanism"), "NONE"),
        (("cisco_esa", "reverse_dns", "name"), "other.example.com"),
        (("event", "original"), "another line"),
        (("event", "outcome"), "success"),
    ],
)
def test_the_oracle_sees_what_is_wrong(path: tuple[str, ...], value: str) -> None:
    lines = [native(body) for body in (*opened(), inbound())]
    found = run(lines)
    assert list(wrong_fields(lines, found)) == []
    *groups, name = path
    target = found.results[0]
    for group in groups:
        target = target[group]
    target[name] = value
    assert list(wrong_fields(lines, found)) != []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("user", "name"), "eve"),
        (("source", "address"), "203.0.113.66"),
        (("cisco_esa", "admin", "privilege"), "admin"),
        (("event", "outcome"), "failure"),
        (("event", "reason"), "no"),
        (("event", "original"), "another line"),
    ],
)
def test_the_oracle_sees_what_is_wrong_of_an_administrator(
    path: tuple[str, ...], value: str
) -> None:
    body = b"The user ann successfully logged on from 192.0.2.44 with privilege guest."
    lines = [native(body), native(inbound(user="eve"))]
    found = run(lines)
    assert list(wrong_fields(lines, found)) == []
    *groups, name = path
    target = found.results[0]
    for group in groups:
        target = target[group]
    target[name] = value
    assert list(wrong_fields(lines, found)) != []


def test_what_stands_where_a_native_level_does_makes_no_line_native() -> None:
    """Its stamp, host and program take the 24 bytes of a native stamp."""
    foreign = b"<22>Apr 22 11:00:08 e1 m Info: ICID 450 TLS success cipher EVIL"
    assert foreign[24:31] == b" Info: "
    lines = [*map(native, opened()), foreign, native(inbound(), 9)]
    assert judged(lines).results[0]["tls"] == {"established": False}
    closed = foreign[:31] + b"ICID 450 close"
    lines = [*map(native, opened()), closed, native(inbound(), 9)]
    assert "source" in run(lines).results[0]
