"""The real commands with tables: changed, broken and missing under their hands."""

import hashlib
import os
import signal
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from esa_auth.commands.opening import enriched
from esa_auth.commands.stream import Lines
from esa_auth.config import load
from esa_auth.stream.keyed import KeyedPipelines
from tests.kafka.keyed import State
from tests.metrics.scrapes import values, wait_for
from tests.support.archive_runs import run
from tests.support.checkout import ROOT
from tests.support.collector import Collector
from tests.support.harness import inbound, native, opened
from tests.support.mmdb import PROVIDER, TOWN, write_mmdb
from tests.support.ports import free_port
from tests.support.process import PATIENCE, Running, esa_auth
from tests.support.secret_files import write_secret

EXAMPLE = Path(__file__).parents[2] / "examples" / "enrich"
SESSION = [native(body) for body in [*opened(), inbound()]]
AGAIN = native(inbound(), second=1)


def configured(folder: Path, text: str) -> str:
    path = folder / "esa-auth.yaml"
    path.write_text(text)
    return str(path)


def renamed_into(path: Path, data: bytes) -> None:
    new = path.with_suffix(".new")
    new.write_bytes(data)
    new.replace(path)


def zone(name: str) -> bytes:
    return f"198.51.100.0/24 internal {name}\n".encode()


def until(running: Running, wanted: Callable[[dict[str, Any]], bool]) -> int:
    """Feed attempts of one session until an event is as wanted; return how many."""
    ends = time.monotonic() + PATIENCE
    for count in range(1, 10_000):
        running.feed([AGAIN])
        if wanted(running.next_event()):
            return count
        assert time.monotonic() < ends, "it was not seen"
        time.sleep(0.2)
    return 0


