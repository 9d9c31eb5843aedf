"""`--format`: one record for each event, whatever it is framed as and sent by."""

import shutil
import signal
from pathlib import Path
from typing import Any

import msgpack
import orjson
import pytest

from esa_auth.commands.convert.plan import plan
from esa_auth.commands.opening import surroundings
from esa_auth.commands.stream import Lines
from esa_auth.config import load
from esa_auth.formats import converter, foreign, origin
from esa_auth.outputs.dead_letters import DeadLetters
from tests.support import ocsf_schema
from tests.support.collector import Collector
from tests.support.golden_cases import CASES, answer, input_of
from tests.support.mutations import EVENTS
from tests.support.process import Ended, Running, esa_auth
from tests.support.secret_files import write_secret
from tests.support.watching import watching

Json = dict[str, Any]

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart" / "mail_logs"
NAMES = ("ocsf", "cim")
LINES = QUICKSTART.read_bytes() + b"SMTP Auth: (ICID 1) of a new wording\n"


def ids_of(records: list[Json]) -> list[str]:
    """Return the `event.id` of records of any schema."""
    return [
        r["metadata"]["uid"] if foreign(r) == "ocsf" else r["event.id"] for r in records
    ]


def converted(events: list[Json], name: str) -> list[Json]:
    convert = converter(name)
    assert convert
    return [convert(event) for event in events]


def filtered(*words: str) -> Ended:
    return esa_auth("filter", "--appliance", "esa01", *words, stdin=LINES)


@pytest.fixture(scope="module")
def ecs() -> Ended:
    ended = filtered()
    assert ended.assert_complete().rejected == 1
    return ended


def test_ecs_is_what_is_written_unasked(ecs: Ended) -> None:
    assert converter("ecs") is None
    assert filtered("--format", "ecs").stdout == ecs.stdout


@pytest.mark.parametrize("name", NAMES)
def test_each_event_is_one_record_and_the_account_the_same(
    ecs: Ended, name: str
) -> None:
    ended = filtered("--format", name)
    assert ended.assert_complete() == ecs.account
    assert ended.events == converted(ecs.events, name)
    assert {foreign(record) for record in ended.events} == {name}
    # What was refused stays what it is.
    (mine,), (theirs,) = ended.letters, ecs.letters
    assert mine["event"]["original"] == theirs["event"]["original"]
    assert mine["event"]["kind"] == "pipeline_error"


@pytest.mark.parametrize("name", NAMES)
def test_msgpack_holds_the_same(ecs: Ended, name: str) -> None:
    ended = filtered("--format", name, "--output", "msgpack")
    unpacker = msgpack.Unpacker()
    unpacker.feed(ended.stdout)
    assert list(unpacker) == converted(ecs.events, name)


def test_ocsf_of_the_command_is_valid() -> None:
    for record in filtered("--format", "ocsf").events:
        assert ocsf_schema.problems(record) == []


@pytest.mark.parametrize("name", NAMES)
def test_convert_writes_it_too(ecs: Ended, name: str, tmp_path: Path) -> None:
    log, into = tmp_path / "mail_logs", tmp_path / "events"
    log.write_bytes(LINES)
    words = ("--appliance", "esa01", "--format", name, "-o", str(into), str(log))
    assert esa_auth("convert", *words).code == 0
    records = [orjson.loads(line) for line in into.read_bytes().splitlines()]
    assert records == converted(ecs.events, name)


def test_convert_goes_on_only_in_the_schema_it_began(tmp_path: Path) -> None:
    log = tmp_path / "mail_logs"
    log.write_bytes(LINES)
    digests = {
        plan([str(log)], load(None, {"output.schema": name}, 0)).digest()
        for name in ("ecs", *NAMES)
    }
    assert len(digests) == 3


@pytest.mark.parametrize("name", NAMES)
def test_forward_sends_it(ecs: Ended, name: str) -> None:
    with Collector() as collector:
        ended = filtered("--format", name, "--forward", collector.address)
        assert ended.code == 0
        assert ended.account == ecs.account
    assert collector.events == converted(ecs.events, name)


@pytest.mark.parametrize("name", NAMES)
def test_stream_writes_it_by_the_same_key(name: str) -> None:
    lines = Lines(load(None, {"output.schema": name}, 0))
    pipeline = lines.pipeline()
    for line in LINES.splitlines():
        lines.feed(pipeline, b"esa01", line)
    pipeline.drain()
    sent = [m for m in lines.take(pipeline, b"esa01") if m.topic == "events"]
    records = [orjson.loads(message.value) for message in sent]
    assert {foreign(record) for record in records} == {name}
    assert ids_of(records) == [message.key.decode() for message in sent]


