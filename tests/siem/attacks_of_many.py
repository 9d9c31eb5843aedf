"""Attacks from many addresses, over many sessions, or over hours."""

from collections.abc import Iterator

from tests.siem.log import Key, Log, Named, failures


def v6_rotation(log: Log) -> Iterator[Key | Named]:
    """Each try from another address of one /64."""
    for number in range(24):
        address = f"2001:db8:bad:3::{number + 1:x}"
        log.attempt(10 * number, address, f"v{number % 12}")
    yield ("2001:db8:bad:3::",)
    yield Named("password_spray", ("2001:db8:bad:3::",))


def botnet_spray(log: Log) -> Iterator[Key]:
    """One try each of 32 bots in an hour, 15 users, one hit."""
    for number in range(32):
        address = f"2001:db8:b07:{number:x}::5" if number % 2 else f"192.0.2.{number}"
        log.attempt(115 * number, address, f"staff{number % 15}", good=number == 20)
    yield (f"{log.begun:%Y-%m-%d}",)


def stuffing(log: Log) -> Iterator[Key]:
    """Leaked pairs of user and password through 30 proxies, three tries of each."""
    for number in range(90):
        address = f"198.51.100.{number // 3 + 1}"
        log.attempt(15 * number, address, f"leaked{number}", good=number % 16 == 7)
    yield (f"{log.begun:%Y-%m-%d}",)


def small_portions(log: Log) -> Iterator[Key]:
    """A relay credential in 51 sessions with ten recipients each, within an hour."""
    for number in range(51):
        name = ("scan2mail", "Scan2Mail")[number % 2]
        sent(log, 68 * number, "203.0.113.200", name, 10)
    yield ("scan2mail",)


def all_day(log: Log) -> Iterator[Key]:
    """Far below the figure of an hour, for twenty hours."""
    for number in range(100):
        name = ("invoices", "Invoices")[number % 2]
        sent(log, 720 * number, f"203.0.113.{201 + number % 3}", name, 20)
    yield ("invoices",)


def one_open_session(log: Log) -> Iterator[Key | Named]:
    """All in one session, message by message."""
    icid = log.opened(0, "203.0.113.205")
    begun = log.now(0)
    log.login(1, icid, "press", good=True)
    for number in range(20):
        log.message(10 + 30 * number, icid, "press", 30)
    log.write(900, f"ICID {icid} close")
    yield ("press",)
    session = f"{log.appliance}:{icid}:{begun:%Y%m%dT%H%M%SZ}"
    yield Named("recipients_burst_after_success", (session,))
    yield Named("relay_volume_open_session", (session,))


def never_closed(log: Log) -> Iterator[Key | Named]:
    """510 recipients of three messages, in a session that goes on."""
    icid = log.opened(0, "203.0.113.207")
    log.login(1, icid, "scanner", good=True)
    for number in range(3):
        log.message(10 + 2800 * number, icid, "scanner", 170)
    session = f"{log.appliance}:{icid}:{log.now(0):%Y%m%dT%H%M%SZ}"
    yield (session,)
    yield Named("recipients_burst_after_success", (session,))
    yield Named("relay_volume_by_user", ("scanner",))


def three_messages(log: Log) -> Iterator[Key]:
    """102 recipients of three messages."""
    icid = log.opened(0, "203.0.113.206")
    log.login(1, icid, "fax", good=True)
    for number in range(3):
        log.message(10 + 5 * number, icid, "fax", 34)
    log.write(40, f"ICID {icid} close")
    yield (f"{log.appliance}:{icid}:{log.now(0):%Y%m%dT%H%M%SZ}",)


def slow_guessing(log: Log) -> Iterator[Key]:
    """A failure every thirteen minutes, the whole day, each from another address."""
    for number in range(105):
        log.attempt(780 * number, f"2001:db8:bad:4::{number:x}", "root")
    yield ("2001:db8:bad:4::",)


def same_second(log: Log) -> Iterator[Key]:
    """Six failures and the success in one second of the log."""
    icid = log.opened(0, "203.0.113.31")
    for _ in range(6):
        log.login(1, icid, "treasury")
    log.login(1, icid, "treasury", good=True)
    log.write(2, f"ICID {icid} close")
    yield ("203.0.113.31", "treasury")


def guessed_slowly(log: Log) -> Iterator[Key]:
    """Five failures in a quarter of an hour, from addresses of one /64."""
    for number in range(5):
        log.attempt(200 * number, f"2001:db8:bad:5::{number:x}", "legal")
    log.attempt(840, "2001:db8:bad:5::9", "legal", good=True)
    yield ("2001:db8:bad:5::", "legal")


def last_failure_with_success(log: Log) -> Iterator[Key]:
    """The last failure stands in the second of the success, in another session."""
    failures(log, "203.0.113.32", ["payroll"] * 9, 60, per_session=1)
    one, other = log.opened(540, "203.0.113.32"), log.opened(540, "203.0.113.32")
    log.login(541, one, "payroll")
    log.login(541, other, "payroll", good=True)
    log.write(543, f"ICID {one} close")
    log.write(543, f"ICID {other} close")
    yield ("203.0.113.32", "payroll")


def goes_on_failing(log: Log) -> Iterator[Key]:
    """Whoever guessed it goes on with the list, in the same minute."""
    failures(log, "203.0.113.34", ["hr"] * 6, 15, per_session=1)
    log.attempt(92, "203.0.113.34", "hr", good=True)
    for number in range(3):
        log.attempt(95 + 5 * number, "203.0.113.34", "hr")
    yield ("203.0.113.34", "hr")


def any_case(log: Log) -> Iterator[Key]:
    """One name in as many spellings as tries."""
    for number, name in enumerate(("Audit", "AUDIT", "aUdit", "auDit", "audIt")):
        log.attempt(30 * number, "203.0.113.33", name)
    log.attempt(170, "203.0.113.33", "audit", good=True)
    yield ("203.0.113.33", "audit")


def got_in_elsewhere(log: Log) -> Iterator[Key]:
    """Ten failures over three addresses, success from a fourth within the second."""
    for number in range(10):
        log.attempt(280 * number, f"203.0.113.{220 + number % 3}", "director")
    log.attempt(280 * 9, "203.0.113.223", "Director", good=True)
    yield ("director",)


def five_networks(log: Log) -> Iterator[Key]:
    """One try from each, each in another spelling."""
    for number, name in enumerate(("Otto", "OTTO", "oTTo", "otTo", "ottO")):
        log.attempt(850 * number, f"203.0.113.{230 + number}", name)
    yield ("otto",)


def without_address(log: Log) -> Iterator[Key]:
    """The opening line was lost: what the session is known by is its first line."""
    icid = next(log.numbers)
    for number in range(10):
        log.login(360 * number, icid, f"lost{number % 7}")
    log.write(3300, f"ICID {icid} close")
    yield (f"{log.appliance}:{icid}:{log.now(0):%Y%m%dT%H%M%SZ}",)


def sent(log: Log, seconds: float, address: str, user: str, recipients: int) -> None:
    """Log in, send one message, and close."""
    icid = log.opened(seconds, address)
    log.login(seconds + 1, icid, user, good=True)
    log.message(seconds + 2, icid, "office", recipients)
    log.write(seconds + 6, f"ICID {icid} close")
