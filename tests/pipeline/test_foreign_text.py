"""Somebody's text in a line that is no AUTH line makes no event and bends none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esa_auth import grammar
from esa_auth.model.facts import Unread
from tests.pipeline.examples import FEW
from tests.support.harness import ended, inbound, less_quoted, made, native, opened, run
from tests.support.strategies import INJECTIONS, hostile_text

# Lines in which somebody else's text stands; {} is the text.
FOREIGN = (
    "MID 6 Subject '{}'",
    "MID 6 Subject {}",
    "MID 6 Message-ID '<{}>'",
    "MID 6 ICID 450 From: <{}>",
    "MID 6 ICID 450 RID 0 To: <{}>",
    "MID 6 ICID 450 To: <{}> Rejected by RAT",
    "MID 6 ready 100 bytes from <{}>",
    "MID 6 Custom Log Entry: {}",
    "MID 6 attachment '{}'",
    "MID 6 SDR: Domains for which SDR is requested: reverse DNS host: x, helo: {}",
    "Message finished MID 6 done {}",
    "Message aborted MID 9 {}",
    "Start MID 6 ICID 450 ({})",
    "ICID 450 Unknown command: {}",
    "ICID 450 Address: <{}> sender rejected, envelope sender domain does not exist",
    "ICID 450 Invalid sender address: {}",
    "ICID 450 Receiving Failed: {}",
    "ICID 450 TLS failed: {}",
    "DCID 5633 TLS failed: {}",
    "Message done DCID 5633 MID 441 to RID [0] [('subject', '{}')]",
    "Bounced: DCID 5633 MID 441 to RID 0 - 5.1.0 - {}",
    "Delayed: DCID 5633 MID 441 to RID 0 - {} []",
    "Connection Error: DCID 5633 domain: {} IP: 192.0.2.7 port: 25 details: x",
    "LDAP: Dropping connection due to potential Directory Harvest Attack from {}",
    "DKIM: permfail {}",
)


def one_of_each(line: str) -> list[bytes]:
    """Two sessions that are open and have authenticated while ``line`` comes."""
    bodies = [
        *opened(),
        b"New SMTP DCID 5633 interface 192.0.2.1 address 192.0.2.7 port 25",
        inbound(outcome="succeeded"),
        b"DCID: 5633 IP: 192.0.2.7 SMTP authentication using the profile relay "
        b"succeeded.",
        b"Start MID 6 ICID 450",
        line.encode(),
        inbound(user="bob"),
        b"ICID 450 close",
        b"DCID 5633 close",
    ]
    return [native(b) for b in bodies]


@pytest.mark.parametrize("line", FOREIGN)
def test_no_text_of_the_corpus_makes_or_bends_an_event(line: str) -> None:
    plain = less_quoted(run(one_of_each(line.format("plain"))).events)
    assert len(plain) == 5
    pipeline = made()
    for text in INJECTIONS:
        pipeline.feed(one_of_each(line.format(text)))
        found = ended(pipeline)
        assert less_quoted(found.events) == plain, text
        # Where no known word begins a line, a wording of the appliance's is kept.
        assert {d["error"]["type"] for d in found.dead} <= {"unknown_head"}


@FEW
@given(st.sampled_from(FOREIGN), hostile_text())
def test_no_text_makes_or_bends_an_event(line: str, text: str) -> None:
    found, plain = (run(one_of_each(line.replace("{}", t))) for t in (text, "plain"))
    assert less_quoted(found.events) == less_quoted(plain.events)
    # Where no known word begins a line, a wording of the appliance's is kept.
    assert {d["error"]["type"] for d in found.dead} <= {"unknown_head"}


def test_no_text_of_the_corpus_looks_like_auth() -> None:
    """Or a Subject could fill the dead letters."""
    for line in FOREIGN:
        for text in INJECTIONS:
            fact = grammar.read(line.format(text))
            assert not (isinstance(fact, Unread) and fact.auth_like), (line, text)