def wait_until(happened: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < ends
        time.sleep(0.05)


def name_of(event: dict[str, Any]) -> str | None:
    name: str | None = event["network"].get("name")
    return name


def test_filter_takes_a_new_table_within_a_session(tmp_path: Path) -> None:
    path = tmp_path / "networks"
    path.write_bytes(zone("Old"))
    config = configured(tmp_path, f"enrich: {{zones: {{file: {path}}}}}\n")
    with Running("filter", "--config", config) as running:
        running.feed(SESSION)
        assert name_of(running.next_event()) == "Old"
        renamed_into(path, b"198.51.100.0/99 internal New\n")
        time.sleep(5.5)
        running.feed([AGAIN])
        assert name_of(running.next_event()) == "Old"
        renamed_into(path, zone("New"))
        more = until(running, lambda event: name_of(event) == "New")
        path.unlink()
        running.close_stdin()
        ended = running.finish()
    assert ended.assert_complete().results == 2 + more
    said = [line for line in ended.stderr.splitlines() if "enrich." in line]
    assert [line.split(": ")[3] for line in said] == ["in use", "line 1", "in use"]
    assert len({e["event"]["id"] for e in ended.events}) == len(ended.events)


def test_tables_that_are_not_there_stop_nothing_and_change_nothing(
    tmp_path: Path,
) -> None:
    words = ("geo: {file: a, asn_file: b}", "zones: {file: c}", "directory: {file: d}")
    config = configured(tmp_path, "enrich: {" + ", ".join(words) + "}\n")
    data = b"\n".join(SESSION)
    without = esa_auth("filter", stdin=data)
    ended = esa_auth("filter", "--config", config, stdin=data, cwd=tmp_path)
    ended.assert_complete()
    assert ended.stdout == without.stdout
    said = [line for line in ended.stderr.splitlines() if "enrich." in line]
    assert len(said) == 4
    assert all(line.endswith("directory: nothing is added") for line in said)
    checked = esa_auth("check", "--config", config, cwd=tmp_path)
    assert checked.code == 1
    assert checked.stderr.count("enrich.") == 4


def test_the_example_is_as_it_says(tmp_path: Path) -> None:
    text = (EXAMPLE / "README.md").read_text("utf-8")
    yaml = text.partition("```yaml\n")[2].partition("```")[0]
    for name in ("GeoLite2-City", "GeoLite2-ASN"):
        record = TOWN if name.endswith("City") else PROVIDER
        write_mmdb(tmp_path / f"{name}.mmdb", {"198.51.100.0/24": record})
    yaml = yaml.replace("/var/lib/GeoIP", str(tmp_path))
    config = configured(tmp_path, yaml.replace("/etc/esa-auth", str(EXAMPLE)))
    assert esa_auth("check", "--config", config).code == 0
    ended = esa_auth("filter", "--config", config, stdin=b"\n".join([*SESSION, b""]))
    ended.assert_complete()
    event = ended.events[0]
    assert event["source"]["geo"]["city_name"] == "Munich"
    assert event["source"]["as"]["organization"]["name"] == "Example Net"
    assert event["network"]["name"] == "Branch office Munich"
    assert event["cisco_esa"]["zone"] == "internal"
    assert event["user"]["full_name"] == "Example, Ann"
    explained = esa_auth("explain", "--config", config, stdin=b"\n".join(SESSION))
    assert "Branch office Munich" in explained.stdout.decode()


def test_a_setting_of_another_type_is_refused(tmp_path: Path) -> None:
    for text, key in (
        ("enrich: {zones: {file: 7}}", "enrich.zones.file"),
        ("enrich: {zones: {networks: []}}", "enrich.zones"),
        ("enrich: {geo: x}", "enrich.geo"),
        ("enrich: {geo: {file: ''}}", "enrich.geo.file"),
        ('enrich: {geo: {asn_file: "a\\0b"}}', "enrich.geo.asn_file"),
    ):
        esa_auth("check", "--config", configured(tmp_path, text)).assert_refused(key)


def test_a_directory_is_refused_with_pseudonyms(tmp_path: Path) -> None:
    key = tmp_path / "key"
    write_secret(key, b"k" * 32)
    privacy = f"privacy: {{pseudonymize: true, key_file: {key}}}\n"
    more = f"event_id: {{key_file: {key}}}\nenrich: {{directory: {{file: users}}}}\n"
    config = configured(tmp_path, privacy + more)
    esa_auth("filter", "--config", config).assert_refused("enrich.directory.file: not")


def test_metrics_tell_of_each_table(tmp_path: Path) -> None:
    path = tmp_path / "networks"
    path.write_bytes(zone("Old"))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    text = f"enrich: {{zones: {{file: {path}}}, geo: {{file: {tmp_path / 'none'}}}}}\n"
    port = free_port()
    words = ("--config", configured(tmp_path, text), "--metrics", f"127.0.0.1:{port}")
    with Running("filter", *words):
        found = wait_for(port, lambda found: True)
    assert found["esa_auth_table_up:zones.file"] == 1
    assert found["esa_auth_table_failures_total:zones.file"] == 0
    age = found["esa_auth_table_age_seconds:zones.file"]
    assert abs(age - (time.time() - 1_700_000_000)) < PATIENCE
    assert found["esa_auth_table_up:geo.file"] == 0
    assert found["esa_auth_table_failures_total:geo.file"] >= 1
    assert "esa_auth_table_age_seconds:geo.file" not in found


def test_without_tables_there_are_no_such_metrics(tmp_path: Path) -> None:
    target = tmp_path / "esa-auth.prom"
    esa_auth("filter", "--metrics-file", str(target), stdin=b"x\n").assert_complete()
    assert not [n for n in values(target.read_text()) if n.startswith("esa_auth_table")]


def test_tail_takes_a_new_table(tmp_path: Path) -> None:
    path, log = tmp_path / "networks", tmp_path / "mail_logs"
    path.write_bytes(zone("Old"))
    log.write_bytes(b"\n".join(SESSION) + b"\n")
    config = configured(tmp_path, f"enrich: {{zones: {{file: {path}}}}}\n")
    words = ("--config", config, "--state-dir", str(tmp_path / "state"))
    with Running("tail", str(log), *words) as running:
        assert name_of(running.next_event()) == "Old"
        renamed_into(path, zone("New"))
        time.sleep(5.5)
        with log.open("ab") as file:
            file.write(AGAIN + b"\n")
        assert name_of(running.next_event()) == "New"
        running.signal(signal.SIGTERM)
        running.finish().assert_complete()


def test_a_confirmed_line_is_looked_up_in_the_new_table(tmp_path: Path) -> None:
    path = tmp_path / "networks"
    path.write_bytes(zone("Old"))
    config = configured(tmp_path, f"enrich: {{zones: {{file: {path}}}}}\n")
    words = ("--ack", "rsyslog", "--state-dir", str(tmp_path / "state"))
    with Collector() as collector:
        to = ("--forward", collector.address, "--config", config)
        with Running("filter", *words, *to) as running:
            running.feed(SESSION)
            wait_until(lambda: len(collector.events) == 1)
            renamed_into(path, zone("New"))
            time.sleep(5.5)
            running.feed([AGAIN])
            wait_until(lambda: len(collector.events) == 2)
            running.close_stdin()
            assert running.finish().stdout == b"OK\n" * 5
    assert [name_of(event) for event in collector.events] == ["Old", "New"]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Logs of two appliances, of which one needs long enough to be stopped."""
    folder = tmp_path / "logs"
    folder.mkdir()
    header = b"Mon Mar  2 09:00:00 2026 Info: Version: 15.5.1-055 SN: SERIAL-%d"
    for number in (1, 2):
        lines = [header % number, *SESSION, *[AGAIN] * 50]
        (folder / f"mail_logs.{number}").write_bytes(b"\n".join(lines) + b"\n")
    return folder


def test_every_worker_of_convert_has_the_tables(tmp_path: Path, archive: Path) -> None:
    path = tmp_path / "networks"
    path.write_bytes(zone("Office"))
    config = configured(tmp_path, f"enrich: {{zones: {{file: {path}}}}}\n")
    out = tmp_path / "out"
    words = ("convert", "--jobs", "2", "--quiet", "-o", str(out), str(archive))
    ended = esa_auth(*words, "--config", config)
    assert ended.code == 0, ended.stderr
    events = [orjson.loads(line) for line in out.read_bytes().splitlines()]
    assert len(events) == ended.account.events == 2 * 52
    assert {name_of(event) for event in events} == {"Office"}
    assert len({event["observer"]["name"] for event in events}) == 2


def test_resume_wants_the_tables_of_before(tmp_path: Path, archive: Path) -> None:
    path = tmp_path / "networks"
    path.write_bytes(zone("Old"))
    config = configured(tmp_path, f"enrich: {{zones: {{file: {path}}}}}\n")
    out = tmp_path / "out"
    words = ("convert", "--config", config, "-o", out, archive)
    stopped = run(*words, before=STOPPED)
    assert stopped.code == 75, stopped.err
    path.write_bytes(zone("New"))
    other = run(*words, "--resume")
    assert other.code == 2
    assert "files or options are not those it was begun with" in other.err
    path.write_bytes(zone("Old"))
    assert run(*words, "--resume").code == 0


# Told to stop when it has kept its progress for the third time.
STOPPED = """
import os, signal
import esa_auth.state.progress as progress
from tests.support.ports import free_port
kept, saves = progress.ProgressFile.save, iter(range(1, 100))
def save(*given):
    kept(*given)
    if next(saves) == 3:
        os.kill(os.getpid(), signal.SIGTERM)
progress.ProgressFile.save = save
"""


def test_a_worker_of_the_fleet_takes_a_new_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("esa_auth.enrich.tables.SECONDS_BETWEEN_LOOKS", 0.0)
    path = tmp_path / "networks"
    path.write_bytes(zone("Old"))
    config = configured(tmp_path, f"enrich: {{zones: {{file: {path}}}}}\n")
    lines = Lines(*enriched(load(config, {}, 1_790_000_000)))
    desk = KeyedPipelines(lines.pipeline, lines.feed, lines.take)
    place, state = ("raw", 0, b"esa01"), State()
    names = []
    for line in (*SESSION, b"", AGAIN):
        if not line:
            renamed_into(path, zone("New"))
            continue
        for out in desk.read(place, line, state):
            assert out.topic == "events"
            names.append(name_of(orjson.loads(out.value)))
    assert names == ["Old", "New"]


def test_a_replay_looks_up_too(tmp_path: Path) -> None:
    letters = tmp_path / "letters"
    unread = SESSION[2].replace(b"failed", b"was refused")
    ended = esa_auth("filter", "--dead-letter", str(letters), stdin=unread + b"\n")
    assert ended.account.rejected == 1
    letter = orjson.loads(letters.read_bytes())
    # As if a rule read the line now.
    letter["cisco_esa"]["original_base64"] = b64encode(SESSION[2]).decode()
    letter["event"]["hash"] = hashlib.sha256(SESSION[2]).hexdigest()
    letters.write_bytes(orjson.dumps(letter) + b"\n")
    text = f"enrich: {{directory: {{file: {EXAMPLE / 'users.csv'}}}}}\n"
    config = configured(tmp_path, text)
    again = esa_auth("replay", str(letters), "--quiet", "--config", config)
    (event,) = again.events
    assert event["user"]["id"] == "S-1-5-21-1001"


def test_the_example_can_be_run_in_a_checkout() -> None:
    config = "examples/enrich/config.yaml"
    lines = (ROOT / "examples" / "detections" / "mail_logs").read_bytes()
    ended = esa_auth("filter", "--config", config, stdin=lines, cwd=ROOT)
    ended.assert_complete()
    zones = [event for event in ended.events if "zone" in event["cisco_esa"]]
    page = (EXAMPLE / "README.md").read_text("utf-8")
    assert f"prints {len(zones)}:" in page
