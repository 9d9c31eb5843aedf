"""What may stand before the body of a line: one row for each form.

A head is put together from such pieces, in any order that makes sense: a file name
before a native stamp, an octet count before a priority, one header around another. A
piece that says something again, an inner stamp or host, has the last word.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

Evidence: TypeAlias = Literal["real", "redacted", "documented", "standard"]

LEVELS = rb"Info|Warning|Critical|Debug|Trace|Alert|Error|Notice|Emergency"
BLANKS = rb"[ \t\0]"

_TIME = rb"[0-9:]{8}(?:[.,][0-9]{1,9})?"
NATIVE = rb"[A-Z][a-z]{2} [A-Z][a-z]{2} {1,2}[0-9]{1,2} " + _TIME + rb" [0-9]{4}"
BSD = (
    rb"(?:(?:19|20)[0-9]{2} )?[A-Z][a-z]{2} {1,2}[0-9]{1,2} (?:(?:19|20)[0-9]{2} )?"
    + _TIME
    + rb"(?: (?:19|20)[0-9]{2}(?=[ \t]))?"
)
RFC3339 = (
    rb"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{8}(?:[.,][0-9]{1,9})?"
    rb"(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
)
STAMP = rb"(?:" + BSD + rb"|" + RFC3339 + rb")"
_ANY_STAMP = rb"(?:" + NATIVE + rb"|" + STAMP + rb")"
_LEVEL_NEXT = rb"(?=(?:" + LEVELS + rb"):|(?:last )?message repeated [0-9])"
_NO_LEVEL = rb"(?!(?:" + LEVELS + rb"):)"
# What is glued on a native stamp, as in `"Wed Apr 22 ...` and `msg:Wed Apr 22 ...`.
_GLUED_WEEKDAY = (
    rb"\S{0,254}[^\sA-Za-z0-9.-](?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) "
    rb"[A-Z][a-z]{2} {1,2}[0-9]"
)
# A host name or an address, that of IPv6 with its brackets or its interface or neither.
# What else stands there is what a collector left of a template, as `%{host}`.
_NAME = (
    rb"(?:(?:_{0,4}[A-Za-z0-9]|::?[0-9A-Fa-f])[A-Za-z0-9._:-]{0,254}"
    rb"(?:%[A-Za-z0-9._-]{1,15})?|\[[0-9A-Fa-f:.]{2,45}(?:%[A-Za-z0-9._-]{1,15})?\])"
    rb"(?<!:)(?=[ \t])"
)
# A host, where no other stamp and no level stands; an address may be mapped to IPv6.
_HOST = (
    rb"(?!"
    + _ANY_STAMP
    + rb"[ \t])(?!(?:last )?message repeated )(?!"
    + _GLUED_WEEKDAY
    + rb")"
    + _NO_LEVEL
    + rb"(?P<host>"
    + _NAME
    + rb")"
)
# A zone behind a stamp is no host. What it means is not certain, so such a head is not
# read: CST is a zone of America and of China.
_NO_ZONE = rb"(?!(?:UTC|GMT|[CEW]ES?T|[CEMP][SD]T|[+-][0-9]{2}:?[0-9]{2})[ \t])"
# The program is the log subscription's name, any text. One of several words is
# believed only before a level, for "MID 5 Subject: ..." is a body, and without digits,
# for "relay esa01 mail_logs: " has another host.
_WORD = rb"[A-Za-z][A-Za-z_-]{0,31}"
_PROGRAM = (
    _NO_LEVEL
    + rb"(?:(?P<program>[^\s<]{1,64}):(?:[ \t]{1,2})|(?P<tag>"
    + _WORD
    + rb"(?: "
    + _WORD
    + rb"){1,2}):[ \t]{1,2}"
    + _LEVEL_NEXT
    + rb")"
)
_ONE_PROGRAM = _NO_LEVEL + rb"(?P<program>[^\s<]{1,64}):[ \t]{1,2}"


@dataclass(frozen=True)
class Head:
    """One form.

    ``expression`` reads its own piece, ``sample`` is a whole head that has it. ``seen``
    says where, and ``evidence`` how good that is: ``real`` (a line of an appliance or a
    collector), ``redacted`` (a real line in somebody's test or note), ``documented``
    (the tool's own documentation), ``standard`` (an RFC). With ``first`` the piece
    stands before any stamp.
    """

    name: str
    expression: bytes
    sample: bytes
    seen: str
    evidence: Evidence = "documented"
    first: bool = False

    @cached_property
    def pattern(self) -> re.Pattern[bytes]:
        """The expression, compiled when the first line asks."""
        return re.compile(self.expression)


HEADS: tuple[Head, ...] = (
    Head(
        "blank",
        BLANKS + rb"+|\xef\xbb\xbf",
        b" Info: ",
        "%msg% of rsyslog begins with a blank; NULs where logrotate's copytruncate "
        "left a hole; a byte order mark of Windows tools and of RFC 5424",
    ),
    Head(
        "octet count",
        rb"[0-9]{1,7} (?=<[0-9]{1,3}>)",
        b"95 <166>1 2026-04-22T11:00:00Z esa01 mail_logs - - - Info: ",
        "RFC 6587, syslog over TCP read by a listener that knows no octet counting",
        "standard",
        first=True,
    ),
    Head(
        "file name",
        rb"[^\s'\"<>]{1,255}?:(?:[0-9]{1,9}:)?(?=(?:"
        + _ANY_STAMP
        + rb"[ \t]|<[0-9]{1,3}>))",
        b"mail.@20260422T110000.s:Wed Apr 22 11:00:00 2026 Info: ",
        "grep -H, with -n a number behind the name",
        first=True,
    ),
    Head(
        "container name",
        rb"(?:[\w.-]{1,128} +\| ?|\[pod/[^\]\s]{1,250}\] )(?="
        + _ANY_STAMP
        + rb"[ \t]|<)",
        b"relay-1  | Wed Apr 22 11:00:00 2026 Info: ",
        "docker compose logs; kubectl logs --prefix",
        first=True,
    ),
    Head(
        "priority",
        rb"<(?P<priority>[0-9]{1,3})>",
        b"<13><22>Apr 22 11:00:00 esa01 mail_logs: Info: ",
        "syslog; twice where a relay puts its own before that of the sender, and "
        "behind a header where it takes the whole message for text",
        "standard",
    ),
    Head(
        "RFC 5424",
        rb"1 (?P<stamp>"
        + RFC3339
        + rb"|-) (?P<host>-(?= )|"
        + _NAME
        + rb") (?P<program>\S{1,48}) "
        + rb"\S{1,128} \S{1,32} (?:-|(?:\[(?:[^\]\\]|\\.)*\])+)(?= |\Z)",
        b"<166>1 2026-04-22T11:00:00Z esa01 mail_logs - - - Info: ",
        "collectors; around another header where a relay takes that for text",
        "standard",
    ),
    Head(
        "container runtime",
        rb"(?P<stamp>" + RFC3339 + rb") (?:stdout|stderr) [FP](?::\S{1,64})? ",
        b"2026-04-22T11:00:00.123456789Z stdout F Wed Apr 22 11:00:00 2026 Info: ",
        "Kubernetes, log files of its container runtime interface",
    ),
    Head(
        "Kiwi file",
        rb"(?:[0-9]{2}-[0-9]{2}-[0-9]{4}|(?P<stamp>[0-9]{4}-[0-9]{2}-[0-9]{2} "
        rb"[0-9]{2}:[0-9]{2}:[0-9]{2})(?=\t)|[0-9]{4}-[0-9]{2}-[0-9]{2})"
        rb"(?:[ \t][0-9:]{8})?\t[A-Za-z][A-Za-z0-9]{1,11}\.[A-Z][a-z]{2,11}\t"
        rb"(?P<host>" + _NAME + rb")\t",
        b"01-15-2026 11:44:53\tLocal3.Info\t192.0.2.13\t"
        b"Apr 22 11:00:00 esa01 mail_logs: Info: ",
        "Broadcom KB 179466, a file of Kiwi Syslog; day and month of its own stamp may "
        "stand in either order, so it is no time of a line",
        "redacted",
    ),
    Head(
        "Original Address",
        rb"Original Address=(?P<host>" + _NAME + rb")[ \t]",
        b"Apr 22 11:00:00 192.0.2.253 Original Address=192.0.2.10 "
        b"Apr 22 11:00:00 mail_logs: Info: ",
        "Kiwi Syslog and SolarWinds as a relay; rule 24502 of "
        "IDMEFv2/Concerto-SIEM ironport.yml",
        "redacted",
    ),
    Head(
        "native and subscription",
        rb"(?P<stamp>"
        + NATIVE
        + rb")[ \t](?:"
        + _HOST
        + rb"[ \t])?"
        + _ONE_PROGRAM
        + _LEVEL_NEXT,
        b"Wed Apr 22 11:00:00 2026 192.0.2.246 maillog: Info: ",
        "tests of splunk-connect-for-syslog",
        "redacted",
    ),
    Head(
        "native",
        rb"(?P<stamp>" + NATIVE + rb")[ \t]",
        b"Wed Apr 22 11:00:00 2026 Info: ",
        "the appliance's own files",
        "real",
    ),
    Head(
        "syslog",
        rb"(?P<stamp>"
        + STAMP
        + rb")[ \t](?!Original Address=)"
        + _NO_ZONE
        + rb"(?:"
        + _HOST
        + rb"[ \t])?(?:"
        + _PROGRAM
        + rb")?",
        b"<22>Apr 22 11:00:00 esa01 mail_logs: Info: ",
        "the appliance's syslog push, and what collectors make of it",
        "real",
    ),
    Head(
        "subscription",
        _ONE_PROGRAM + _LEVEL_NEXT,
        b"2026-04-22 11:00:00\tLocal3.Info\t192.0.2.13\tmail_logs: Info: ",
        "collectors that keep time and sender in fields of their own",
    ),
    Head(
        "header without stamp",
        _HOST + rb"[ \t]" + _ONE_PROGRAM + _LEVEL_NEXT,
        b"esa01.example.com ESA_mail_logs: Info: ",
        "two public test scripts that quote the log of a hospital as its SIEM keeps it",
        "redacted",
        first=True,
    ),
)
