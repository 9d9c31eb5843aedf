"""Every form of a head, with every wording behind it: nothing is passed over."""

import re
from collections.abc import Iterator

import pytest

from esa_auth import grammar
from esa_auth.envelope import HEADS, read_prefix
from esa_auth.grammar import GRAMMAR, RULES, Rule
from esa_auth.model.facts import Passed
from tests.support.harness import Run, ended, inbound, made, opened

TIME = "2026-04-22T11:00:00.000Z"
NATIVE = b"Wed Apr 22 11:00:00 2026 "
BSD = b"Apr 22 11:00:00 "
RFC3339 = b"2026-04-22T11:00:00Z "
# Whose lines those of a head are, if not of the appliance that is configured.
HEADS_OF = {head.name: (head.sample, None) for head in HEADS} | {
    "octet count": (HEADS[1].sample, "esa01"),
    "priority": (b"<13><22>" + BSD + b"esa01 mail_logs: Info: ", "esa01"),
    "RFC 5424": (b"<166>1 " + RFC3339 + b"esa01 mail_logs - - - Info: ", "esa01"),
    "Kiwi file": (
        b"01-15-2026 11:44:53\tLocal3.Info\t192.0.2.13\t"
        + BSD
        + b"esa01 mail_logs: Info: ",
        "esa01",
    ),
    "Kiwi file, no header": (
        b"2026-04-22 11:00:00\tLocal3.Info\t192.0.2.13\tmail_logs: Info: ",
        "192.0.2.13",
    ),
    "Kiwi file, two columns": (
        b"04-22-2026\t11:00:03\tLocal3.Info\t192.0.2.13\t" + BSD + b"mail_logs: Info: ",
        "192.0.2.13",
    ),
    "Original Address": (
        BSD + b"192.0.2.253 Original Address=192.0.2.10 " + BSD + b"mail_logs: Info: ",
        "192.0.2.10",
    ),
    "Original Address, priority": (
        b"<166>Original Address=192.0.2.10 " + BSD + b"mail_logs: Info: ",
        "192.0.2.10",
    ),
    "Original Address, host": (
        b"<166>Original Address=192.0.2.10 " + BSD + b"esa01 mail_logs: Info: ",
        "esa01",
    ),
    "native and subscription": (NATIVE + b"192.0.2.246 maillog: Info: ", "192.0.2.246"),
    "native and subscription in syslog": (
        b"<22>" + BSD + b"relay x: " + NATIVE + b"192.0.2.246 maillog: Info: ",
        "192.0.2.246",
    ),
    "native and subscription alone": (NATIVE + b"maillog: Info: ", None),
    "syslog": (b"<22>" + BSD + b"esa01 mail_logs: Info: ", "esa01"),
    "subscription": (BSD + b"mail_logs: Info: ", None),
    "header without stamp": (
        b"esa01.example.edu ESA_mail_logs: Info: ",
        "esa01.example.edu",
    ),
    "header without stamp, priority": (b"<22>esa01 mail_logs: Info: ", "esa01"),
    "docker logs": (b"2026-04-22T23:59:59.123456789Z " + NATIVE + b"Info: ", None),
    "docker logs, syslog": (
        b"2026-04-22T23:59:59.123456789Z " + BSD + b"esa01 mail_logs: Info: ",
        "esa01",
    ),
    "ts": (b"Nov 26 20:16:11 " + NATIVE + b"Info: ", None),
    "runtime interface, syslog": (
        b"2026-04-22T11:00:00.1Z stdout F <22>" + BSD + b"esa01 mail_logs: Info: ",
        "esa01",
    ),
    "octet count, BSD": (b"123 <22>" + BSD + b"esa01 mail_logs: Info: ", "esa01"),
    "RFC 5424 around RFC 3164": (
        b"<166>1 2026-04-22T12:00:00Z relay - - - - "
        + BSD
        + b"esa01 mail_logs: Info: ",
        "esa01",
    ),
    "RFC 5424 around RFC 3164 without host": (
        b"<166>1 2026-04-22T12:00:00Z esa01 - - - - " + BSD + b"mail_logs: Info: ",
        "esa01",
    ),
    "RFC 5424 around all of RFC 3164": (
        b'95 <13>1 2026-04-22T12:00:00Z relay - - - [x y="z"] \xef\xbb\xbf<22>'
        + BSD
        + b"esa01 mail_logs: Info: ",
        "esa01",
    ),
    "RFC 5424, brackets in a value": (
        b"<166>1 2026-04-22T11:00:00Z esa01 mail_logs - - "
        b'[x y="a\\]b\\"" z="c"] Info: ',
        "esa01",
    ),
    "RFC 5424, much data": (
        b"<166>1 2026-04-22T11:00:00Z esa01 mail_logs - - "
        + b'[x y="'
        + b"z" * 500
        + b'"] Info: ',
        "esa01",
    ),
    "fraction": (b"Apr 22 11:00:00.123 esa01 mail_logs: Info: ", "esa01"),
    "year first": (b"2026 Apr 22 11:00:00 esa01 mail_logs: Info: ", "esa01"),
    "year first, fraction": (b"2026 Apr 22 11:00:00.123 esa01 x: Info: ", "esa01"),
    "year last": (b"Apr 22 11:00:00 2026 esa01 mail_logs: Info: ", "esa01"),
    "year in the middle": (b"Apr 22 2026 11:00:00 esa01 mail_logs: Info: ", "esa01"),
    "native with fraction": (b"Wed Apr 22 11:00:00.123 2026 Info: ", None),
    "priority behind a header": (
        BSD + b"relay fwd: <22>" + BSD + b"esa01 mail_logs: Info: ",
        "esa01",
    ),
    "priority behind a header without tag": (
        BSD + b"relay <22>" + BSD + b"esa01 mail_logs: Info: ",
        "esa01",
    ),
    "grep -Hn over syslog": (b"esa.log:12:" + BSD + b"esa01 x: Info: ", "esa01"),
    "tab first": (b"\t" + NATIVE + b"Info: ", None),
    "blanks first": (b"   " + BSD + b"esa01 mail_logs: Info: ", "esa01"),
    "NULs first": (bytes(300) + NATIVE + b"Info: ", None),
    "BOM": (b"\xef\xbb\xbf" + NATIVE + b"Info: ", None),
    "BOM behind a priority": (
        b"<22>\xef\xbb\xbf" + BSD + b"esa01 mail_logs: Info: ",
        "esa01",
    ),
    "two blanks behind the level": (NATIVE + b"Info:  ", None),
    "tab behind the level": (NATIVE + b"Info:\t", None),
    "blanks behind the level of syslog": (BSD + b"esa01 x: Info:   ", "esa01"),
    "tabs everywhere": (b"Apr 22 11:00:00\tesa01\tmail_logs:\tInfo:\t", "esa01"),
    "name of two words": (BSD + b"esa01 mail logs: Info: ", "esa01"),
    "name of three words": (BSD + b"esa01 our mail logs: Warning: ", "esa01"),
    "name and process": (BSD + b"esa01 mail_logs[812]: Info: ", "esa01"),
    "address in brackets": (BSD + b"[2001:db8::10] x: Info: ", "2001:db8::10"),
    "address": (BSD + b"2001:db8::10 x: Info: ", "2001:db8::10"),
    "mapped address": (BSD + b"::ffff:192.0.2.10 x: Info: ", "192.0.2.10"),
    "long host": (BSD + b"h" * 255 + b" mail_logs: Info: ", "h" * 255),
}
each_head = pytest.mark.parametrize("name", HEADS_OF)


