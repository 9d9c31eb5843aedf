"""`--input sender`: the address before a line names an appliance that does not."""

from pathlib import Path

import pytest

from tests.support.collector import Collector
from tests.support.process import esa_auth

HEAD = b"<166>Mar 17 18:24:37 mail_logs: Info: "
OPEN = (
    b"New SMTP ICID 450 interface Data 1 (192.0.2.1) address %b"
    b" reverse dns host unknown verified no"
)
LOGIN = (
    b"SMTP Auth: (ICID 450) succeeded for user: ann\t\xe9 using AUTH mechanism: PLAIN "
    b"with profile: p"
)


def lines(client: bytes) -> list[bytes]:
    """Return a session of a line each, as an appliance without a name pushes it."""
    return [HEAD + x for x in (OPEN % client, LOGIN, b"ICID 450 close")]


def framed(sender: bytes, raw: list[bytes]) -> list[bytes]:
    return [sender + b" " + line for line in raw]


def interleaved(*logs: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for row in zip(*logs, strict=True) for line in row)


def test_hostless_lines_of_two_senders_stay_apart() -> None:
    one, other = lines(b"198.51.100.7"), lines(b"203.0.113.99")
    stdin = interleaved(framed(b"192.0.2.11", one), framed(b"192.0.2.12", other))
    ended = esa_auth("filter", "--input", "sender", stdin=stdin)
    ended.assert_complete()
    found = {(e["observer"]["name"], e["source"]["ip"]) for e in ended.events}
    assert found == {("192.0.2.11", "198.51.100.7"), ("192.0.2.12", "203.0.113.99")}


def test_the_ids_are_those_of_the_lines_without_the_address() -> None:
    raw = lines(b"198.51.100.7")
    stdin = interleaved(framed(b"192.0.2.11", raw))
    sent = esa_auth("filter", "--input", "sender", stdin=stdin)
    direct = esa_auth("filter", "--appliance", "192.0.2.11", stdin=interleaved(raw))
    assert sent.events == direct.events
    assert len(sent.events) == 2


def test_without_an_address_the_line_is_that_of_the_configured_appliance() -> None:
    raw = lines(b"198.51.100.7")
    words = ["filter", "--appliance", "esa07"]
    sent = esa_auth(*words, "--input", "sender", stdin=interleaved(framed(b"", raw)))
    assert sent.events == esa_auth(*words, stdin=interleaved(raw)).events
    assert {e["observer"]["name"] for e in sent.events} == {"esa07"}


def test_the_name_in_the_line_wins_over_the_sender() -> None:
    raw = [x.replace(b" mail_logs", b" esa01 mail_logs") for x in lines(b"192.0.2.9")]
    sent = esa_auth(
        "filter", "--input", "sender", stdin=interleaved(framed(b"192.0.2.11", raw))
    )
    assert {e["observer"]["name"] for e in sent.events} == {"esa01"}


@pytest.mark.parametrize("sender", [b"192.0.2.11", b"::ffff:192.0.2.11"])
def test_the_configuration_names_the_appliance_at_an_address(
    sender: bytes, tmp_path: Path
) -> None:
    config = tmp_path / "esa-auth.yaml"
    config.write_text(
        "appliances:\n"
        "  esa01: {timezone: Europe/Berlin, addresses: [192.0.2.11, '2001:db8::11']}\n"
    )
    words = ["filter", "--config", str(config), "--input", "sender"]
    raw = lines(b"198.51.100.7")
    stdin = interleaved(framed(sender, raw), framed(b"2001:DB8:0::11", raw))
    ended = esa_auth(*words, stdin=stdin)
    ended.assert_complete()
    assert {e["observer"]["name"] for e in ended.events} == {"esa01"}
    assert {e["event"]["timezone"] for e in ended.events} == {"Europe/Berlin"}


@pytest.mark.parametrize("line", [HEAD + LOGIN, b"esa01 " + HEAD + LOGIN, b"x"])
def test_a_line_without_an_address_is_refused_and_kept(line: bytes) -> None:
    ended = esa_auth("filter", "--input", "sender", stdin=line + b"\n")
    account = ended.assert_complete()
    assert (account.lines, account.rejected) == (1, 1)
    assert "no address of a sender" in str(ended.letters)


