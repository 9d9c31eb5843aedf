"""What makes other detections blind: lost lines, unread lines, silent appliances."""

from collections.abc import Iterator

from tests.siem.log import Key, Log


def an_unread_line(log: Log) -> Iterator[Key]:
    icid = log.opened(0, "198.51.100.70")
    log.write(1, f"SMTP Auth: (ICID {icid}) was not liked for user: ann, said the moon")
    log.write(2, f"ICID {icid} close")
    yield (log.appliance,)


def _quoted(log: Log, lines: int) -> None:
    said = "SMTP Auth: (ICID 7) failed for user: ann using AUTH mechanism: LOGIN"
    for number in range(lines):
        log.raw(20 * number, f"#{number}# {said} with profile: staff")


def unknown_heads(log: Log) -> Iterator[Key]:
    _quoted(log, 10)
    yield (log.appliance,)


def few_unknown_heads(log: Log) -> None:
    _quoted(log, 9)


def _attempts(log: Log, known: int, every: int) -> None:
    """Log in so often, and after each fourth of these once without opening line."""
    for number in range(known):
        address, begin = f"198.51.100.{71 + number % 3}", every * number
        log.attempt(begin, address, f"u{number}", good=True)
        if number % 4 == 3:
            icid = next(log.numbers)
            log.login(begin + every // 2, icid, f"m{number}", good=True)
            log.write(begin + every // 2 + 1, f"ICID {icid} close")


def fifth_is_missing(log: Log) -> Iterator[Key]:
    """4 of 20, within an hour."""
    _attempts(log, 16, 210)
    yield (log.appliance,)


def less_is_missing(log: Log) -> None:
    """4 of 21, all in one of the pieces that windows are made of."""
    _attempts(log, 17, 12)


def fifth_over_hours(log: Log) -> None:
    _attempts(log, 16, 400)


def few_attempts(log: Log) -> None:
    """Nineteen, and all are missing."""
    for number in range(19):
        icid = next(log.numbers)
        log.login(25 * number, icid, f"m{number}", good=True)
        log.write(25 * number + 1, f"ICID {icid} close")


def conflict(log: Log) -> Iterator[Key]:
    """Two appliances that both call themselves by one name."""
    icid = next(log.numbers)
    for number, own in enumerate(("192.0.2.1", "192.0.2.129")):
        log.write(
            number,
            f"New SMTP ICID {icid} interface Data 1 ({own}) address "
            f"198.51.100.{75 + number} reverse dns host mail.example.com verified no",
        )
        log.write(number, f"ICID {icid} ACCEPT SG None match ALL SBRS None")
    log.login(3, icid, "ann")
    log.login(4, icid, "bob", good=True)
    log.write(6, f"ICID {icid} close")
    yield (log.appliance,)


def reused_number(log: Log) -> None:
    """A number that comes again after its connection was closed is no conflict."""
    icid = next(log.numbers)
    for number in range(2):
        log.write(
            30 * number,
            f"New SMTP ICID {icid} interface Data 1 (192.0.2.1) address "
            f"198.51.100.{75 + number} reverse dns host mail.example.com verified no",
        )
        log.login(30 * number + 1, icid, "ann", mechanism="CRAM-MD5")
        log.write(30 * number + 2, f"ICID {icid} close")


def _daily(
    log: Log, user: str, address: str, begin: int, end: int, every: int = 6
) -> None:
    """Log in on these days from one address, every so many hours."""
    for hour in range(24 * begin, 24 * end, every):
        log.attempt(3600 * hour, address, user, good=True)


def _steadily(log: Log, until: int) -> None:
    """Log in 52 times, which are 104 events; the last is ``until`` hours before."""
    for number in range(52):
        hour = 20 * 24 - until - 2 * number
        log.attempt(3600 * hour, "198.51.100.80", "night", good=True)


def fell_silent(log: Log) -> Iterator[Key]:
    _steadily(log, 30)
    yield (log.appliance,)


def goes_on(log: Log) -> None:
    _steadily(log, 20)


def was_always_quiet(log: Log) -> None:
    """49 logins are 98 events."""
    for number in range(49):
        log.attempt(86400 * 13 + 3600 * number, "198.51.100.81", "quiet", good=True)


def silent_long_ago(log: Log) -> None:
    _daily(log, "night", "198.51.100.80", 9, 13, every=1)


def new_network(log: Log) -> Iterator[Key]:
    _daily(log, "yvonne", "198.51.100.82", 10, 20)
    log.attempt(86400 * 19 + 30000, "203.0.113.82", "Yvonne", good=True)
    yield ("yvonne", "203.0.113.82")


def new_address_of_a_network(log: Log) -> None:
    _daily(log, "zoe", "2001:db8:cafe:2::1", 2, 20)
    log.attempt(86400 * 19 + 30000, "2001:db8:cafe:2::99", "zoe", good=True)


def new_user(log: Log) -> None:
    _daily(log, "fresh", "198.51.100.83", 14, 20)
    log.attempt(86400 * 19 + 30000, "203.0.113.83", "fresh", good=True)


def failed_from_a_new_network(log: Log) -> None:
    _daily(log, "greta", "198.51.100.84", 2, 20)
    log.attempt(86400 * 19 + 30000, "203.0.113.84", "greta")


def new_some_days_ago(log: Log) -> None:
    _daily(log, "hugo", "198.51.100.85", 2, 20)
    log.attempt(86400 * 16, "203.0.113.85", "hugo", good=True)
    log.attempt(86400 * 19 + 30000, "203.0.113.85", "hugo", good=True)


def new_again(log: Log) -> Iterator[Key]:
    """Last seen there forty days ago."""
    log.attempt(-86400 * 20, "203.0.113.86", "ida", good=True)
    _daily(log, "ida", "198.51.100.86", 2, 20)
    log.attempt(86400 * 19 + 30000, "203.0.113.86", "ida", good=True)
    yield ("ida", "203.0.113.86")


def seen_weeks_ago(log: Log) -> None:
    log.attempt(86400 * 2, "203.0.113.87", "jan", good=True)
    _daily(log, "jan", "198.51.100.87", 2, 20)
    log.attempt(86400 * 19 + 30000, "203.0.113.87", "jan", good=True)


def new_two_days_ago(log: Log) -> None:
    _daily(log, "kim", "198.51.100.88", 2, 20)
    log.attempt(86400 * 20 - 3600 * 36, "203.0.113.88", "kim", good=True)
