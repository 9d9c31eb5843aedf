"""Lines for commands to read: the quick start, attempts, one that no rule reads."""

from collections.abc import Sequence

from tests.support.harness import inbound, native
from tests.support.process import Ended

# Cisco note 118570, as in examples/quickstart.
QUICK_START = (
    b"Wed Apr 22 11:43:59 2009 Info: New SMTP ICID 450 interface IncomingMail "
    b"(172.16.155.16) address 172.16.155.102 reverse dns host unknown verified no",
    b"Wed Apr 22 11:43:59 2009 Info: ICID 450 ACCEPT SG None match ALL SBRS None",
    b"Wed Apr 22 11:44:48 2009 Info: SMTP Auth: (ICID 450) succeeded for user: "
    b"ironport using AUTH mechanism: PLAIN with profile: IncomingAuthentication",
    b"Wed Apr 22 11:46:14 2009 Info: ICID 450 close",
    b"Wed Apr 22 11:06:20 2009 Info: New SMTP DCID 5633 interface 172.16.155.16 "
    b"address 172.16.155.102 port 25",
    b"Wed Apr 22 11:06:20 2009 Info: DCID: 5633 IP: 172.16.155.102 SMTP "
    b"authentication using the profile OutboundAuthentication succeeded.",
    b"Wed Apr 22 11:06:25 2009 Info: DCID 5633 close",
    b"Wed Apr 22 11:06:26 2009 Info: MID 7 Subject 'nothing to us'",
)
UNREAD = native("SMTP Auth: a wording that nobody knows")


def stream_of(lines: Sequence[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def attempts(count: int, first: int = 0) -> list[bytes]:
    """Return the lines of so many attempts, each with a user of its own."""
    users = range(first, first + count)
    return [native(inbound(icid=7, user=f"user{n}")) for n in users]


def users_of(ended: Ended) -> list[str]:
    starts = [e for e in ended.events if e["event"]["type"] == ["start"]]
    return [event["user"]["name"] for event in starts]
