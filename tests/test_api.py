"""The public interface for Python: what is promised of it."""

import doctest
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import esa_auth
from esa_auth import api
from esa_auth.api import joiner as joiners
from tests.support.checkout import ROOT
from tests.support.golden_cases import CASES
from tests.support.harness import inbound, native, opened, syslog
from tests.support.process import PATIENCE
from tests.support.process import esa_auth as command
from tests.support.secret_files import write_secret

LOG = ROOT / "examples" / "quickstart" / "mail_logs"
LINES = LOG.read_bytes().splitlines(keepends=True)
SESSION = [native(body) for body in (*opened(), inbound(), b"ICID 450 close")]
UNREAD = native("SMTP Auth: (ICID 450) something new for user: ann")


def accounted(joiner: esa_auth.Joiner) -> dict[str, int]:
    """Return the counters, which add up."""
    count = joiner.counters
    kinds = ("results", "ancillary", "context", "ignored", "rejected")
    assert count["lines"] == sum(count[kind] for kind in kinds)
    return count


@pytest.mark.parametrize("name", ["api", "joiner", "README.md"])
def test_what_the_documentation_shows_is_so(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    if name == "README.md":
        page = ROOT / "examples" / "python" / name
        done = doctest.testfile(str(page), module_relative=False)
    else:
        done = doctest.testmod(api if name == "api" else joiners)
    assert done.attempted > 3
    assert done.failed == 0


def test_the_names_are_those_that_are_promised() -> None:
    assert set(esa_auth.__all__) == {*api.__all__, "__version__"}
    assert set(esa_auth.__all__) <= set(dir(esa_auth))
    for name in api.__all__:
        assert getattr(esa_auth, name) is getattr(api, name)
        assert getattr(api, name).__doc__
    with pytest.raises(AttributeError):
        esa_auth.nothing_of_the_kind  # noqa: B018 - it is not there


def test_the_package_is_not_loaded_before_it_is_used() -> None:
    program = "import sys, esa_auth; print('esa_auth.api' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    assert done.stdout == b"False\n"


def test_the_first_line_of_the_page() -> None:
    with LOG.open("rb") as file:
        assert sum(1 for _ in esa_auth.events(file)) == 8


def test_events_are_those_of_the_command() -> None:
    found = list(esa_auth.events(LINES, appliance="esa01", timezone="Europe/Berlin"))
    words = ("--appliance", "esa01", "--timezone", "Europe/Berlin")
    assert found == command("filter", *words, stdin=LOG.read_bytes()).events


@pytest.mark.parametrize("case", CASES[::8], ids=lambda case: case.name)
def test_every_event_is_valid_and_every_line_has_its_count(case: Path) -> None:
    (file,) = case.glob("input.*")
    joiner = esa_auth.Joiner()
    found = joiner.feed(file.read_bytes()) + joiner.close()
    assert [esa_auth.validate(event) for event in found] == [[]] * len(found)
    count = accounted(joiner)
    assert count["events"] == len(found)
    assert count["dead_letters"] == len(joiner.dead_letters)


def test_lines_may_come_in_any_packing() -> None:
    whole = list(esa_auth.events(LINES))
    text = LOG.read_text()
    assert list(esa_auth.events(text.splitlines())) == whole
    joiner = esa_auth.Joiner()
    assert joiner.feed(text) + joiner.close() == whole
    joiner = esa_auth.Joiner()
    one_by_one = [event for line in LINES for event in joiner.feed(line)]
    assert one_by_one + joiner.close() == whole
    assert joiner.close() == []
    with pytest.raises(ValueError, match="closed"):
        joiner.feed(b"")


def test_records_are_lines_too() -> None:
    records = [
        json.dumps({"message": line.decode(), "host": "esa09"}) for line in SESSION
    ]
    found = list(esa_auth.events(records))
    assert {event["observer"]["name"] for event in found} == {"esa09"}


def test_an_event_comes_before_the_next_line_is_asked_for() -> None:
    asked = []

    def lines() -> Any:
        for line in SESSION:
            asked.append(line)
            yield line

    next(esa_auth.events(lines()))
    assert asked == SESSION[:3]


def test_an_event_may_be_changed() -> None:
    joiner = esa_auth.Joiner()
    (first,) = joiner.feed(SESSION[:3])
    first["source"]["ip"] = "changed"
    (second,) = joiner.feed([native(inbound(), 9)])
    assert second["source"]["ip"] == "198.51.100.7"


def test_a_line_that_cannot_be_read(caplog: pytest.LogCaptureFixture) -> None:
    dead: list[dict[str, Any]] = []
    assert list(esa_auth.events([UNREAD], dead_letters=dead.append)) == []
    assert dead[0]["event"]["original"].encode() == UNREAD
    assert not caplog.records
    list(esa_auth.events([UNREAD]))
    assert "1 dead letter: lines like AUTH" in caplog.text
    joiner = esa_auth.Joiner()
    joiner.feed(UNREAD)
    assert len(joiner.dead_letters) == accounted(joiner)["rejected"] == 1


@pytest.mark.parametrize("cut", range(len(LINES)))
def test_a_snapshot_goes_on_where_it_was(cut: int) -> None:
    before = esa_auth.Joiner(live=True)
    found = before.feed(LINES[:cut])
    after = esa_auth.Joiner(live=True)
    after.restore(before.snapshot())
    found += after.feed(LINES[cut:]) + after.close()
    whole = esa_auth.Joiner(live=True)
    assert found == whole.feed(LINES) + whole.close()


@pytest.mark.parametrize("saved", [b"", b"x", b"\x80", b"\x81\xa1a\xa1b", b"\xc1" * 9])
def test_what_is_no_snapshot_is_refused(saved: bytes) -> None:
    joiner = esa_auth.Joiner()
    with pytest.raises(ValueError, match="not a snapshot"):
        joiner.restore(saved)
    good = joiner.snapshot()
    joiner.feed(SESSION)
    with pytest.raises(ValueError, match="before the first line"):
        joiner.restore(good)


def test_options_are_checked(tmp_path: Path) -> None:
    with pytest.raises(esa_auth.ConfigError, match="did you mean 'Europe/Berlin'"):
        esa_auth.Joiner(timezone="Europe/Berlinn")
    with pytest.raises(TypeError, match="no option zone"):
        esa_auth.Joiner(zone="UTC")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="no option zone"):
        list(esa_auth.events([], zone="UTC"))  # type: ignore[call-arg]


