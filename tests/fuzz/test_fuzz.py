"""A short run of every target with a fixed seed; `make fuzz` runs them for long."""

import random
import time
from copy import deepcopy
from pathlib import Path

import pytest

from esa_auth.envelope import read_prefix
from esa_auth.grammar import RULES, rule_for
from tests.fuzz import lines
from tests.fuzz.apart import changed_fields
from tests.fuzz.frames import FRAMES, Log, log_in
from tests.fuzz.lines import batch, judged, main, mutated
from tests.fuzz.oracle import text_of, wrong_fields
from tests.fuzz.seeds import seeds
from tests.fuzz.targets import CORPUS, TARGETS
from tests.support.harness import inbound, native, opened, run, syslog
from tests.support.process import PATIENCE

_ALONE = "without other appliances"
INPUTS = sorted(file for file in CORPUS.rglob("*") if file.is_file())


def text(raws: list[bytes]) -> Log:
    return log_in("native", b"".join(raw + b"\n" for raw in raws), random.Random(1))


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


@pytest.mark.parametrize("form", FRAMES)
def test_mutated_lines(form: str) -> None:
    logs = [batch(random.Random(f"short {n}"), form=form) for n in range(20)]
    found = [judged(log) for log in logs]
    assert sum(len(run.events) for run in found) > 300
    assert sum(len(run.dead) for run in found) > 100
    read = {
        rule.name
        for log in logs
        for line in log.lines
        if (rule := rule_for(text_of(line.raw[read_prefix(line.raw).body_at :])))
    }
    assert read == {rule.name for rule in RULES}


def test_processes_share_the_work_and_count_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for jobs in ("1", "2"):
        assert main(["--lines", "1200", "--jobs", jobs, "--portion", "2"]) == 0
    one, two = (line.split("; ")[0] for line in capsys.readouterr().out.splitlines())
    assert one == two
    assert one.startswith("1200 lines in native, syslog, rfc5424, mixed, json, msgpack")


def test_a_hang_ends_the_run_and_is_said(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lines, "HANG_SECONDS", 1)
    monkeypatch.setattr(lines, "judged", lambda _: time.sleep(PATIENCE))
    assert main(["--lines", "200"]) == 1
    said = capfd.readouterr()
    assert "a hang or a crash" in said.out
    assert "in portion" in said.err


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
    log = text([native(body) for body in (*opened(), inbound())])
    # Events of a session may have parts in common.
    found = deepcopy(judged(log))
    *groups, name = path
    target = found.results[0]
    for group in groups:
        target = target[group]
    target[name] = value
    assert list(wrong_fields(log.lines, found)) != []
    if path[0] != "source" and path[1] not in ("reverse_dns", "original"):
        assert list(changed_fields(log, found)) != []


@pytest.mark.parametrize("form", ["json", "msgpack"])
def test_the_oracle_sees_an_appliance_that_bends_another(form: str) -> None:
    log = batch(random.Random("apart"), form=form)
    found = deepcopy(judged(log))
    second = found.results[1]
    second["source"] = {"ip": "203.0.113.66"}
    said = list(changed_fields(log, found))
    assert said == [f"the events of {second['observer']['name']!r} are others {_ALONE}"]


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
    log = text([native(body), native(inbound(user="eve"))])
    found = deepcopy(judged(log))
    *groups, name = path
    target = found.results[0]
    for group in groups:
        target = target[group]
    target[name] = value
    assert list(wrong_fields(log.lines, found)) != []


def test_what_stands_where_a_native_level_does_makes_no_line_native() -> None:
    """Its stamp, host and program take the 24 bytes of a native stamp."""
    foreign = b"<22>Apr 22 11:00:08 e1 m Info: ICID 450 TLS success cipher EVIL"
    assert foreign[24:31] == b" Info: "
    lines = [*map(native, opened()), foreign, native(inbound(), 9)]
    assert judged(text(lines)).results[0]["tls"] == {"established": False}
    closed = foreign[:31] + b"ICID 450 close"
    lines = [*map(native, opened()), closed, native(inbound(), 9)]
    assert "source" in run(lines).results[0]
