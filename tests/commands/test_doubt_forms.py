"""What an input looks like that is no log of an ESA: which forms are told apart."""

import json

import pytest

from esa_auth.commands.looks import looks_like
from tests.commands.foreign import CEF, DOCKER, ESA, POSTFIX, said
from tests.support.harness import inbound, native
from tests.support.process import esa_auth


def test_records_without_the_key() -> None:
    for words in ((), ("--input", "json")):
        ended = esa_auth("filter", *words, stdin=DOCKER)
        assert ended.code == 0
        (line,) = said(ended.stderr)
        assert "JSON with the keys 'log', 'stream'" in line
        assert "input.record.message" in line
        assert ended.account.rejected == 30


@pytest.mark.parametrize("form", ["json", "sender"])
def test_a_log_that_is_read_as_something_else(form: str) -> None:
    ended = esa_auth("filter", "--input", form, stdin=ESA)
    assert ended.code == 0
    (line,) = said(ended.stderr)
    assert line.endswith("try --input auto")
    assert ended.account.rejected == 20


def test_msgpack_that_is_none() -> None:
    ended = esa_auth("filter", "--input", "msgpack", stdin=ESA)
    assert ended.code == 75
    (line,) = said(ended.stderr)
    assert line.endswith("the input is not msgpack; try --input auto")


@pytest.mark.parametrize(
    "stdin",
    [
        b"",
        b"\n\n",
        ESA,
        ESA.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + ESA,
        b"Wed Apr 22 11:44:48 2026 Warning: a disk is full\n",
        b"<22>Mar 17 10:00:00 esa01 mail_logs: Info: MID 1 ready\n" * 30,
        # The safety net is for such a line, and says what it has to.
        b"SMTP Auth: (ICID 1) failed for user: ann\n",
        b'{"message": "Wed Apr 22 11:44:48 2026 Info: Scanning", "host": "a"}\n',
    ],
)
def test_a_log_without_a_login_is_no_reason_to_say_anything(stdin: bytes) -> None:
    ended = esa_auth("filter", stdin=stdin)
    assert ended.code == 0
    assert said(ended.stderr) == []


@pytest.mark.parametrize(
    ("sample", "name"),
    [
        (b"<?xml version='1.0'?>\n<Event>", "XML"),
        (b"<!DOCTYPE html>\n<html>", "HTML"),
        (b"Return-Path: <ann@example.com>\nReceived: from", "a mail"),
        (b'[{"a": 1},\n {"a": 2}]\n', "JSON"),
        (b'{\n  "a": 1\n}\n', "JSON"),
        (b"#Fields: date time c-ip\n", "W3C"),
        (b'192.0.2.1 - - [17/Mar/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 1\n', "web"),
        (b"a;b;c\n1;2;3\n4;5;6\n", "CSV"),
        (b"a\tb\tc\n1\t2\t3\n4\t5\t6\n", "tabs"),
        (b"", "begins with ''"),
        (b'{"@timestamp": "x", "ecs": {}, "event": {}}\n', "events of esa-auth"),
        (
            b'{"@timestamp": "x", "ecs": {}, "event": {"kind": "pipeline_error"}}\n',
            "dead letters",
        ),
        (b"<14>1 2026-03-17T10:00:00Z fw01 kernel - - - drop\n" * 3, "(kernel)"),
        ("Kürbis é\n".encode("latin-1") * 9, "begins with"),
    ],
)
def test_what_else_is_known(sample: bytes, name: str) -> None:
    assert name in looks_like(sample)


@pytest.mark.parametrize("other", [CEF, POSTFIX, DOCKER])
@pytest.mark.parametrize(("of_ten", "told"), [(7, False), (8, True)])
def test_a_form_is_that_of_most_lines(other: bytes, of_ten: int, told: bool) -> None:
    """A few lines of another program do not make a log a log of that program."""
    ours, lines = ESA.splitlines(keepends=True), other.splitlines(keepends=True)
    sample = lines[:of_ten] + ours[: 10 - of_ten] + [b"cut"]
    name = looks_like(other).partition(":")[0].partition(" (")[0]
    assert looks_like(b"".join(sample)).startswith(name) == told


def test_events_of_our_own_are_called_so() -> None:
    lines = b"".join(native(inbound(n)) + b"\n" for n in range(1, 6))
    made = esa_auth("filter", stdin=lines).stdout
    wrapped = b"".join(
        json.dumps({"@timestamp": "2026-04-22T11:00:00Z", "message": text}).encode()
        + b"\n"
        for text in made.decode().splitlines()
    )
    for again in (made, wrapped):
        ended = esa_auth("filter", stdin=again)
        ended.assert_complete()
        assert ended.stderr.count("events of esa-auth already") == 1
