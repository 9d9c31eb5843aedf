"""What holds for every input: who cannot bend what, and that nothing is lost."""

from collections.abc import Callable
from typing import Any

import msgpack
import orjson
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from esa_auth import grammar
from esa_auth.envelope import Clock, end_of, has_prefix, read_prefix
from esa_auth.grammar import RULES, Rule
from esa_auth.model.facts import Unread
from esa_auth.pipeline import Pipeline, Settings
from tests.support.harness import (
    READ_AT,
    SETTINGS,
    Event,
    Run,
    decode,
    ended,
    inbound,
    made,
    native,
    opened,
    run,
    syslog,
)
from tests.support.strategies import (
    INJECTIONS,
    Script,
    any_lines,
    by_time,
    cut,
    hostile_bytes,
    hostile_text,
    scripts,
    shuffled,
    stamps,
)

SOME = settings(max_examples=150, deadline=None)
FEW = settings(max_examples=60, deadline=None)
SAMPLES = tuple(sample for rule in RULES for sample in rule.samples)
Frame = Callable[[bytes], bytes]


def framed(header: bytes) -> Frame:
    return lambda body: header + body


FRAMES: tuple[Frame, ...] = (
    native,
    syslog,
    framed(b"2009-04-22T11:00:00.000Z esa01 mail_logs: Info: "),
    framed(b"Wed Apr 22 11:00:00 2009 Warning: "),
    framed(b"<22>1 2009-04-22T11:00:00Z esa01 mail_logs - - - Info: "),
)


