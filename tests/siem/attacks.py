"""The attacks: each writes its lines and returns what its rule must name for them."""

from collections.abc import Iterator

from tests.siem.log import REJECTED, Key, Log, delayed, failures


def brute_force(log: Log) -> Iterator[Key]:
    failures(log, "203.0.113.10", ["admin", "root"] * 6, 20)
    yield ("203.0.113.10",)


def brute_force_v6(log: Log) -> Iterator[Key]:
    failures(log, "2001:db8:bad::10", ["postmaster"] * 10, 8, per_session=10)
    yield ("2001:db8:bad::10",)


def spray(log: Log) -> Iterator[Key]:
    failures(log, "203.0.113.20", [f"user{n}" for n in range(10)], 58, per_session=1)
    yield ("203.0.113.20",)


def guessed(log: Log) -> Iterator[Key]:
    failures(log, "203.0.113.30", ["finance"] * 6, 80, per_session=1)
    log.attempt(500, "203.0.113.30", "finance", good=True)
    yield ("203.0.113.30", "finance")


def many_sources(log: Log) -> Iterator[Key]:
    for number in range(6):
        log.attempt(560 * number, f"203.0.113.{40 + number}", "ceo")
    yield ("ceo",)


def cleartext(log: Log) -> Iterator[Key]:
    icid = log.opened(0, "198.51.100.50", tls=None)
    yield (log.login(1, icid, "scanner", good=True, mechanism="PLAIN"),)
    log.write(3, f"ICID {icid} close")


def rejected_got_in(log: Log) -> Iterator[Key]:
    icid = log.opened(0, "203.0.113.60", REJECTED)
    delayed(log, icid, "203.0.113.60")
    yield (log.login(2, icid, "grace", good=True),)
    log.write(5, f"ICID {icid} close")


def taken_over(log: Log) -> Iterator[Key]:
    icid = log.opened(0, "203.0.113.70")
    log.login(1, icid, "sales", good=True)
    for number in range(3):
        log.message(10 + 5 * number, icid, "sales", 40)
    log.write(40, f"ICID {icid} close")
    yield (_session(log, icid),)


def outbound_refused(log: Log) -> Iterator[Key]:
    refusal = "failed: ('535', ['5.7.8 Error: authentication failed'])"
    yield (log.outbound(0, "198.51.100.80", refusal),)


def backend_away(log: Log) -> Iterator[Key]:
    icid = log.opened(0, "198.51.100.90")
    yield (
        log.write(
            2,
            f"SMTP Auth: (ICID {icid}) could not reach forwarding server 192.0.2.25 "
            "with reason: timed out",
            level="Warning",
        ),
    )
    log.write(4, f"ICID {icid} close")


def cleartext_login(log: Log) -> Iterator[Key]:
    icid = log.opened(0, "198.51.100.51", tls=None)
    yield (log.login(1, icid, "camera"),)
    log.write(3, f"ICID {icid} close")


def outbound_refused_otherwise(log: Log) -> Iterator[Key]:
    replies = {
        "530": "5.7.0 Authentication required",
        "534": "5.7.9 Authentication mechanism is too weak",
        "538": "5.7.11 Encryption required for requested authentication mechanism",
    }
    for number, (code, reply) in enumerate(replies.items()):
        refusal = f"failed: ('{code}', ['{reply}'])"
        yield (log.outbound(20 * number, "198.51.100.81", refusal),)


def backend_broken(log: Log) -> Iterator[Key]:
    icid = log.opened(0, "198.51.100.91")
    for number, words in enumerate(
        (
            f"(ICID {icid}) could not reach forwarding server 192.0.2.25",
            f"(ICID {icid}) profile: staff is misconfigured or missing causing an "
            "Auth failure",
            "LDAP query failed, possible LDAP misconfiguration or unreachable server.",
        )
    ):
        yield (log.write(2 + number, f"SMTP Auth: {words}", level="Warning"),)
    log.write(9, f"ICID {icid} close")


def _session(log: Log, icid: int) -> str:
    at, _ = log.lines[0]
    return f"{log.appliance}:{icid}:{at:%Y%m%dT%H%M%SZ}"