@pytest.mark.parametrize("name", ["ecs", *NAMES])
def test_what_cannot_be_sent_is_a_dead_letter_with_its_line(
    name: str, tmp_path: Path
) -> None:
    file = tmp_path / "dead"
    config = load(None, {"output.schema": name, "dead_letter.file": str(file)}, 0)
    around = surroundings(config, DeadLetters(str(file)))
    for event in EVENTS:
        event_id = event["event"]["id"]
        record = around.record(event)
        around.bury(event_id, record, "too large")
    letters = [orjson.loads(line) for line in file.read_bytes().splitlines()]
    for event, letter in zip(EVENTS, letters, strict=True):
        assert letter["event"]["original"] == event["event"].get("original", "")
        assert letter["observer"]["name"] == event["observer"]["name"]
        assert letter["error"]["type"] == "undeliverable"
        reasons = ("too large", f"event.id {event['event']['id']}")
        assert letter["error"]["message"] == "; ".join(reasons)


@pytest.mark.parametrize("name", NAMES)
def test_who_reads_ecs_says_that_this_is_none(name: str, tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_bytes(filtered("--format", name).stdout)
    why = f"events of --format {name}; only those of --format ecs are read"
    report = esa_auth("report", "-o", str(tmp_path / "x.html"), str(file))
    report.assert_refused(str(file), why)
    assert not (tmp_path / "x.html").exists()
    check = esa_auth("check", "--events", str(file))
    assert (check.code, check.stderr) == (2, f"esa-auth: {file}:1: {why}\n")
    with watching(str(file)) as terminal:
        assert terminal.code() == 2
        assert b"only those of --format ecs are read" in terminal.raw


def test_no_event_and_no_line_is_taken_for_one_of_another_schema() -> None:
    assert {foreign(event) for event in EVENTS} == {None}
    others: list[object] = [None, 7, "x", [], {}, {"class_uid": 3002}]
    assert {foreign(other) for other in others} == {None}
    letters = [letter for case in CASES for letter in answer(case).dead]
    assert {foreign(letter) for letter in letters} == {None}


def test_the_configuration_can_ask_for_it(ecs: Ended, tmp_path: Path) -> None:
    config = tmp_path / "esa-auth.yaml"
    config.write_text("output: {schema: ocsf}\n")
    ended = filtered("--config", str(config))
    assert ended.events == converted(ecs.events, "ocsf")
    assert filtered("--config", str(config), "--format", "ecs").stdout == ecs.stdout
    config.write_text("output: {schema: OCSF}\n")
    filtered("--config", str(config)).assert_refused("output.schema", "OCSF")


@pytest.mark.parametrize("name", NAMES)
def test_a_pseudonym_is_one_in_every_schema(name: str, tmp_path: Path) -> None:
    """What privacy takes away does not come back by another schema."""
    keys = tmp_path / "key"
    write_secret(keys, b"k" * 32)
    config = tmp_path / "esa-auth.yaml"
    config.write_text(
        f"event_id: {{key_file: {keys}}}\n"
        f"privacy: {{pseudonymize: true, key_file: {keys}}}\n"
    )
    words = ("--config", str(config))
    ended = filtered(*words, "--format", name)
    assert ended.events == converted(filtered(*words).events, name)
    assert b"ironport" in filtered().stdout
    assert b"ironport" not in ended.stdout


@pytest.mark.parametrize("name", NAMES)
def test_tail_writes_it_too(ecs: Ended, name: str, tmp_path: Path) -> None:
    log = tmp_path / "mail_logs"
    log.write_bytes(LINES)
    words = ("tail", str(log), "--state-dir", str(tmp_path / "state"))
    with Running(*words, "--appliance", "esa01", "--format", name) as tail:
        for record in converted(ecs.events, name):
            assert tail.next_event() == record
        tail.signal(signal.SIGTERM)
        tail.finish().assert_complete()


def test_the_lines_of_every_golden_case_become_valid_ocsf(tmp_path: Path) -> None:
    """From bytes to OCSF with the command itself, refused lines counted as before."""
    for case in CASES[:: max(1, len(CASES) // 12)]:
        own = case / "config.yaml"
        config = shutil.copy(own, tmp_path) if own.exists() else None
        words = ["--config", str(config)] if config else []
        stdin = input_of(case).read_bytes()
        plain = esa_auth("filter", *words, stdin=stdin).assert_complete()
        ended = esa_auth("filter", "--format", "ocsf", *words, stdin=stdin)
        assert ended.assert_complete() == plain
        for record in ended.events:
            assert ocsf_schema.problems(record) == []


def test_the_line_of_a_record_is_found_again() -> None:
    event = EVENTS[0]
    for name in NAMES:
        (record,) = converted([event], name)
        assert origin(record) == origin(event)