def text_of(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


# ---- what others write stays mere text -----------------------------------------------


def session_of(user: bytes, outcome: str, frame: Frame) -> list[bytes]:
    bodies = [*opened(), inbound(user=user, outcome=outcome), b"ICID 450 close"]
    return [frame(body) for body in bodies]


def assert_only_a_user(found: Run, user: bytes, outcome: str) -> None:
    """The AUTH line of ``user`` says what it says of every user, and no more."""
    (result,) = found.results
    own = result["cisco_esa"]
    wanted = "success" if outcome == "succeeded" else "failure"
    assert result["event"]["outcome"] == wanted
    assert own["icid"] == 450
    assert own["auth"] == {"mechanism": "PLAIN", "profile": "staff"}
    assert own["session"]["context"] == "complete"
    assert result["source"] == {"address": "198.51.100.7", "ip": "198.51.100.7"}
    assert result.get("user", {"name": ""})["name"] == text_of(user)
    # The verdict, and the end of the session.
    assert len(found.events) == 2
    assert not found.dead


@SOME
@given(
    hostile_bytes(), st.sampled_from(["succeeded", "failed"]), st.sampled_from(FRAMES)
)
@example(b"", "failed", native)
@example(b"x using AUTH mechanism: NONE with profile: none", "failed", native)
@example(b"\xff\xfe", "succeeded", native)
def test_no_user_name_shifts_the_other_fields(
    user: bytes, outcome: str, frame: Frame
) -> None:
    found = run(session_of(user, outcome, frame))
    assert_only_a_user(found, user, outcome)
    found.assert_accounted()


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
@pytest.mark.parametrize("frame", [native, syslog])
def test_no_user_name_of_the_corpus_shifts_the_other_fields(
    outcome: str, frame: Frame
) -> None:
    assert len(INJECTIONS) > 500
    pipeline = made()
    for user in INJECTIONS:
        pipeline.feed(session_of(user.encode(), outcome, frame))
        assert_only_a_user(ended(pipeline), user.encode(), outcome)


def test_every_byte_in_a_user_name() -> None:
    pipeline = made()
    for value in set(range(256)) - {ord("\n")}:
        user = b"a" + bytes([value]) + b"b"
        pipeline.feed(session_of(user, "failed", native))
        assert_only_a_user(ended(pipeline), user, "failed")


@SOME
@given(hostile_bytes())
def test_a_user_in_a_notice_is_only_a_user(user: bytes) -> None:
    """Here the name ends the line; blanks at its end are lost with the line's."""
    body = b"SMTP Auth: (ICID 450) LDAP query/user lookup failed for user: x" + user
    found = run([native(b) for b in [*opened(), body]])

    (notice,) = found.events
    assert "outcome" not in notice["event"]
    assert notice["event"]["code"] == "SMTPAUTH_LDAP_QUERY_FAILED_INFO"
    assert notice["cisco_esa"]["icid"] == 450
    whole = b"x" + user
    assert notice["user"]["name"] == grammar.trimmed(text_of(whole[: end_of(whole)]))
    assert not found.dead


def without_name(event: Event) -> Event:
    """Return ``event`` without what the reverse DNS name gives it."""
    own = {k: v for k, v in event["cisco_esa"].items() if k != "reverse_dns"}
    return event | {"cisco_esa": own}


@SOME
@given(hostile_bytes())
@example(b"")
@example(b" ")
@example(b"x verified yes")
@example(b"x verified no reverse dns host y verified yes")
@example(b"esa")
def test_no_reverse_dns_name_bends_an_event(name: bytes) -> None:
    def session(reverse_dns: bytes) -> Run:
        body = [*opened(name=reverse_dns), inbound(), b"ICID 450 close"]
        return run([native(b) for b in body])

    found, plain = session(name), session(b"plain.example")
    assert [without_name(e) for e in found.events] == [
        without_name(e) for e in plain.events
    ]
    said = text_of(name).strip()
    assert found.events[0]["cisco_esa"]["reverse_dns"] == (
        {"verified": False, "name": said}
        if said not in ("", "unknown")
        else {"verified": False}
    )
    assert not found.dead


@SOME
@given(hostile_bytes())
@example(b"esa")
@example(b"")
def test_no_verified_name_bends_an_event(name: bytes) -> None:
    """Even the appliance's own, which is a host of the event twice then."""
    opening = opened(name=name)
    opening[0] = opening[0].removesuffix(b"no") + b"yes"
    found = run([native(b) for b in [*opening, inbound()]])

    (result,) = found.results
    assert result["source"]["ip"] == "198.51.100.7"
    assert result["event"]["outcome"] == "failure"
    said = text_of(name).strip()
    named = said not in ("", "unknown")
    assert result["source"].get("domain") == (said if named else None)
    assert not found.dead


@SOME
@given(hostile_text(), st.sampled_from(["succeeded", "failed"]))
def test_no_profile_shifts_an_inbound_result(profile: str, outcome: str) -> None:
    """The administrator's text ends the line, less the blanks at its end.

    A profile that holds the mechanism's own words is the one text that is not told from
    a user name: it is the administrator's, and the user's must not win.
    """
    assume(" using AUTH mechanism: " not in profile)
    profile = f"p{profile}"
    line = native(inbound(outcome=outcome, profile=profile))
    found = run([*map(native, opened()), line])

    (result,) = found.results
    assert result["cisco_esa"]["auth"] == {
        "mechanism": "PLAIN",
        "profile": grammar.trimmed(profile),
    }
    assert result["user"]["name"] == "ann"
    assert result["event"]["outcome"] == (
        "success" if outcome == "succeeded" else "failure"
    )
    assert result["cisco_esa"]["icid"] == 450


def outbound(profile: str, tail: str) -> bytes:
    return native(
        "DCID: 5633 IP: 192.0.2.7 SMTP authentication using the profile "
        f"{profile} {tail}"
    )


@SOME
@given(hostile_text(), st.sampled_from(["succeeded.", "failed: ('535', ['no'])"]))
def test_no_profile_shifts_an_outbound_result(profile: str, tail: str) -> None:
    """But for one that ends a failure's profile itself, before the server's reply.

    Read otherwise, a reply with ``succeeded.`` at its end would be a success.
    """
    assume(" failed: " not in f" {profile} ")
    found = run([outbound(profile, tail)])

    (result,) = found.results
    assert result["cisco_esa"]["auth"] == {"profile": profile}
    assert result["cisco_esa"]["dcid"] == 5633
    assert result["event"]["outcome"] == (
        "success" if tail == "succeeded." else "failure"
    )


@SOME
@given(hostile_text())
@example("('535', ['x succeeded.'])")
@example("x succeeded.")
def test_no_reply_of_a_server_makes_a_failure_a_success(reply: str) -> None:
    reply = f"x{reply}"
    for text in (reply, repr(("535", [reply])), f"('535', ['{reply}'])"):
        found = run([outbound("relay", f"failed: {text}")])
        (result,) = found.results
        assert result["event"]["outcome"] == "failure"
        assert result["cisco_esa"]["auth"] == {"profile": "relay"}
        assert result["cisco_esa"]["dcid"] == 5633
        assert result["destination"]["ip"] == "192.0.2.7"
        assert "user" not in result
        assert not found.dead


@SOME
@given(hostile_text())
def test_a_reply_is_read_as_the_server_sent_it(reply: str) -> None:
    """AsyncOS writes a repr; what `repr` escapes comes back."""
    assume(reply.isascii() or reply.isprintable())
    found = run([outbound("relay", f"failed: {('535', [f'x{reply}.'])!r}")])
    (result,) = found.results
    assert result["error"]["code"] == "535"
    assert result["event"]["reason"] == f"x{reply}."


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


def less_quoted(events: list[Event]) -> list[Event]:
    """Return ``events`` without their ids and without the reply that a bounce quotes.

    The ids, because the same lines came before in the same second.
    """
    found = []
    for event in events:
        about = {k: v for k, v in event["event"].items() if k != "id"}
        own = dict(event["cisco_esa"])
        if "summary" in own:
            own["summary"] = {k: v for k, v in own["summary"].items() if k != "bounce"}
        found.append(event | {"event": about, "cisco_esa": own})
    return found


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


# ---- sessions do not disturb each other ---------------------------------------------


def each_alone(sessions: list[Script]) -> list[list[Event]]:
    return [run(s.lines).of(s.appliance, s.side, s.number) for s in sessions]


def each_among(found: Run, sessions: list[Script]) -> list[list[Event]]:
    return [found.of(s.appliance, s.side, s.number) for s in sessions]


@FEW
@given(st.data())
def test_sessions_do_not_disturb_each_other(data: st.DataObject) -> None:
    """Interleaved any way, each session gives what it gives alone, ids and all."""
    sessions = data.draw(scripts(no_line_twice=True))
    found = run(data.draw(shuffled(sessions)))

    assert each_among(found, sessions) == each_alone(sessions)
    assert len(found.events) == sum(map(len, each_among(found, sessions)))
    assert not found.dead
    found.assert_accounted()


@FEW
@given(st.data())
def test_sessions_with_equal_lines_do_not_disturb_each_other(
    data: st.DataObject,
) -> None:
    """Any interleaving, less the ids.

    Equal lines of one second are told apart by their ordinal, and ordinals are kept of
    the last few seconds only. A log that runs back and forth further than that, which
    no interleaving of an appliance's own lines does, counts from zero again.
    """
    sessions = data.draw(scripts())
    found = run(data.draw(shuffled(sessions)))

    alone = each_alone(sessions)
    assert list(map(less_quoted, each_among(found, sessions))) == list(
        map(less_quoted, alone)
    )
    assert not found.dead


@FEW
@given(scripts())
def test_sessions_of_one_log_do_not_disturb_each_other(sessions: list[Script]) -> None:
    """In the order of a log, equal lines have the ids too that they have alone."""
    found = run(by_time(sessions))
    assert each_among(found, sessions) == each_alone(sessions)
    ids = [e["event"]["id"] for e in found.events]
    assert len(set(ids)) == len(ids)


# ---- nothing vanishes ---------------------------------------------------------------


@SOME
@given(any_lines(SAMPLES))
def test_every_line_is_counted_once(lines: list[bytes]) -> None:
    """By feeding line after line: none is in two counts, none makes a hidden letter."""
    pipeline = made()
    for line in lines:
        before = pipeline.counters.as_dict()
        pipeline.feed([line])
        # One of an odd time counts when it is known why.
        pipeline.settle()
        after = pipeline.counters.as_dict()
        moved = {k: after[k] - before[k] for k in after}
        kinds = ("results", "ancillary", "context", "ignored", "rejected")
        assert sorted(moved[k] for k in kinds) == [0, 0, 0, 0, 1]
        assert moved["lines"] == 1
        assert moved["dead_letters"] == moved["rejected"]
        assert len(pipeline.take_dead()) == moved["dead_letters"]


@SOME
@given(any_lines(SAMPLES))
def test_the_account_holds_at_any_moment(lines: list[bytes]) -> None:
    """What is put off for its odd time is in no count, and is not forgotten."""
    pipeline = made()
    for fed, line in enumerate(lines, 1):
        pipeline.feed([line])
        count = pipeline.counters
        assert count.lines + pipeline.put_off == fed
        assert count.ignored >= 0
    pipeline.settle()
    assert pipeline.put_off == 0
    assert pipeline.counters.lines == len(lines)


@SOME
@given(any_lines(SAMPLES))
def test_the_account_holds_for_any_lines(lines: list[bytes]) -> None:
    found = run(lines)
    found.assert_accounted()
    assert found.counters.lines == len(lines)
    assert not found.counters.invalid_events
    for event in [*found.events, *found.dead]:
        orjson.dumps(event)


@SOME
@given(any_lines(SAMPLES))
def test_the_account_holds_for_a_closed_stream(lines: list[bytes]) -> None:
    found = decode([b"\n".join(lines) + b"\n"], "native")
    assert found.counters.lines == len(lines) or not lines
    assert found.events == run(lines).events


@SOME
@given(st.binary(max_size=300), st.sampled_from(["auto", "native", "json", "msgpack"]))
def test_the_account_holds_for_any_bytes(data: bytes, form: str) -> None:
    found = decode([data], form)
    found.assert_accounted()
    for event in [*found.events, *found.dead]:
        orjson.dumps(event)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary()
    | st.sampled_from([native(text).decode() for text in SAMPLES]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["message", "host", "time", "x"]), inner, max_size=4
        )
    ),
    max_leaves=6,
)


