"""`tls.established: false` is said only where every line on TLS was understood."""

import pytest

from tests.support.harness import Run, inbound, native, opened, run

# None of them is in any log we saw.
WORDINGS = (
    *("Using TLSv1.3", "TLSv1.2 success", "tls success", "starttls ok", "(TLS) up"),
    *("StartTLS negotiated", "SSL success", "Secured, by TLS", "Encryption: TLS on"),
    *("a b c d e f g h TLS up", '"TLS" up', "TLS failed.", "TLS successful"),
    *("TLS was required but remote host did not initiate it.", "Authority: no TLS"),
)
AUTH = (
    "SMTP AUTH over TLS was refused",
    "AUTH needs TLS",
    "LDAP SMTP Auth went wrong over TLSv1.2",
    "TLS is required for SMTP AUTH",
)


def of_inbound(said: str, at: int) -> Run:
    bodies: list[str | bytes] = [*opened(), inbound()]
    bodies.insert(at, f"ICID 450 {said}")
    got = run([native(body) for body in (*bodies, inbound(), "ICID 450 close")])
    got.assert_accounted()
    return got


def of_outbound(said: str) -> Run:
    profile = "IP: 192.0.2.7 SMTP authentication using the profile relay succeeded."
    bodies = (
        "New SMTP DCID 9 interface 192.0.2.1 address 192.0.2.7 port 25",
        f"DCID 9 {said}",
        f"DCID: 9 {profile}",
        "DCID 9 close",
    )
    got = run([native(body) for body in bodies])
    got.assert_accounted()
    return got


@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize("said", [*WORDINGS, *AUTH])
def test_a_line_that_is_not_understood_says_nothing(said: str, at: int) -> None:
    for got in (of_inbound(said, at), of_outbound(said)):
        assert "tls" not in got.events[-1]
        assert "tls" not in got.results[-1]
        assert got.counters.rejected == (said in AUTH)
        assert got.counters.ignored == 0


@pytest.mark.parametrize("said", AUTH)
def test_it_is_kept_also_of_a_connection_that_is_not_known(said: str) -> None:
    got = run([native(f"ICID 450 {said}"), native(inbound())])
    got.assert_accounted()
    assert got.counters.rejected == 1
    assert "tls" not in got.results[0]


@pytest.mark.parametrize(
    "said",
    [
        *("LDAP SMTP Auth went wrong", "ABCD sasl gave up"),
        *("Connection refused: SMTP AUTH is required", "lost before SMTP AUTH"),
    ],
)
def test_a_first_word_that_is_known_hides_no_auth(said: str) -> None:
    got = of_inbound(said, 2)
    assert got.counters.rejected == 1
    assert got.results[-1]["tls"] == {"established": False}


@pytest.mark.parametrize(
    "said",
    [
        "Unknown command: STARTTLS TLS",
        "Receiving Failed: TLS required",
        "TLS failed: SSL was refused",
        "TLS was required but remote host did not initiate it",
    ],
)
def test_a_line_that_is_understood_leaves_cleartext(said: str) -> None:
    assert of_inbound(said, 2).events[-1]["tls"] == {"established": False}


def test_no_session_is_made_of_connection_0() -> None:
    got = run([native("ICID 0 Using TLSv1.3"), native("ICID 0 AUTH needs TLS")])
    got.assert_accounted()
    assert (got.counters.context, got.counters.rejected) == (0, 1)
