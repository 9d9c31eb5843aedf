"""Lines for the crash tests of `--ack`: what is hard to tell from a repetition."""

from collections.abc import Iterator


def session(number: int, attempts: int = 3) -> Iterator[bytes]:
    """Yield a session whose attempts are identical lines of one second."""
    icid = number + 1
    stamp = (
        f"Tue Mar 17 {10 + number // 3600:02}:{number // 60 % 60:02}:"
        f"{number % 60:02} 2026 Info:"
    )
    attempt = (
        f"SMTP Auth: (ICID {icid}) failed for user: user{number % 7}@example.com "
        "using AUTH mechanism: PLAIN with profile: staff"
    )
    bodies = (
        f"New SMTP ICID {icid} interface Data 1 (192.0.2.1) address "
        f"198.51.100.{number % 250} reverse dns host unknown verified no",
        f"ICID {icid} ACCEPT SG UNKNOWNLIST match sbrs[none] SBRS None",
        f"MID {number} Subject 'SMTP Auth: (ICID 1) failed for user: nobody'",
        *[attempt] * attempts,
        f"SMTP Auth: (ICID {icid}) pondered over user: nobody",
        f"ICID {icid} close",
    )
    for body in bodies:
        yield f"{stamp} {body}".encode()


def sessions(count: int, attempts: int = 3) -> list[bytes]:
    """Return the lines of sessions one after the other."""
    return [line for number in range(count) for line in session(number, attempts)]
