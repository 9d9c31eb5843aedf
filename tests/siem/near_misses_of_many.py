"""Near misses from many addresses, over many sessions, or over hours."""

from collections.abc import Iterator

from tests.siem.attacks_of_many import sent
from tests.siem.log import Key, Log, Named, failures


def scattered(
    log: Log,
    networks: int,
    users: int,
    every: float = 60,
    tries: int = 1,
    hits: int = 0,
) -> None:
    """Fail from so many networks for so many users; ``hits`` of them then get in."""
    for number in range(networks):
        address, user = f"2001:db8:b08:{number:x}::5", f"person{number % users}"
        for one in range(tries):
            log.attempt(every * number + 5 * one, address, user)
        if hits and number % (networks // hits) == 0:
            log.attempt(every * number + 25, address, user, good=True)


def too_few_networks(log: Log) -> None:
    """29 fail; two more are of users who are right at once."""
    scattered(log, 29, 20)
    for number in range(2):
        address = f"2001:db8:b09:{number:x}::5"
        log.attempt(900 * number + 30, address, f"right{number}", good=True)


def two_addresses_each(log: Log) -> None:
    """Forty addresses, but of twenty networks."""
    for number in range(40):
        address = f"2001:db8:b08:{number // 2:x}::{number % 2 + 5}"
        log.attempt(60 * number, address, f"person{number % 20}")


def too_few_users(log: Log) -> None:
    """Fourteen, in more spellings."""
    for number in range(45):
        user = f"person{number % 14}"
        spelt = user.upper() if number % 3 else user
        log.attempt(60 * number, f"2001:db8:b08:{number:x}::5", spelt)


def too_slow(log: Log) -> None:
    scattered(log, 40, 20, every=150)


def too_many_tries(log: Log) -> None:
    scattered(log, 40, 20, tries=4)


def password_day_at_home(log: Log) -> None:
    """Each from home, each wrong once, and then in."""
    scattered(log, 45, 45, every=50, hits=45)


def a_few_got_in(log: Log) -> None:
    """Nine of 45: more than one in ten."""
    scattered(log, 45, 45, every=50, hits=9)


def office(log: Log) -> None:
    """Behind one address, on the day of a new password: wrong once, and then in."""
    for number in range(12):
        log.attempt(45 * number, "198.51.100.7", f"clerk{number}")
        log.attempt(45 * number + 12, "198.51.100.7", f"clerk{number}", good=True)


def privacy_addresses(log: Log) -> None:
    """One phone with an old password, on IPv6 with addresses that change."""
    for number in range(7):
        address = f"2001:db8:cafe:1:{number + 1:x}::{number + 7:x}"
        log.attempt(500 * number, address, "karl")


def ten_spellings(log: Log) -> None:
    names = ("Lena", "LENA", "lEna", "leNa", "lenA", "LEna", "LENa", "lENA", "leNA")
    for number, name in enumerate((*names, "LeNa", "LeNA")):
        log.attempt(55 * number, "198.51.100.11", name)


def service_account(log: Log) -> None:
    """Known hosts of one account, all of them right."""
    for number in range(8):
        log.attempt(60 * number, f"198.51.100.{20 + number}", "backup", good=True)


def four_networks_fail(log: Log) -> None:
    for number in range(12):
        address = f"198.51.100.{30 + number % 4}"
        log.attempt(240 * number, address, "mona")


def five_networks_in_hours(log: Log) -> None:
    for number in range(6):
        log.attempt(1000 * number, f"198.51.100.{35 + number}", "nora")


def portions_below(log: Log) -> None:
    """490 recipients within an hour."""
    for number in range(49):
        sent(log, 68 * number, "198.51.100.40", "olaf", 10)


def portions_over_hours(log: Log) -> None:
    """510 recipients, but within two hours."""
    for number in range(51):
        sent(log, 130 * number, "198.51.100.41", "paul", 10)


def two_senders(log: Log) -> None:
    """300 recipients of each of two users, from one address."""
    for number in range(60):
        user = ("quinn", "rosa")[number % 2]
        sent(log, 55 * number, "198.51.100.42", user, 10)


def day_below(log: Log) -> None:
    """1,980 recipients in a day."""
    for number in range(99):
        sent(log, 720 * number, "198.51.100.43", "sam", 20)


def two_days(log: Log) -> None:
    """2,040 recipients, but within two days."""
    for number in range(102):
        sent(log, 1700 * number, "198.51.100.44", "tina", 20)


def slow_below(log: Log) -> None:
    failures(log, "198.51.100.45", ["root"] * 99, 780, per_session=1)


def slow_over_days(log: Log) -> None:
    failures(log, "198.51.100.46", ["root"] * 110, 1500, per_session=1)


def nine_elsewhere(log: Log) -> None:
    for number in range(9):
        log.attempt(240 * number, f"198.51.100.{50 + number % 3}", "udo")
    log.attempt(2300, "198.51.100.53", "udo", good=True)


def two_networks_elsewhere(log: Log) -> None:
    """The old password in two devices on two networks, the new one in the office."""
    for number in range(14):
        address = f"2001:db8:b0b:{number % 2}::{number // 2 % 2 + 5}"
        log.attempt(200 * number, address, "vera")
    log.attempt(2900, "198.51.100.56", "vera", good=True)


def elsewhere_after_the_success(log: Log) -> None:
    log.attempt(0, "198.51.100.60", "willi", good=True)
    for number in range(12):
        log.attempt(240 + 240 * number, f"198.51.100.{57 + number % 3}", "willi")


def elsewhere_long_before(log: Log) -> None:
    for number in range(12):
        log.attempt(600 * number, f"198.51.100.{61 + number % 3}", "xaver")
    log.attempt(7300, "198.51.100.64", "xaver", good=True)


def nine_without_address(log: Log) -> None:
    icid = next(log.numbers)
    for number in range(9):
        log.login(25 * number, icid, f"lost{number}")
    log.write(260, f"ICID {icid} close")


def ten_without_address_in_hours(log: Log) -> None:
    icid = next(log.numbers)
    for number in range(10):
        log.login(660 * number, icid, f"lost{number}")
    log.write(6000, f"ICID {icid} close")


def ten_with_address(log: Log) -> None:
    icid = log.opened(0, "198.51.100.65")
    for number in range(10):
        log.login(1 + 60 * number, icid, f"found{number % 7}")
    log.write(660, f"ICID {icid} close")


def open_below(log: Log) -> Iterator[Key | Named]:
    """480 recipients of three messages, all reported, in a session that goes on."""
    icid = log.opened(0, "198.51.100.208")
    log.login(1, icid, "club", good=True)
    for number in range(3):
        log.message(10 + 2600 * number, icid, "club", 160)
    session = f"{log.appliance}:{icid}:{log.now(0):%Y%m%dT%H%M%SZ}"
    yield Named("recipients_burst_after_success", (session,))


def open_and_one_mailing(log: Log) -> Iterator[Key | Named]:
    """One message to 600 colleagues, and a correction, in a session that goes on."""
    icid = log.opened(0, "198.51.100.209")
    log.login(1, icid, "works", good=True)
    log.message(10, icid, "works", 600)
    log.message(300, icid, "works", 600)
    yield Named("relay_volume_by_user", ("works",))
