"""Attacks on logins to the appliance itself, and near misses."""

from collections.abc import Iterator

from tests.siem.log import Key, Log, Named

_REFUSED = "An authentication attempt by the user {} from {} failed"
_IN = "The user {} successfully logged on from {}"


def refused(log: Log, seconds: float, user: str, address: str, lines: int = 1) -> str:
    """Note a failed login, in so many lines."""
    for _ in range(lines):
        line = log.write(seconds, _REFUSED.format(user, address))
    return line


def guessed_at(log: Log) -> Iterator[Key]:
    for number in range(5):
        refused(log, 170 * number, f"admin{number}", "203.0.113.90")
    yield ("203.0.113.90",)


def guessed_at_without_address(log: Log) -> Iterator[Key]:
    """An old release says no address: the appliance is named."""
    for number in range(6):
        log.write(60 * number, f"User operator{number} failed authentication.")
    yield (log.appliance,)


def guessed(log: Log) -> Iterator[Key | Named]:
    """Slowly, each try in two lines and from another address; then in, at once."""
    address = "2001:db8:bad:9::{}"
    for number in range(5):
        refused(log, 170 * number, "admin", address.format(number + 1), lines=2)
    log.write(680, _IN.format("admin", address.format(9)))
    yield ("2001:db8:bad:9::",)
    yield Named("admin_login_guessing", ("2001:db8:bad:9::",))


def guessed_without_address(log: Log) -> Iterator[Key | Named]:
    """An old release says no address: the appliance is named."""
    for number in range(5):
        log.write(30 * number, "User operator failed authentication.")
    log.write(140, "User operator was authenticated successfully.")
    yield (log.appliance,)
    yield Named("admin_login_guessing", (log.appliance,))


def locked(log: Log) -> Iterator[Key]:
    yield (
        log.write(
            0,
            "The user admin has exceeded the limit of login attempts when trying to "
            "authenticate via the web interface",
        ),
    )


def one_refused(log: Log) -> None:
    refused(log, 0, "admin", "198.51.100.90")


def four_tries_in_two_lines(log: Log) -> None:
    for number in range(4):
        refused(log, 30 * number, "admin", "198.51.100.91", lines=2)
    log.write(130, _IN.format("admin", "198.51.100.91"))


def tries_over_hours(log: Log) -> None:
    """A script with an old password, every five minutes, and the administrator."""
    for number in range(20):
        refused(log, 300 * number, "monitor", "198.51.100.92")
    log.write(6000, _IN.format("admin", "198.51.100.92"))


def in_before_failures(log: Log) -> Iterator[Named]:
    log.write(0, _IN.format("admin", "198.51.100.93"))
    for number in range(6):
        refused(log, 10 + 20 * number, "admin", "198.51.100.93")
    yield Named("admin_login_guessing", ("198.51.100.93",))


def another_gets_in(log: Log) -> Iterator[Named]:
    for number in range(6):
        refused(log, 20 * number, "admin", "203.0.113.94")
    log.write(130, _IN.format("admin", "198.51.100.94"))
    yield Named("admin_login_guessing", ("203.0.113.94",))