def test_a_configuration_file_counts_and_options_win(tmp_path: Path) -> None:
    key, file = tmp_path / "key", tmp_path / "esa-auth.yaml"
    write_secret(key, b"k" * 32)
    file.write_text(f"appliance: a\ntimezone: UTC\nevent_id: {{key_file: {key}}}\n")
    (event, *_) = esa_auth.events(SESSION, config=file, appliance="b")
    assert event["observer"]["name"] == "b"
    (other, *_) = esa_auth.events(SESSION, appliance="b", timezone="UTC")
    assert other["event"]["id"] != event["event"]["id"]


def test_another_schema() -> None:
    ocsf = list(esa_auth.events(SESSION, format="ocsf"))
    assert [event["class_uid"] for event in ocsf] == [3002, 3002]


def test_an_explanation() -> None:
    found = esa_auth.explain(SESSION[2], before=SESSION[:2])
    assert (found.verdict, found.rule) == ("event", "inbound result")
    assert found.events[0]["source"]["ip"] == "198.51.100.7"
    assert {"user", "icid", "time"} <= {part.name for part in found.parts}
    assert "user: ann" in str(found)
    assert esa_auth.explain(UNREAD).verdict == "rejected"
    assert esa_auth.explain(UNREAD).dead_letters
    assert esa_auth.explain(SESSION[0]).verdict == "context"
    assert esa_auth.explain(syslog("Start MID 5 ICID 9")).verdict == "ignored"
    assert esa_auth.explain("").verdict == "ignored"


def test_the_schema_is_a_copy() -> None:
    esa_auth.schema().clear()
    assert esa_auth.schema()["properties"]


def test_validate_says_why() -> None:
    (event, *_) = esa_auth.events(SESSION)
    del event["event"]["id"]
    (reason,) = esa_auth.validate(event)
    assert reason == "$.event: 'id' is a required property"
    assert esa_auth.validate(7)
