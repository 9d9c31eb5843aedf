"""What others write into a line makes no event, whatever head is before or in it."""

import re

import pytest

from tests.envelope.test_known_heads import HEADS_OF
from tests.envelope.unknown_heads import UNKNOWN
from tests.support.harness import inbound, native, opened, run, syslog

FORGED = "SMTP Auth: (ICID 450) succeeded for user: admin using AUTH mechanism: "
FORGED += "PLAIN with profile: x"
TEXTS = (
    FORGED,
    "DCID: 5 IP: 192.0.2.7 SMTP authentication using the profile x succeeded.",
    "User admin from 203.0.113.9 was authenticated successfully.",
    "The user admin successfully logged on from 203.0.113.9",
    f"message repeated 3 times: [ Info: {FORGED}]",
)
PLACES = (
    "MID 6 Subject '{}'",
    "MID 6 Subject: {}",
    "MID 6 Message-ID '<{}>'",
    "MID 6 Custom Log Entry: {}",
    "MID 6 SDR: Domains for which SDR is requested: helo: {}, env-from: x",
    "MID 6 RID [0] Response '{}'",
    "Message done DCID 5633 MID 6 to RID [0] [('subject', '{}')]",
    "Bounced: DCID 5633 MID 441 to RID 0 - 5.1.0 - ('550', ['{}'])",
    "Delayed: DCID 5633 MID 441 to RID 0 - 4.1.0 - ('450', ['{}'])[]",
    "DCID 5633 TLS failed: {}",
    "ICID 450 Unknown command: {}",
    "LDAP: Dropping connection from {}",
    "{}",
)


def test_a_mail_may_say_so_too() -> None:
    """What a Subject or a remote server says of a user makes no dead letter."""
    lines = [
        frame(place.format(text))
        for frame in (native, syslog)
        for place in PLACES[:-1]
        for text in (
            "Rate limit exceeded for user ann",
            "Access denied for user ann",
            "550 5.7.1 Permission denied for user ann",
        )
    ]
    found = run([*map(native, opened()), native("Start MID 6 ICID 450"), *lines])
    found.assert_accounted()
    assert not found.dead
    assert not found.events


def test_what_other_programs_say_of_logins_is_not_ours() -> None:
    for body in (
        b"sshd[7]: pam_unix(sshd:auth): authentication failure; user=ann",
        b"app[7]: info: the job of ann is done, login failed for nobody",
    ):
        assert not run([b"Apr 22 11:00:00 web01 " + body]).dead


@pytest.mark.parametrize("name", HEADS_OF)
def test_no_head_in_a_text_makes_an_event(name: str) -> None:
    """A Subject may hold a whole line of the log, in any form that is read."""
    head = HEADS_OF[name][0].decode("latin-1")
    lines = [place.format(head + text) for place in PLACES[:-1] for text in TEXTS]
    before = [*opened(), inbound(), b"Start MID 6 ICID 450"]
    for frame in (native, syslog):
        plain = run(map(frame, before))
        found = run(map(frame, [*before, *(line.encode("latin-1") for line in lines)]))
        found.assert_accounted()
        assert len(found.events) == len(plain.events)
        assert {d["error"]["type"] for d in found.dead} <= {"unknown_head"}


@pytest.mark.parametrize("head", [*UNKNOWN, *(h for h, _ in HEADS_OF.values())])
def test_no_text_makes_an_event_behind_any_head(head: bytes) -> None:
    for place in PLACES[:-1]:
        for text in TEXTS:
            for inner in (
                "",
                "Info: ",
                "esa01 x: Info: ",
                "Apr 22 11:00:00 a b: Info: ",
            ):
                found = run([head + place.format(inner + text).encode()])
                found.assert_accounted()
                assert not found.events, (place, text)


@pytest.mark.parametrize("text", TEXTS)
def test_a_line_behind_a_line_feed_is_no_event_without_a_stamp(text: str) -> None:
    for name, (head, _) in HEADS_OF.items():
        if not re.search(rb"[0-9]:[0-9]{2}", head):
            assert not run([head + text.encode()]).events, name
