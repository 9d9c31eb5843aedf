"""The near misses: each writes lines in which there is nothing to be found."""

from tests.siem.log import REJECTED, Log, delayed, failures


def slow_failures(log: Log) -> None:
    failures(log, "203.0.113.110", ["admin"] * 14, 40, per_session=1)


def nine_failures(log: Log) -> None:
    failures(log, "2001:db8:bad::110", ["postmaster"] * 9, 10)


def failures_of_two_addresses(log: Log) -> None:
    failures(log, "203.0.113.111", ["admin"] * 8, 12)
    failures(log, "203.0.113.112", ["admin"] * 8, 12)


def nine_users(log: Log) -> None:
    users = [f"user{n}" for n in range(9)]
    failures(log, "203.0.113.120", [*users, users[0]], 55, per_session=1)


def slow_spray(log: Log) -> None:
    failures(log, "203.0.113.121", [f"slow{n}" for n in range(14)], 75, per_session=1)


def many_good_users(log: Log) -> None:
    for number in range(12):
        log.attempt(20 * number, "203.0.113.122", f"staff{number}", good=True)


def four_typos(log: Log) -> None:
    failures(log, "198.51.100.130", ["ann"] * 4, 20)
    log.attempt(90, "198.51.100.130", "ann", good=True)


def success_first(log: Log) -> None:
    log.attempt(0, "198.51.100.131", "bob", good=True)
    for number in range(6):
        log.attempt(60 + 90 * number, "198.51.100.131", "bob")


def success_of_another(log: Log) -> None:
    failures(log, "198.51.100.132", ["carol"] * 6, 60)
    log.attempt(400, "198.51.100.132", "dave", good=True)
    log.attempt(420, "198.51.100.133", "carol", good=True)


def success_much_later(log: Log) -> None:
    failures(log, "198.51.100.134", ["erin"] * 6, 60)
    log.attempt(1300, "198.51.100.134", "erin", good=True)


def four_around_a_success(log: Log) -> None:
    failures(log, "198.51.100.135", ["frank"] * 4, 20)
    log.attempt(90, "198.51.100.135", "frank", good=True)
    for number in range(4):
        log.attempt(120 + 20 * number, "198.51.100.135", "frank")


def four_sources(log: Log) -> None:
    for number in range(12):
        address = f"198.51.100.{140 + number % 4}"
        log.attempt(240 * number, address, "traveller", good=True)


def slow_sources(log: Log) -> None:
    for number in range(6):
        log.attempt(1000 * number, f"198.51.100.{145 + number}", "roamer", good=True)


def encrypted(log: Log) -> None:
    icid = log.opened(0, "198.51.100.150")
    log.login(1, icid, "scanner", good=True, mechanism="PLAIN")
    log.write(3, f"ICID {icid} TLS failed: [Errno 54] Connection reset by peer")
    log.write(3, f"ICID {icid} close")


def opening_not_seen(log: Log) -> None:
    icid = next(log.numbers)
    log.login(0, icid, "scanner2", good=True, mechanism="PLAIN")
    log.write(2, f"ICID {icid} close")


def digest_in_the_clear(log: Log) -> None:
    icid = log.opened(0, "198.51.100.151", tls=None)
    log.login(1, icid, "scanner3", good=True, mechanism="CRAM-MD5")
    log.write(3, f"ICID {icid} close")


def rejected_failed(log: Log) -> None:
    icid = log.opened(0, "203.0.113.160", REJECTED)
    delayed(log, icid, "203.0.113.160")
    log.login(2, icid, "grace")
    log.write(5, f"ICID {icid} close")


def accepted_after_reject(log: Log) -> None:
    icid = log.opened(0, "203.0.113.161", REJECTED)
    delayed(log, icid, "203.0.113.161")
    log.write(2, f"ICID {icid} close")
    log.attempt(30, "203.0.113.161", "heidi", good=True)


def ninety_nine(log: Log) -> None:
    icid = log.opened(0, "198.51.100.170")
    log.login(1, icid, "ivan", good=True)
    for number in range(3):
        log.message(10 + 5 * number, icid, "ivan", 33)
    log.write(40, f"ICID {icid} close")


def two_mailings(log: Log) -> None:
    icid = log.opened(0, "198.51.100.172")
    log.login(1, icid, "ines", good=True)
    log.message(10, icid, "ines", 75)
    log.message(20, icid, "ines", 75)
    log.write(40, f"ICID {icid} close")


def all_staff(log: Log) -> None:
    icid = log.opened(0, "198.51.100.173")
    log.login(1, icid, "boss", good=True)
    log.message(5, icid, "boss", 120)
    log.write(40, f"ICID {icid} close")


def many_without_login(log: Log) -> None:
    icid = log.opened(0, "198.51.100.171")
    log.login(1, icid, "judy")
    log.message(10, icid, "list", 150)
    log.write(40, f"ICID {icid} close")


def outbound_later(log: Log) -> None:
    log.outbound(0, "198.51.100.180", "failed: ('454', ['4.7.0 Temporary failure'])")
    log.outbound(60, "198.51.100.180", "succeeded.")


def backend_knows_no_such_user(log: Log) -> None:
    icid = log.opened(0, "198.51.100.190")
    log.write(
        1, f"SMTP Auth: (ICID {icid}) LDAP query/user lookup failed for user: mallory"
    )
    log.write(
        2,
        "SMTP Auth: forward server connection to 192.0.2.25, port 25, "
        "interface Data 1, 3 connections available",
    )
    log.write(
        3,
        f"SMTP Auth: (ICID {icid}) was required but remote host did not initiate it",
    )
    log.write(4, f"ICID {icid} close")
