"""Real lines, where a folder of them is at hand: none is part of the project.

What looks like a form of line by a crude expression, written without a look at the
grammar, must be what the grammar reads as that form.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from esa_auth import grammar
from esa_auth.envelope import read_prefix
from esa_auth.model.facts import (
    AdminLogin,
    AdminLogout,
    Fact,
    HatDecision,
    InboundOpened,
    InboundResult,
    OutboundOpened,
    OutboundResult,
    SessionClosed,
    Tls,
    Unread,
)
from esa_auth.pipeline import Pipeline, Settings
from tests.support.golden_cases import READ_AT, REFERENCE

BESIDE = Path(__file__).parents[3] / "shared" / "samples"


@dataclass(frozen=True, slots=True)
class Form:
    """A form of line: how it looks, and what the grammar must make of it."""

    looks: str
    reads: Callable[[Fact | Unread], bool]


FORMS = {
    "New ICID": Form(r"New \w+ ICID \d", lambda f: isinstance(f, InboundOpened)),
    "New DCID": Form(r"New \w+ DCID \d", lambda f: isinstance(f, OutboundOpened)),
    "HAT": Form(
        r"ICID \d+ \w+ SG ",
        lambda f: isinstance(f, HatDecision) and f.action is not None,
    ),
    "SBRS only": Form(
        r"ICID \d+ SBRS ",
        lambda f: isinstance(f, HatDecision) and f.action is None,
    ),
    "ICID TLS": Form(
        r"ICID \d+ TLS ",
        lambda f: isinstance(f, Tls) and f.side == "icid",
    ),
    "DCID TLS": Form(
        r"DCID \d+ (?:IP \S+ )?TLS ",
        lambda f: isinstance(f, Tls) and f.side == "dcid",
    ),
    "close": Form(
        r"[ID]CID \d+ close|connection killed [ID]CID",
        lambda f: isinstance(f, SessionClosed),
    ),
    "AUTH in": Form(r"Auth:? \(ICID", lambda f: isinstance(f, InboundResult)),
    "AUTH out": Form(r"SMTP authentication", lambda f: isinstance(f, OutboundResult)),
}

# What is no whole line in the samples, by file and number: it must not be read.
FRAGMENTS = {
    ("spamtowho_logfuncs_comments.log", 30): "three kinds of line named in one comment",
    ("spamtowho_logfuncs_comments.log", 123): "cut in the middle of a header's value",
    ("spamtowho_logfuncs_comments.log", 126): "first of five lines, broken by newlines",
    ("dhap_cisco_118936_and_community_863009.log", 2): "a post left its beginning out",
}


def samples() -> list[Path]:
    """Return the files of the folder, or end the test as not run."""
    folder = Path(os.environ.get("ESA_AUTH_SAMPLES") or BESIDE)
    found = sorted(folder.glob("*.log"))
    if found:
        return found
    reason = f"not run: no *.log in {folder.name}/ (ESA_AUTH_SAMPLES names the folder)"
    if os.environ.get("ESA_AUTH_REQUIRE_SAMPLES") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def lines_of(path: Path) -> list[str]:
    text = path.read_bytes().removesuffix(b"\n").decode("utf-8", "replace")
    return text.split("\n")


def test_every_sample_goes_through_and_every_line_is_accounted_for() -> None:
    for path in samples():
        lines = path.read_bytes().removesuffix(b"\n").split(b"\n")
        pipeline = Pipeline(Settings(reference=REFERENCE), lambda: READ_AT)
        pipeline.feed(lines)
        pipeline.drain()
        count = pipeline.counters
        assert count.lines == len(lines), path.name
        assert count.ignored >= 0, path.name
        assert count.invalid_events == 0, path.name
        assert len(pipeline.take_events()) == count.events, path.name
        assert len(pipeline.take_dead()) == count.dead_letters, path.name


@pytest.mark.parametrize("name", FORMS)
def test_the_grammar_reads_what_looks_like_a_form(name: str) -> None:
    form = FORMS[name]
    lines = [line for path in samples() for line in lines_of(path)]
    look = [line for line in lines if re.search(form.looks, line)]
    read = [line for line in lines if form.reads(grammar.read(body_of(line)))]
    if not look and not read:
        pytest.skip("not run: no line of this form in the samples")
    assert read == look


def test_a_fragment_is_not_read() -> None:
    known = {path.name: path for path in samples()}
    for (name, number), reason in FRAGMENTS.items():
        if path := known.get(name):
            line = lines_of(path)[number - 1]
            assert isinstance(grammar.read(body_of(line)), Unread), reason


# Logins to the appliance, and their ends, in other logs than mail_logs.
OTHER_LOGS = {
    "asyncos_guide_authentication_log.log": (5, 0),
    "elastic_authentication_log.log": (4, 4),
    "elastic_gui_logs.log": (1, 2),
    "asyncos_guide_domain_and_injection_debug.log": (0, 0),
}
ADMINISTRATOR = re.compile(
    r"authenticated success|failed auth|logged (?:on|out)|auth\w+ attempt|logout:"
    r"|session has been est|user:\S+ expired"
)


def other_logs() -> list[Path]:
    found = sorted((samples()[0].parent / "other_logs").glob("*.log"))
    return found or pytest.skip("not run: no other_logs/ in the samples")


def test_every_login_to_the_appliance_in_other_logs_is_read() -> None:
    for path in other_logs():
        lines = lines_of(path)
        facts = [grammar.read(body_of(line)) for line in lines]
        logins = sum(isinstance(fact, AdminLogin) for fact in facts)
        logouts = sum(isinstance(fact, AdminLogout) for fact in facts)
        looks = sum(ADMINISTRATOR.search(line) is not None for line in lines)
        assert logins + logouts == looks, path.name
        if path.name in OTHER_LOGS:
            assert (logins, logouts) == OTHER_LOGS[path.name], path.name
        pipeline = Pipeline(Settings(reference=REFERENCE), lambda: READ_AT)
        pipeline.feed([line.encode() for line in lines])
        pipeline.settle()
        assert pipeline.counters.results == logins, path.name
        assert pipeline.counters.ancillary == logouts, path.name
        assert pipeline.take_dead() == [], path.name


def test_no_line_of_the_mail_logs_is_a_login_to_the_appliance() -> None:
    for path in samples():
        for line in lines_of(path):
            fact = grammar.read(body_of(line))
            assert not isinstance(fact, AdminLogin | AdminLogout), line


def body_of(line: str) -> str:
    raw = line.encode()
    return raw[read_prefix(raw).body_at :].decode()
