"""A head that nobody knows hides no line of AUTH and no login, and forges none."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from esa_auth.grammar import GRAMMAR, Rule, places, read
from esa_auth.pipeline import Settings
from tests.envelope.test_known_heads import HEADS_OF
from tests.support.harness import (
    SETTINGS,
    Run,
    ended,
    inbound,
    made,
    native,
    opened,
    run,
    syslog,
)

SOME = settings(max_examples=100, deadline=None)
# None of them is a form that is read.
UNKNOWN = (
    b"x ",
    b"a b c d e f g ",
    b"one two three four five six seven eight nine ten eleven twelve ",
    b"a\t",
    b"\t\t a\t b\0\0",
    b"[collector] [2026/04/22] (esa01) {mail} ",
    b"2026/04/22 11:00:00 Info: ",
    b"22.04.2026 11:00:00 esa01 mail_logs: Info: ",
    b"22/Apr/2026:11:00:00 +0200 esa01 mail_logs Info: ",
    b"1776855600.123 esa01 mail_logs: Info: ",
    b"Wed Apr 22 11:00:00 2026 Audit: ",
    b"Apr 22 11:00:00 CEST esa01 mail_logs: Info: ",
    b"Apr 22 11:00:00 +0200 esa01 mail_logs: Info: ",
    b"Apr 22 11:00:00 relay esa01 mail_logs: Info: ",
    b"i Apr 22 11:00:00 2026 Info: ",
    b"Wed Apr 22 11:00:00 CEST 2026 Info: ",
    b"Wed Apr 22 11:00:00 2026 Info: esa01 mail_logs: Info: ",
    b"Apr 22 11:00:00 esa01 The collector says: ",
    b"Apr 22 11:00:00 esa01 Connector says - ",
    b"<22>Apr 22 11:00:00 esa01 mail_logs: Info: forwarded by relay: ",
    b"User-log of esa01: ",
    b"Message from esa01: ",
    b"ICID log: ",
    b"12345 ",
    b"0000000000000000000000000000000000000000000000000000000000 ",
    b'{"m": "',
    b"level=info msg=",
    b"#011",
    b"Info:#011",
    b"x\\t",
    b"x\x1b[35mesa01\x1b[0m",
    b"esa01",
    b"CEF:0|Cisco|ESA|15.0|x|y|3|msg=",
    b"LEEF:2.0|Cisco|ESA|15|",
    b"h" * 400 + b" ",
    b"w " * 200,
    bytes(2000) + b"x ",
    "Größe 22. April 2026 ".encode("latin-1"),
)
NATIVE_INFO = b"Wed Apr 22 11:00:00 2026 Info: "
# No rule reads them, and with a level before them they are of the appliance.
NEW_WORDINGS = (
    b"Login failed for the user ann",
    b"Invalid login attempt by ann",
    b"Authentication failed for ann",
    b"SASL says no",
    b"Account ann has been locked",
    b"Rate limit exceeded for user ann",
    b"Access denied for user ann",
    b"Permission denied for the user ann from 192.0.2.9",
)
KEPT_AS = ("unknown_head", "no_time", "unread")
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


def both(line: bytes) -> list[Run]:
    """Run a line as text, and as a record that says its time."""
    pipeline = made()
    pipeline.feed_records([(line, None, "2026-04-22T11:00:00Z")])
    return [run([line]), ended(pipeline)]


@pytest.mark.parametrize("head", UNKNOWN)
def test_no_wording_vanishes_behind_an_unknown_head(head: bytes) -> None:
    for rule in GRAMMAR.event_rules:
        for found in both(head + rule.sample.encode()):
            found.assert_accounted()
            assert found.counters.ignored == 0, (head, rule.name)
            assert not found.events, (head, rule.name)
            (letter,) = found.dead
            assert letter["error"]["type"] in KEPT_AS, rule.name


@SOME
@given(st.binary(max_size=400), st.sampled_from(GRAMMAR.event_rules))
@example(b"Session ", GRAMMAR.event_rules[0])
@example(b"User ", GRAMMAR.event_rules[0])
@example(b"DCID " * 70, GRAMMAR.event_rules[0])
def test_whatever_stands_before_it(head: bytes, rule: Rule) -> None:
    """An event is made, or the line is kept; it is never ignored."""
    line = head.replace(b"\n", b"") + b" " + rule.sample.encode()
    for found in both(line):
        found.assert_accounted()
        assert found.counters.ignored == 0


@pytest.mark.parametrize("head", [b"x y: ", b"2026/04/22 11:00:00 Info: "])
@pytest.mark.parametrize(
    "body",
    [
        "SMTP Auth: (ICID 7) deferred for user: ann",
        "SMTP AUTH is something new",
        "SMTPAuth: (ICID 7) succeeded",
        "ICID 7 SMTP Auth succeeded for ann",
        "User ann was not authenticated, the account is locked",
        "The user ann logged in by other means",
    ],
)
def test_a_new_wording_is_kept_too(head: bytes, body: str) -> None:
    (letter,) = run([head + body.encode()]).dead
    assert letter["error"]["type"] == "unknown_head"
    assert letter["cisco_esa"]["reasons"][0].startswith("unknown head")


@pytest.mark.parametrize(
    "head",
    [
        b"Apr 22 11:00:00 esa01 mail.info mail_logs: Info: ",
        b"Apr 22 11:00:00 esa01 mail_logs: [ID 702911 mail.info] Warning: ",
        b"Apr 22 11:00:00 esa01 our own mail logs 2: Info: ",
        b"Apr 22 11:00:00 esa01 mail_logs : Info: ",
        b"Wed Apr 22 11:00:00 2026 INFO: ",
        b"Wed Apr 22 11:00:00 2026 [Info] ",
        b"2026-04-22T11:00:00.123Z  esa01  Wed Apr 22 11:00:00 2026 Info: ",
        b'2026-04-22T11:00:00+00:00\tesa.mail\t{"message":"' + NATIVE_INFO,
    ],
)
def test_a_new_wording_is_kept_behind_a_stamp_and_a_level(head: bytes) -> None:
    for body in NEW_WORDINGS:
        for found in both(head + body):
            found.assert_accounted()
            (letter,) = found.dead
            assert letter["error"]["type"] == "unknown_head", body


@pytest.mark.parametrize("body", NEW_WORDINGS)
def test_a_new_wording_is_kept_behind_a_head_that_is_known(body: bytes) -> None:
    for line in (native(body), syslog(body)):
        (letter,) = run([line]).dead
        assert letter["error"]["type"] == "unread"


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


@pytest.mark.parametrize(
    "words", [b"Connector says - ", b"MID Info: ", b"x ", b"User log "]
)
def test_no_wording_vanishes_of_a_time_that_is_put_off(words: bytes) -> None:
    """The head begins as a body does, and the line is a day or more from the others."""
    near = b"Apr  2 11:00:00 esa01 mail_logs: Info: " + inbound()
    for rule in GRAMMAR.event_rules:
        line = b"Apr 22 11:00:00 esa01 " + words + rule.sample.encode()
        for after in ([], [near]):
            found = run([near, line, *after])
            found.assert_accounted()
            assert found.counters.ignored == 0, rule.name
            assert [d["error"]["type"] for d in found.dead] == ["unknown_head"]
            assert found.counters.unknown_heads <= 1


def before_the_name(sample: str) -> str:
    user = places(sample).user
    return sample[: user[0]] if user else "0"


# What a row begins with that may be a head: a number is of the appliance.
READ_AS_A_HEAD = sorted(
    {
        words.encode()
        for words in (before_the_name(rule.sample) for rule in GRAMMAR.event_rules)
        if not re.search("[0-9]", words)
    }
)


@pytest.mark.parametrize("lead", READ_AS_A_HEAD)
@pytest.mark.parametrize("more", [b"log ", b"log:", b"", b"x from 192.0.2.9 "])
def test_a_head_that_reads_as_a_name_hides_no_login(lead: bytes, more: bytes) -> None:
    """Without a level nothing says where the head ends; who joe is must be certain."""
    for rule in GRAMMAR.event_rules:
        line = b"Apr 22 11:00:00 esa01 " + lead + more + rule.sample.encode()
        repeated = b"Apr 22 11:00:00 esa01 message repeated 2 times: [ %b]"
        for found in (*both(line), *both(repeated % line[22:])):
            found.assert_accounted()
            assert found.counters.ignored == 0, rule.name
            assert not found.events, line
            assert found.counters.rejected == 1, line


def test_behind_a_level_a_name_may_hold_any_words() -> None:
    """There the head is over, so that the name is no more than a name."""
    body = b"User log User joe failed authentication."
    for line in (native(body), syslog(body)):
        (event,) = run([line]).events
        assert event["user"]["name"] == "log User joe"


def test_a_number_in_the_words_before_a_name_is_of_no_head() -> None:
    """Nobody hides an attempt at SMTP AUTH by a name that looks like a login."""
    body = inbound(user=b"User joe failed authentication.")
    (event,) = run([b"Apr 22 11:00:00 esa01 " + body]).results
    assert event["user"]["name"] == "User joe failed authentication."


@pytest.mark.parametrize("times", [3, 1000, 1001, 999_999_999])
def test_a_new_wording_is_kept_however_often_it_is_repeated(times: int) -> None:
    head = b"Apr 22 11:00:00 esa01 mail_logs: message repeated %d times: [ Info: "
    for body in (*NEW_WORDINGS, b"Login failed for " + b"x" * 900):
        found = run([head % times + body + b"]"])
        found.assert_accounted()
        assert found.counters.rejected == 1, body


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-16"])
def test_lines_in_utf_16_are_kept(codec: str) -> None:
    """PowerShell writes a file so when it copies a log with ``>``."""
    text = "".join(
        native(rule.sample).decode() + "\r\n" for rule in GRAMMAR.event_rules
    )
    found = run(text.encode(codec).split(b"\n"))
    found.assert_accounted()
    assert found.counters.rejected == len(GRAMMAR.event_rules)
    covered = Settings(reference=SETTINGS.reference, pseudonym_key=b"k" * 32)
    line = native(inbound(user="Secret-Name"))
    (letter,) = run([line.decode().encode(codec)], covered).dead
    shown = letter["event"]["original"].replace("\0", "")
    assert "Secret" not in shown
    assert "Name" not in shown


def test_the_reason_and_the_appliance_are_said() -> None:
    found = run([b"Apr 22 11:00:00 esa07 log: Wed Info: " + inbound()])
    (letter,) = found.dead
    assert letter["observer"]["name"] == "esa07"
    assert letter["error"]["type"] == "unknown_head"


def test_lines_with_an_unknown_head_are_counted() -> None:
    lines = [
        *(b"GET / HTTP/1.1", b"\x1f\x8b\x08\x00 packed", b"{}", inbound()[5:]),
        *(b"", b"   ", native("MID 6 queued"), syslog("LDAP: x"), b"Info: x"),
        *(b"Apr 22 11:00:00 web01 nginx: started", inbound(), b"ICID 450 close"),
    ]
    assert run(lines).counters.unknown_heads == 4


# ---- never by an offset alone -------------------------------------------------------

SYSLOG = (
    b"Mar 17 18:24:37 %b Info: ",
    b"<22>Mar 17 18:24:37 %b Info: ",
    b"<166>Mar 17 18:24:37 %b Info: ",
    b"<6>Mar 17 18:24:37 %b Info: ",
    b"Mar  7 18:24:37 %b Info: ",
    b"Mar 17 18:24:37 2026 %b Info: ",
    b"2026 Mar 17 18:24:37 %b Info: ",
    b"Mar 17 18:24:37.5 %b Info: ",
    b"2026-03-17T18:24:37Z %b Info: ",
    b"2026-03-17 18:24:37 %b Info: ",
    b"<22>2026-03-17T18:24:37 %b Info: ",
    b"Mar 17 18:24:37 %b x: Info: ",
    b"<22>Mar 17 18:24:37 %b mail_logs: Info: ",
    b"Original Address=%b Mar 17 18:24:37 x: Info: ",
)


@pytest.mark.parametrize("record", [False, True])
@pytest.mark.parametrize("form", SYSLOG)
@pytest.mark.parametrize("letter", [b"h", b"7", b"0"])
def test_a_host_name_of_any_length(form: bytes, letter: bytes, record: bool) -> None:
    bodies = [*opened(), inbound(outcome="succeeded"), b"ICID 450 close"]
    for length in range(1, 41):
        host = b"e" * (letter != b"7") + letter * (length - (letter != b"7"))
        lines = [form.replace(b"%b", host) + body for body in bodies]
        pipeline = made()
        if record:
            pipeline.feed_records([(line, "other", None) for line in lines])
        else:
            pipeline.feed(lines)
        found = ended(pipeline)
        found.assert_accounted()
        assert not found.dead, lines[0]
        assert len(found.events) == 2, lines[0]
        assert found.events[0]["observer"]["name"] == host.decode(), lines[0]
        assert found.events[0]["source"]["ip"] == "198.51.100.7", lines[0]


@pytest.mark.parametrize("record", [False, True])
def test_a_year_where_a_native_stamp_has_its_own(record: bool) -> None:
    """Among native lines of that year, and without a host."""
    head = b"<22>Apr 22 11:00:00 2009 Info: "
    assert len(head) == len(native(""))
    bodies = [*opened(), inbound(outcome="succeeded"), b"ICID 450 close"]
    lines = [native(b"MID 1 ICID 1 x"), *(head + body for body in bodies)]
    pipeline = made()
    if record:
        pipeline.feed_records([(line, None, None) for line in lines])
    else:
        pipeline.feed(lines)
    found = ended(pipeline)
    found.assert_accounted()
    assert not found.dead
    assert [e["@timestamp"] for e in found.events] == ["2009-04-22T11:00:00.000Z"] * 2
    assert found.results[0]["source"]["ip"] == "198.51.100.7"


@pytest.mark.parametrize("glued", [b'"', b"[", b"msg:", b'message="', b"{x}(", b"x|"])
def test_what_is_glued_on_a_weekday_is_no_host(glued: bytes) -> None:
    for stamp in (
        b"2026-04-22T11:00:00Z ",
        b"Apr 22 11:00:00 ",
        b"time:2026-04-22 11:00:00 ",
    ):
        line = stamp + glued + NATIVE_INFO + inbound()
        for found in both(line):
            assert not found.events, line
            assert found.dead[0]["observer"]["name"] == "esa", line


TEMPLATES = (
    *(b"%{host}", b"%{[host][name]}", b'{host="esa01"}', b"{{host}}", b"${HOST}"),
    *(
        b"$HOST",
        b"%HOSTNAME%",
        b"<host>",
        b"host=esa01",
        b"{esa01}",
        b"@HOST@",
        b"(null)",
    ),
    *(b"[esa01]", b"[]", b"esa01,", b"esa01;", b"esa01|mail", b"'esa01'", b'"esa01"'),
    *(
        b"\\N",
        b"esa/01",
        b"root@esa01",
        b"esa\x0001",
        b"\xff",
        b"*",
        b"?",
        b"!esa",
        b"...",
    ),
    *(
        b"[2001:db8::10",
        b"2001:db8::10]",
        b"%esa01",
        b"esa#1",
        b"{}",
        b"-",
        b"--",
        b".",
        b"_",
    ),
)


@pytest.mark.parametrize("host", TEMPLATES)
@pytest.mark.parametrize("behind", [b"", b"mail_logs: "])
def test_what_can_be_no_host_names_no_appliance(host: bytes, behind: bytes) -> None:
    """What a collector left of a template, or puts around a name."""
    for stamp in (
        b"2026-04-22T11:00:00Z ",
        b"<22>2026-04-22T11:00:00+00:00 ",
        b"Apr 22 11:00:00 ",
        b"<22>1 2026-04-22T11:00:00Z ",
        b"Apr 22 11:00:00 relay Original Address=",
        b"01-15-2026 11:44:53\tLocal3.Info\t",
        b"Wed Apr 22 11:00:00 2026 ",
        b"",
    ):
        around = stamp + host
        if stamp.startswith(b"<22>1"):
            around += b" mail_logs - - -"
        if stamp.endswith(b"\t"):
            around += b"\tApr 22 11:00:00"
        for found in both(around + b" " + behind + b"Info: " + inbound()):
            found.assert_accounted()
            assert found.counters.ignored == 0
            names = {e["observer"]["name"] for e in (*found.events, *found.dead)}
            assert names <= {"esa", "relay"}, around


# ---- what others write is no event --------------------------------------------------


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


def test_words_are_those_of_the_rules() -> None:
    for rule in GRAMMAR.event_rules:
        assert read(rule.sample)
        assert run([b"?? " + rule.sample.encode()]).counters.rejected == 1
