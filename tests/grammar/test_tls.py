"""TLS of a connection: what is said of it, and when nothing may be said."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from esa_auth.sessions.table import MAX_KEPT
from tests.support.harness import Event, inbound, made, native, opened, run
from tests.support.strategies import hostile_text

SOME = settings(max_examples=100, deadline=None)
TAILS = st.one_of(
    hostile_text(),
    st.text(st.characters(codec="ascii", exclude_characters="\n"), max_size=200),
)
OPENED = "New SMTP DCID 450 interface 192.0.2.1 address 192.0.2.7 port 25"
OUTBOUND = (
    "DCID: 450 IP: 192.0.2.7 SMTP authentication using the profile relay succeeded."
)
# A line that is understood and means cleartext, on each side.
FAILED = "{} 450 TLS failed"


def result(side: str, *said: str, late: bool = False) -> Event:
    """Return the last attempt of a connection that says ``said`` of TLS."""
    begin: list[str | bytes] = [OPENED] if side == "DCID" else [*opened()]
    attempt = OUTBOUND if side == "DCID" else inbound()
    told = [body.replace("{}", side) for body in said]
    bodies = [*begin, *told, attempt]
    if late:
        bodies = [*begin, attempt, *told, attempt]
    found = run([native(body) for body in bodies])
    found.assert_accounted()
    return found.results[-1]


sides = pytest.mark.parametrize("side", ["ICID", "DCID"])
both = pytest.mark.parametrize("late", [False, True])


@sides
@both
@SOME
@given(tail=TAILS)
@example(tail="protocol TLSv1.2 cipher ECDHE-RSA-AES256 CN: <client.example.com>")
@example(tail="DANE success for example.com")
@example(tail="x" * 5000)
def test_a_success_is_one_whatever_follows_it(side: str, late: bool, tail: str) -> None:
    event = result(side, f"{{}} 450 TLS success {tail}", late=late)
    assert event["tls"]["established"] is True


@sides
@pytest.mark.parametrize(
    "tail",
    [
        " protocol TLSv1.2 cipher AES256-SHA",
        " protocol TLSv1.2 cipher AES256-SHA CN: <mail.example.com>",
        " protocol TLSv1.2 cipher AES256-SHA for example.com and more",
        " for example.com protocol TLSv1.2 cipher AES256-SHA",
        " protocol TLSv1.2, cipher AES256-SHA",
        ", protocol: TLSv1.2, cipher: AES256-SHA; verified",
    ],
)
def test_what_is_understood_of_the_tail_is_taken(side: str, tail: str) -> None:
    assert result(side, "{} 450 TLS success" + tail)["tls"] == {
        "established": True,
        "version": "1.2",
        "version_protocol": "tls",
        "cipher": "AES256-SHA",
    }


@sides
def test_a_certificate_chooses_no_cipher(side: str) -> None:
    names = "CN: <a protocol SSLv3 cipher NULL>"
    event = result(side, f"{{}} 450 TLS success {names}")
    assert event["tls"] == {"established": True}


@sides
@both
@SOME
@given(tail=TAILS)
@example(tail="TLS renegotiated")
@example(tail="IP 198.51.100.9 STARTTLS was put off")
@example(tail="TLS successful")
@example(tail="TLS successful, and SMTP AUTH too")
@example(tail="TLS")
@example(tail="SASL")
def test_any_other_line_on_tls_leaves_it_open(side: str, late: bool, tail: str) -> None:
    """Or it is one that is known, or none on TLS."""
    words = tail if tail.startswith(("TLS", "IP ")) else f"TLS {tail}"
    event = result(side, f"{{}} 450 {words}", late=late)
    known = ("TLS success", "TLS failed", "TLS was required")
    if not words.startswith(known) or words == "TLS successful":
        assert "tls" not in event


@sides
@both
@pytest.mark.parametrize("first", [True, False])
def test_a_failure_beside_a_line_that_is_not_understood_says_nothing(
    side: str, late: bool, first: bool
) -> None:
    said = [FAILED, "{} 450 TLS was put off"]
    assert "tls" not in result(side, *said[:: 1 if first else -1], late=late)


@sides
@both
def test_what_is_understood_still_means_cleartext(side: str, late: bool) -> None:
    for said in (FAILED, f"{FAILED}: ", f"{FAILED}: [Errno 54] Connection reset"):
        assert result(side, said, late=late)["tls"] == {"established": False}
    assert result(side)["tls"] == {"established": False}


@sides
@both
@pytest.mark.parametrize("after", [FAILED, "{} 450 TLS was put off"])
def test_a_success_stays_one(side: str, late: bool, after: str) -> None:
    event = result(side, "{} 450 TLS success", after, late=late)
    assert event["tls"] == {"established": True}


@sides
@pytest.mark.parametrize("word", ["success protocol TLSv1.2", "failed", "put off"])
def test_a_line_that_had_no_room_claims_no_cleartext(side: str, word: str) -> None:
    """So many context lines are kept and no more."""
    line = "{} 450 TLS failed: " + "x" * 400
    many = [line] * (MAX_KEPT // len(line))
    event = result(side, *many, f"{{}} 450 TLS {word} {'y' * 300}")
    assert event.get("tls", {}).get("established") is not False


def test_many_lines_on_tls_are_bounded() -> None:
    pipeline = made()
    pipeline.feed([native(body) for body in opened()])
    pipeline.feed([native(f"ICID 450 TLS {'x' * 900} {n}") for n in range(100)])
    (kept,) = pipeline.registry.named("esa").inbound.kept.values()
    assert len(kept) < MAX_KEPT + 64


@pytest.mark.parametrize(
    "body",
    [
        "DCID 450 SMTP AUTH over TLS went wrong",
        "ICID 450 SASL needs TLS",
        "ICID 450 AUTH without TLS was refused",
    ],
)
def test_auth_in_a_new_wording_with_tls_is_kept(body: str) -> None:
    found = run([native(body)])
    assert (found.counters.rejected, len(found.dead)) == (1, 1)
    found.assert_accounted()