def as_json(value: Any) -> bytes:
    return orjson.dumps(value, default=lambda raw: raw.decode("latin-1"))


@SOME
@given(st.lists(st.dictionaries(st.sampled_from(["message", "host", "time"]), VALUES)))
def test_the_account_holds_for_any_records(records: list[dict[str, Any]]) -> None:
    for blocks, form in (
        ([as_json(r) + b"\n" for r in records], "json"),
        ([msgpack.packb(r) for r in records], "msgpack"),
    ):
        found = decode(blocks, form)
        found.assert_accounted()
        assert found.counters.lines >= len(records)
        for event in [*found.events, *found.dead]:
            orjson.dumps(event)


# ---- blocks, replays, ids -----------------------------------------------------------


def same(found: Run, other: Run) -> bool:
    return (found.events, found.dead, found.counters) == (
        other.events,
        other.dead,
        other.counters,
    )


SMALL = Settings(reference=SETTINGS.reference, max_line=1024)


@FEW
@given(st.data())
def test_blocks_of_text_do_not_matter(data: st.DataObject) -> None:
    """A line longer than is kept among them."""
    lines = data.draw(any_lines(SAMPLES))
    long = native(inbound(user="u" * data.draw(st.integers(900, 2500))))
    lines.insert(data.draw(st.integers(0, len(lines))), long)
    stream = b"\n".join(lines)
    whole = decode([stream], "native", SMALL)

    assert same(decode(data.draw(cut(stream)), "native", SMALL), whole)
    letters = [stream[i : i + 1] for i in range(len(stream))]
    assert same(decode(letters, "native", SMALL), whole)


