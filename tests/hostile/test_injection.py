"""Every text of the corpus, wherever others may write, at both outcomes."""

from collections.abc import Callable, Iterator

import pytest

from esa_auth.grammar import GRAMMAR
from tests.support.harness import Event, ended, inbound, made, native, opened
from tests.support.strategies import INJECTIONS, KEYWORDS

MORE = (
    *("+cmd", "@SUM(1)", "-2+3", "=HYPERLINK('http://203.0.113.9')", "\t=1", "|id"),
    *("a\r\nICID 450 close\r\n", "a\rNew SMTP ICID 450", "\x1b[31mred", "\x9b31m"),
    *("\u2066ann\u2069", "\u200bann", "a\u0301\u0302", "\x00\x00", "ann\x00root"),
    *("${ENV:PATH}", "$(id)", "`id`", "#{7*7}", "<%= 7 %>", "%0d%0aICID 450 close"),
    *("x" * 2_000, "x using AUTH mechanism: " * 100, " with profile: y" * 100),
    *('{"@timestamp": "2001-01-01T00:00:00.000Z"}', "'],['", "\\x0a", "\\u000a"),
)
FRAMES = ("{}", "{} ", "x{}", "{} using AUTH mechanism: NONE with profile: none")
# No line feed: it ends the line, and what comes behind it is another one.
CORPUS = [
    text.replace("\n", "")
    for text in dict.fromkeys(
        [*INJECTIONS, *(f.format(m) for m in MORE for f in FRAMES)]
    )
]
OUTCOMES = {"succeeded": "success", "failed": "failure"}


def names(text: str, outcome: str) -> Iterator[bytes]:
    yield from opened()
    yield inbound(user=text, outcome=outcome)
    yield b"ICID 450 close"


def reverse_names(text: str, outcome: str) -> Iterator[bytes]:
    yield from opened(name=text)
    yield inbound(outcome=outcome)
    yield b"ICID 450 close"


def subjects(text: str, outcome: str) -> Iterator[bytes]:
    yield from opened()
    yield inbound(outcome=outcome)
    yield b"Start MID 6 ICID 450"
    yield f"MID 6 Subject '{text}'".encode()
    yield f"MID 6 Message-ID '<{text}>'".encode()
    yield b"MID 6 ready 100 bytes from <ann@example.com>"
    yield b"ICID 450 close"


def replies(text: str, outcome: str) -> Iterator[bytes]:
    result = b"DCID: 5633 IP: 192.0.2.7 SMTP authentication using the profile relay "
    said = text.replace("\\", "\\\\").replace("'", "\\'")
    yield b"New SMTP DCID 5633 interface 192.0.2.1 address 192.0.2.7 port 25"
    if outcome == "succeeded":
        yield result + b"succeeded."
    else:
        yield result + f"failed: ('535', ['{said}x'])".encode()
    tail = f"DCID 5633 MID 441 to RID 0 - 5.1.0 - ('550', ['{said}x'])"
    yield f"Bounced: {tail}".encode()
    yield f"Delayed: {tail}[]".encode()
    yield b"DCID 5633 close"


def less_text(event: Event) -> Event:
    """Return what no text of others may have a say in."""
    about = dict(event["event"])
    for name in ("id", "hash", "original", "reason"):
        about.pop(name, None)
    own = dict(event["cisco_esa"])
    own["flags"] = [f for f in own.get("flags", ()) if f != "ambiguous_user"]
    own.pop("reverse_dns", None)
    if "summary" in own:
        own["summary"] = {k: v for k, v in own["summary"].items() if k != "bounce"}
    kept = {**event, "event": about, "cisco_esa": own}
    for name in ("message", "user"):
        kept.pop(name, None)
    kept["related"] = {k: v for k, v in event["related"].items() if k == "ip"}
    for side in ("source", "client"):
        if side in kept:
            kept[side] = {k: v for k, v in kept[side].items() if k in ("address", "ip")}
    return kept


def test_there_are_five_hundred_texts() -> None:
    assert len(CORPUS) >= 500
    assert all(any(word in text for text in CORPUS) for word in KEYWORDS)


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("place", [names, reverse_names, subjects, replies])
def test_no_text_bends_an_event(
    place: Callable[[str, str], Iterator[bytes]], outcome: str
) -> None:
    pipeline = made()

    def events(text: str) -> list[Event]:
        pipeline.feed([native(body) for body in place(text, outcome)])
        found = ended(pipeline)
        assert not found.dead, text
        return found.events

    plain = [less_text(event) for event in events("plain")]
    assert plain[0]["event"]["outcome"] == OUTCOMES[outcome]
    assert len(plain) == 2
    for text in CORPUS:
        found = events(text)
        assert [less_text(event) for event in found] == plain, text
        for event in found:
            assert event["event"].get("original", "").count("\n") == 0


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_ambiguous_name_is_flagged_and_no_other(outcome: str) -> None:
    pipeline, flagged = made(), 0
    for text in CORPUS:
        pipeline.feed([native(inbound(user=text, outcome=outcome))])
        (event,) = ended(pipeline).events
        flags = event["cisco_esa"].get("flags", [])
        assert ("ambiguous_user" in flags) == bool(
            GRAMMAR.delimiters["auth"].search(f" {text}")
        ), text
        assert event.get("user", {"name": ""})["name"] == text
        flagged += "ambiguous_user" in flags
    assert flagged > 80
