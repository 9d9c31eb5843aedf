"""`esa-auth explain`: the parts of a line, its session, its event, the nearest rule."""

import json
import os
import select
import signal
import string
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esa_auth import grammar
from esa_auth.commands.explain import marked
from esa_auth.envelope import read_prefix
from esa_auth.pipeline.explanation import Part, parts_of
from tests.support.process import PATIENCE, Running, esa_auth

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart" / "mail_logs"
STAMP = "Wed Apr 22 11:47:47 2009 Info: "


def explained(*words: str, stdin: bytes = b"", width: int = 200) -> str:
    done = esa_auth("explain", *words, stdin=stdin, COLUMNS=str(width))
    assert (done.code, done.stderr) == (0, "")
    return done.stdout.decode()


def named(line: str) -> dict[str, str]:
    """Return the parts of a line by their names."""
    prefix = read_prefix(line.encode())
    before, body = line[: prefix.body_at], line[prefix.body_at :]
    found = parts_of(prefix, before, body)
    return {part.name: line[part.start : part.end] for part in found}


def test_every_part_of_a_result_is_marked() -> None:
    line = (
        "<22>Apr 22 11:47:47 esa01.example.com mail_logs: Info: SMTP Auth: (ICID 451)"
        " failed for user: ann using AUTH mechanism: PLAIN with profile: staff"
    )
    assert named(line) == {
        "time": "Apr 22 11:47:47",
        "appliance": "esa01.example.com",
        "log subscription": "mail_logs",
        "level": "Info",
        "icid": "451",
        "outcome": "failed",
        "user": "ann",
        "mechanism": "PLAIN",
        "profile": "staff",
    }


def test_the_name_and_the_token_stand_where_the_row_has_them() -> None:
    name = "ann from 192.0.2.9"
    line = f"{STAMP}User {name} from 192.0.2.44 failed authentication."
    assert named(line)["user"] == name
    assert named(line)["address"] == "192.0.2.44"
    line = f"{STAMP}logout:192.0.2.44 user:user: session:example"
    assert named(line)["user"] == "user:"
    assert named(line)["token"] == "example"  # noqa: S105 - made up


@pytest.mark.parametrize("rule", grammar.RULES, ids=lambda rule: rule.name)
def test_parts_lie_side_by_side_in_the_line(rule: grammar.Rule) -> None:
    line = STAMP + rule.sample
    prefix = read_prefix(line.encode())
    parts = parts_of(prefix, line[: prefix.body_at], line[prefix.body_at :])
    for left, right in pairwise(parts):
        assert left.start < left.end <= right.start
    assert all(part.end <= len(line) for part in parts)


def test_the_letters_stand_under_their_parts() -> None:
    parts = [Part("one", 0, 2), Part("two", 3, 6)]
    assert list(marked("ab cde f", parts, 80)) == [("ab cde f", "aa bbb")]
    assert list(marked("ab cde f", parts, 4)) == [("ab c", "aa b"), ("de f", "bb")]
    # An escape is wider than the byte that it stands for, and so are its letters.
    assert list(marked("\x1bb", [Part("x", 0, 1)], 80)) == [("\\x1bb", "aaaa")]
    assert list(marked("\u4f60b", [Part("x", 0, 1)], 80)) == [("\u4f60b", "aa")]


def test_a_line_on_stdin_joins_the_session_before_it() -> None:
    """The event is the one that `filter` writes."""
    lines = QUICKSTART.read_bytes()
    text = explained(stdin=lines)
    assert "ICID 451 of esa: kept" in text
    assert "context complete, 1 attempts so far" in text
    assert "ICID 451 of esa: not open behind this line" in text
    shown = [json.loads("{" + rest) for rest in events_in(text)]
    made = esa_auth("filter", stdin=lines).events
    closed = [event for event in made if "input_ended" not in str(event)]
    assert shown == closed != []


def events_in(text: str) -> list[str]:
    """Return the documents that are shown, without their first brace."""
    return [
        chunk.partition("\n  }\n")[0] + "\n  }"
        for chunk in text.split("it becomes\n  {")[1:]
    ]


def test_a_line_alone_says_that_its_opening_is_missing() -> None:
    line = (
        f"{STAMP}SMTP Auth: (ICID 451) failed for user: ann"
        " using AUTH mechanism: PLAIN with profile: staff"
    )
    text = explained(line)
    assert "context missing" in text
    assert "its opening lines were not given" in text
    assert '"context": "missing"' in text


@pytest.mark.parametrize(
    ("body", "rule", "reads", "departs"),
    [
        (
            "SMTP Auth: (ICID 451) failed for user: ann via AUTH mechanism: PLAIN",
            "inbound result",
            "SMTP Auth: (ICID 451) failed for user:",
            "ann via AUTH mechanism: PLAIN",
        ),
        (
            "SMTP Auth: (ICID 451) was refused for user: ann",
            "AUTH required",
            "SMTP Auth: (ICID 451) was re",
            "fused for user: ann",
        ),
        (
            "ICID 451 disconected address 198.51.100.7",
            "inbound disconnected",
            "ICID 451 discon",
            "ected address 198.51.100.7",
        ),
        (
            "SMTP Auth: (ICID 451)",
            "AUTH required",
            "SMTP Auth: (ICID 451)",
            "the end: more should follow",
        ),
    ],
)
def test_an_unread_line_says_where_it_departs(
    body: str, rule: str, reads: str, departs: str
) -> None:
    rows = {}
    for row in explained(STAMP + body).splitlines():
        key, _, value = row.strip().partition("  ")
        rows[key] = value.strip()
    assert rows["nearest rule"] == rule
    assert rows["reads"] == reads
    assert rows["departs at"] == departs
    assert rows["rule"] == "none"


def test_a_line_like_no_rule_has_no_nearest() -> None:
    assert "nearest" not in explained(f"{STAMP}Something else")


@pytest.mark.parametrize("rule", grammar.RULES, ids=lambda rule: rule.name)
def test_a_sample_broken_off_is_near_a_rule(rule: grammar.Rule) -> None:
    body = rule.sample[: len(rule.sample) * 4 // 5].rstrip()
    if grammar.rule_for(body):
        return
    found = grammar.nearest(body)
    assert found is not None
    assert len(rule.lead) < found.at <= len(body)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([rule.sample for rule in grammar.RULES]),
    st.integers(0, 60),
    st.text(st.characters(codec="utf-8") | st.sampled_from(string.punctuation)),
)
def test_nearest_answers_for_any_text(sample: str, at: int, text: str) -> None:
    body = sample[:at] + text + sample[at:]
    found = grammar.nearest(body)
    assert found is None or 0 < found.at <= len(body)


def test_a_line_is_explained_as_it_comes() -> None:
    with Running("explain") as running:
        running.write(f"{STAMP}ICID 451 close\n".encode())
        seen = b""
        while b"fact" not in seen:
            ready, _, _ = select.select([running.stdout], [], [], PATIENCE)
            assert ready, "nothing came"
            seen += os.read(running.stdout, 1 << 16)
        running.close_stdin()
        assert running.finish().code == 0


@pytest.fixture
def heeded() -> Iterator[None]:
    """Let children take SIGINT, which a shell has its background jobs ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded")
def test_control_c_ends_it_quietly() -> None:
    with Running("explain") as running:
        running.write(f"{STAMP}ICID 451 close\n".encode())
        select.select([running.stdout], [], [], PATIENCE)
        running.signal(signal.SIGINT)
        ended = running.finish()
    assert (ended.code, ended.stderr) == (130, "")