@FEW
@given(st.data())
def test_blocks_of_records_do_not_matter(data: st.DataObject) -> None:
    """And records give what their lines give as text."""
    lines = [line.replace(b"\r", b"") for line in data.draw(any_lines(SAMPLES))]
    lines = [line for line in lines if line]
    packed = b"".join(msgpack.packb({"message": line}) for line in lines)
    texts = [line.decode("utf-8", "replace") for line in lines]
    ndjson = b"".join(as_json({"message": text}) + b"\n" for text in texts)
    for stream, wanted in ((packed, run(lines)), (ndjson, run(map(str.encode, texts)))):
        whole = decode([stream])
        assert (whole.events, whole.dead) == (wanted.events, wanted.dead)
        assert same(decode(data.draw(cut(stream))), whole)
        letters = [stream[i : i + 1] for i in range(len(stream))]
        assert same(decode(letters), whole)


def test_every_place_to_cut_three_lines() -> None:
    stream = b"\n".join([*map(native, opened()), native(inbound())]) + b"\n"
    whole = decode([stream])
    assert len(whole.results) == 1
    for place in range(len(stream)):
        assert same(decode([stream[:place], stream[place:]]), whole)
        # The last line counts without its newline; it is whole but for the profile.
        short = decode([stream[:place]])
        assert len(short.results) == (place >= len(stream) - len(b" staff\n"))


@FEW
@given(any_lines(SAMPLES), st.integers(0, 2**33))
def test_a_replay_gives_the_same_events(lines: list[bytes], second: int) -> None:
    """At another time too, if the lines say their year themselves."""
    found = run(lines)
    assert same(run(lines), found)
    dated = [line for line in lines if line[:3] in (b"Wed", b"Tue")]
    again = run(dated, Settings(reference=second))
    assert again.events == run(dated).events


