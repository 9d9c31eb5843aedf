"""What users, hosts and servers write shifts no other field of its event."""

from collections.abc import Callable

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from esa_auth import grammar
from esa_auth.envelope import end_of
from tests.pipeline.examples import SOME
from tests.support.harness import (
    Event,
    Run,
    ended,
    inbound,
    made,
    native,
    opened,
    run,
    syslog,
)
from tests.support.strategies import INJECTIONS, hostile_bytes, hostile_text

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
