"""Raw lines for reports: many attempts, and names that want to be run.

``python -m tests.support.report_lines ATTEMPTS > mail_logs`` writes a log of that many.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

# What each of them would do if anything of it ran: set this in the window, or the DOM.
MARKER = "esaAuthMarker"

_RUN = f"window.{MARKER}=1"
HOSTILE = (
    f"</script><script>{_RUN}</script>",
    f"</SCRIPT ><svg onload={_RUN}>",
    f"<!--<script>{_RUN}</script>",
    f"<img src=x onerror={_RUN}>",
    f"<b id={MARKER}>bold</b>",
    f'" onmouseover="{_RUN}" autofocus onfocus="{_RUN}',
    f"'-({_RUN})-'",
    f"javascript:{_RUN}",
    f"${{{_RUN}}}",
    f"{{{{constructor.constructor('{_RUN}')()}}}}",
    "{{data}} {{policy}} {a} {b|c} {@[0]}",
    "</style><style>body{display:none}</style>",
    "\u202egnp.exe\u202c",
    "\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd",
    "a\u2028b\u2029c",
    "\x1b]0;title\x07\x1b[2J\x1b[31m",
    "__proto__",
    "constructor",
    '=HYPERLINK("http://192.0.2.1")',
    "x" * 10_000,
    "<" * 10_000,
    "\U0001f600" * 200,
)
_MECHANISMS = ("LOGIN", "PLAIN", "CRAM-MD5")
BEGIN = datetime(2026, 3, 2, 8, tzinfo=UTC)


def log(attempts: int, seed: int = 7) -> Iterator[str]:
    """Yield native lines: sessions of twenty attempts of a few thousand sources."""
    random = Random(seed)
    made = 0
    icid = 1000
    while made < attempts:
        icid += 1
        now = BEGIN + timedelta(seconds=made * 0.6)
        address = f"198.51.{100}.{random.randrange(1, 255)}"
        if random.random() < 0.5:
            address = f"2001:db8::{random.randrange(1, 4000):x}"
        yield from opening(icid, now, address, f"host{icid % 500}.example.net")
        for _ in range(min(20, attempts - made)):
            user = f"user{int(random.paretovariate(0.7)) % 50_000}"
            word = "succeeded" if random.random() < 0.1 else "failed"
            yield attempt(icid, now, user, word, random.choice(_MECHANISMS))
            made += 1
        yield stamped(now, f"ICID {icid} close")


def hostile() -> Iterator[str]:
    """Yield lines with a hostile name wherever a stranger may write one."""
    now = BEGIN
    for place, name in enumerate(HOSTILE):
        icid = 500 + place
        reverse = name.replace(" ", "").replace("\n", "")[:300]
        yield from opening(icid, now, f"203.0.113.{place + 1}", reverse)
        for _ in range(6):
            yield attempt(icid, now, name, "failed", reverse[:60] or "LOGIN")
        yield attempt(icid, now + timedelta(seconds=5), name, "succeeded", "LOGIN")
        yield stamped(now, f"ICID {icid} close")
        yield stamped(
            now,
            f"DCID: {icid} IP: 192.0.2.7 SMTP authentication using the profile {name}"
            f" failed: ('535', ['{name}'])",
        )
        yield stamped(
            now,
            f"An authentication attempt by the user {name[:200]}"
            f" from 203.0.113.{place + 1} failed using an HTTPS connection.",
        )


def opening(icid: int, now: datetime, address: str, name: str) -> Iterator[str]:
    """Yield the lines that begin a session."""
    yield stamped(
        now,
        f"New SMTP ICID {icid} interface Data 1 (192.0.2.1) address {address}"
        f" reverse dns host {name} verified yes",
    )
    yield stamped(
        now,
        f"ICID {icid} ACCEPT SG UNKNOWNLIST match sbrs[none] SBRS 1.0 country Norway",
    )
    yield stamped(now, f"ICID {icid} TLS success protocol TLSv1.2 cipher AES256-SHA")


def attempt(icid: int, now: datetime, user: str, word: str, mechanism: str) -> str:
    """Return the line of one attempt."""
    return stamped(
        now,
        f"SMTP Auth: (ICID {icid}) {word} for user: {user}"
        f" using AUTH mechanism: {mechanism} with profile: staff",
    )


def stamped(now: datetime, body: str) -> str:
    """Return a native line."""
    return f"{now:%a %b %d %H:%M:%S %Y} Info: {body}"


if __name__ == "__main__":
    for line in log(int(sys.argv[1])):
        sys.stdout.write(f"{line}\n")