@pytest.mark.parametrize(("frame", "count"), [(native, 100_000), (syslog, 5000)])
def test_equal_lines_have_ids_of_their_own(frame: Frame, count: int) -> None:
    """A hundred thousand in one second, and the same ids again at a replay."""

    def ids(lines: int) -> list[str]:
        pipeline = Pipeline(SETTINGS, lambda: READ_AT)
        pipeline.feed([frame(inbound())] * lines)
        return [event["event"]["id"] for event in pipeline.take_events()]

    first = ids(count)
    assert len(set(first)) == count
    # A replay that is cut short has the first of them.
    assert first[:5000] == ids(5000)


def test_ids_do_not_hang_on_the_place_of_the_line() -> None:
    lines = [native(inbound(user=name), at) for at, name in enumerate("abcdef")]
    noise = [native("Info: nothing", at) for at in range(6)]
    mixed = [line for pair in zip(noise, lines, strict=True) for line in pair]
    plain = [e["event"]["id"] for e in run(lines).results]
    assert [e["event"]["id"] for e in run(mixed).results] == plain


def test_ids_are_of_the_appliance_and_of_the_key() -> None:
    lines = [native(inbound())]
    of = {
        run(lines, Settings(appliance=name, id_key=key)).events[0]["event"]["id"]
        for name in ("a", "b")
        for key in (None, b"k" * 32, b"l" * 32)
    }
    assert len(of) == 6


# ---- no text ends a stage -----------------------------------------------------------


@SOME
@given(st.one_of(st.text(), hostile_text(), st.sampled_from(SAMPLES)))
def test_grammar_reads_any_text(body: str) -> None:
    fact = grammar.read(body)
    rule = grammar.rule_for(body)
    assert isinstance(fact, tuple)
    if rule is None:
        assert isinstance(fact, Unread)


@SOME
@given(st.sampled_from(SAMPLES), st.text(), st.text(), st.integers(0, 80))
def test_grammar_reads_any_text_around_a_sample(
    sample: str, before: str, inside: str, at: int
) -> None:
    grammar.read(before + sample)
    grammar.read(sample + inside)
    grammar.read(sample[:at] + inside + sample[at:])


@SOME
@given(st.one_of(st.binary(), hostile_bytes()))
def test_a_prefix_of_any_bytes(line: bytes) -> None:
    for text in (line, b"<" + line, b"<22>Apr 22 11:44:48 " + line):
        prefix = read_prefix(text)
        assert 0 <= prefix.body_at <= len(text)
        has_prefix(text)


ZONES = st.sampled_from([None, "UTC", "Europe/Berlin", "Asia/Kathmandu", "Etc/GMT-14"])


@SOME
@given(st.lists(stamps(), max_size=5), ZONES, st.integers(-54000, 54000))
@example(["Jan  1 00:00:00 0001"], "Etc/GMT-14", 54000)
@example(["0001-01-01T00:00:00+14:00"], None, 0)
@example(["9999-12-31T23:59:59-14:00"], None, 0)
@example(["Feb 29 00:00:00", "Feb 29 00:00:00"], "Europe/Berlin", 0)
def test_a_clock_reads_any_text(
    texts: list[str], zone: str | None, offset: int
) -> None:
    clock = Clock(zone, SETTINGS.reference)
    for text in texts:
        instant = clock.resolve(text)
        assert clock.resolve(text) == instant
        if instant is not None:
            assert len(instant.iso) == len(READ_AT)
            assert instant.iso.endswith("Z")
    clock.set_offset(offset)
    for text in texts:
        clock.resolve(text)


# ---- rules --------------------------------------------------------------------------


def ids_of(rules: tuple[Rule, ...]) -> list[str]:
    return [rule.name for rule in rules]


@pytest.mark.parametrize("rule", RULES, ids=ids_of(RULES))
def test_only_its_own_rule_reads_a_sample(rule: Rule) -> None:
    """So the order of the rules means nothing."""
    matching = [r.name for r in RULES if r.pattern.fullmatch(rule.sample)]
    assert matching == [rule.name]
    assert grammar.rule_for(rule.sample) is rule
    assert not isinstance(grammar.read(rule.sample), Unread)
    # A line in a file may end in a blank.
    assert grammar.read(rule.sample + " ") == grammar.read(rule.sample)


def test_names_of_rules_are_their_own() -> None:
    assert len(set(ids_of(RULES))) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=ids_of(RULES))
def test_no_sample_is_read_inside_another_line(rule: Rule) -> None:
    for before in ("x ", "MID 6 Subject '", "Custom Log Entry: ", " "):
        fact = grammar.read(before + rule.sample)
        assert isinstance(fact, Unread)