def test_a_line_that_is_as_long_as_may_be_is_read() -> None:
    user = b"u" * 200
    raw = HEAD + LOGIN.replace(b"ann\t\xe9", user)
    # A match that is very long, so that the address alone would go over the limit.
    raw = raw.replace(b"profile: p", b"profile: " + b"p" * (65_536 - len(raw) + 1))
    assert len(raw) == 65_536
    stdin = interleaved(framed(b"192.0.2.11", [raw]))
    ended = esa_auth("filter", "--input", "sender", stdin=stdin)
    ended.assert_complete()
    direct = esa_auth("filter", "--appliance", "192.0.2.11", stdin=raw + b"\n")
    assert ended.events == direct.events
    assert [x["error"]["type"] for x in ended.letters] == [
        x["error"]["type"] for x in direct.letters
    ]


@pytest.mark.parametrize(
    "value", ["[esa01]", "[192.0.2.999]", "192.0.2.1", "['192.0.2.0/24']"]
)
def test_what_is_no_address_is_refused(value: str, tmp_path: Path) -> None:
    config = tmp_path / "esa-auth.yaml"
    config.write_text(f"appliances: {{esa01: {{addresses: {value}}}}}\n")
    ended = esa_auth("filter", "--config", str(config))
    ended.assert_refused("appliances.esa01.addresses")


def test_one_address_of_two_appliances_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "esa-auth.yaml"
    config.write_text(
        "appliances:\n  esa01: {addresses: ['2001:db8::1']}\n"
        "  esa02: {addresses: ['2001:DB8:0::1']}\n"
    )
    ended = esa_auth("filter", "--config", str(config))
    ended.assert_refused("appliances.esa02.addresses", "esa01")


def json_of(raw: bytes) -> bytes:
    """Write a line as rsyslog's `format="jsonf"` does: other bytes as they are."""
    for old, new in ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\t", b"\\t")):
        raw = raw.replace(old, new)
    return b'{"host":"192.0.2.11", "message":"' + raw + b'"}'


@pytest.mark.parametrize("form", ["sender", "json"])
def test_each_framing_is_confirmed_to_rsyslog(form: str, tmp_path: Path) -> None:
    """The longest line too, with what its framing adds to it."""
    long = HEAD + LOGIN.replace(b"ann\t\xe9", b'"' * 30_000)
    raw = [*lines(b"198.51.100.7")[:2], long, HEAD + b"ICID 450 close"]
    sent = framed(b"192.0.2.11", raw) if form == "sender" else list(map(json_of, raw))
    words = ["filter", "--ack", "rsyslog", "--input", form]
    words += ["--state-dir", str(tmp_path / "state"), "--forward"]
    with Collector() as collector:
        stdin = b"".join(line + b"\n" for line in sent)
        ended = esa_auth(*words, collector.address, stdin=stdin)
    assert ended.code == 0, ended.stderr
    assert ended.stdout == b"OK\n" * (1 + len(raw))
    assert ended.account.lines == len(raw)
    direct = esa_auth("filter", "--appliance", "192.0.2.11", stdin=interleaved(raw))
    expected = {event["event"]["id"]: event for event in direct.events}
    assert collector.by_id() == expected
    assert len(expected) >= 2


@pytest.mark.parametrize(
    "record",
    [
        b'{"message": "\xff", }',
        b'{"message": "\xff\\ud800"}',
        b'{"message": "\xff\\uDC80"}',
        b'{"message": "\xff' + b'", "a": ' + b"[" * 100_000,
        b"\xff",
        b'{"message": "x"',
    ],
)
def test_what_is_no_json_is_refused_whatever_its_bytes(record: bytes) -> None:
    ended = esa_auth("filter", "--input", "json", stdin=record + b"\n")
    account = ended.assert_complete()
    assert (account.lines, account.rejected) == (1, 1)
    assert "not JSON" in str(ended.letters)