def feed(lines: list[bytes], record: bool) -> Run:
    """Run lines as text, or as records that say the time and nothing else."""
    pipeline = made()
    if record:
        pipeline.feed_records([(line, None, TIME) for line in lines])
    else:
        pipeline.feed(lines)
    pipeline.drain()
    found = ended(pipeline)
    found.assert_accounted()
    return found


def before(sample: str) -> Iterator[bytes]:
    """Yield what makes a line of a message or a connection one that matters."""
    mid = re.search(r"MID ([0-9]+)", sample)
    icid = re.search(r"ICID:? ([0-9]+)", sample)
    dcid = re.search(r"DCID:? ([0-9]+)", sample)
    number = int(icid[1]) if icid else 450
    yield from opened(number)
    yield inbound(number)
    if dcid:
        yield (
            f"New SMTP DCID {dcid[1]} interface 192.0.2.1 address 192.0.2.7 port 25"
        ).encode()
        yield (
            f"DCID: {dcid[1]} IP: 192.0.2.7 SMTP authentication using the profile x "
            "succeeded."
        ).encode()
    if mid and not sample.startswith("Start MID"):
        yield f"Start MID {mid[1]} ICID {number}".encode()


def moved(found: Run, plain: Run) -> dict[str, int]:
    now, then = found.counters.as_dict(), plain.counters.as_dict()
    kinds = ("results", "ancillary", "context", "rejected")
    return {kind: now[kind] - then[kind] for kind in kinds if now[kind] != then[kind]}


def test_every_form_is_tried() -> None:
    assert {head.name for head in HEADS} <= HEADS_OF.keys()
    for head in HEADS:
        found = read_prefix(head.sample)
        assert found.body_at == len(head.sample), head.name
        assert found.level == "info", head.name


@pytest.mark.parametrize("record", [False, True], ids=["text", "record"])
@each_head
def test_a_session_is_read_whole(name: str, record: bool) -> None:
    head, host = HEADS_OF[name]
    bodies = [*opened(), inbound(outcome="succeeded"), b"ICID 450 close"]
    found = feed([head + body for body in bodies], record)
    if read_prefix(head).stamp is None and not record:
        # A line that nobody says the time of joins nothing, and is kept.
        assert [letter["error"]["type"] for letter in found.dead] == ["no_time"]
        return
    assert not found.dead
    result, end = found.events
    assert result["observer"]["name"] == (host or "esa")
    assert result["cisco_esa"]["session"]["context"] == "complete"
    assert result["source"]["ip"] == "198.51.100.7"
    times = [result["@timestamp"][:19], end["@timestamp"][:19]]
    assert set(times) == {TIME[:19]}
    assert found.counters.unknown_heads == 0


@pytest.mark.parametrize("record", [False, True], ids=["text", "record"])
@each_head
def test_every_wording_counts_behind_every_head(name: str, record: bool) -> None:
    head, _ = HEADS_OF[name]
    timed = record or read_prefix(head).stamp is not None
    for rule in RULES:
        if isinstance(grammar.read(rule.sample), Passed):
            continue
        lines = [head + body for body in before(rule.sample)]
        plain = feed(lines, record)
        found = feed([*lines, head + rule.sample.encode()], record)
        if timed:
            assert moved(found, plain), rule.name
            assert not found.dead, rule.name
        elif rule in GRAMMAR.event_rules:
            assert moved(found, plain) == {"rejected": 1}, rule.name


@pytest.mark.parametrize("rule", GRAMMAR.event_rules, ids=lambda rule: rule.name)
def test_kept_wordings_are_events_in_every_head(rule: Rule) -> None:
    for name, (head, host) in HEADS_OF.items():
        found = feed([head + rule.sample.encode()], True)
        event = found.events[0]
        assert found.counters.results + found.counters.ancillary == 1
        assert event["observer"]["name"] == (host or "esa"), name
        assert event["@timestamp"][:19] == TIME[:19], name
