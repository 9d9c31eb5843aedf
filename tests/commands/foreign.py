"""Inputs that are no log of an ESA beside one that is, and the sentence on them."""

import json

from tests.support.process import Account, Ended, account_of

TEXT = (
    "Wed Apr 22 11:44:{:02} 2026 Info: MID {} ready 812 bytes from <ann@example.com>\n"
)
ESA = "".join(TEXT.format(n, n) for n in range(20)).encode()
POSTFIX = b"".join(
    b"Mar 17 10:00:%02d mx1 postfix/smtpd[%d]: connect from unknown[192.0.2.1]\n"
    % (n, n)
    for n in range(30)
)
CEF = b"".join(
    b"<134>Mar 17 10:00:%02d esa01 cef: CEF:0|Cisco|C100V Email Security Virtual "
    b"Appliance|14.0.0|ESA_CONSOLIDATED_LOG_EVENT|Consolidated Log Event|5|"
    b"deviceExternalId=42 ESAMID=%d\n" % (n, n)
    for n in range(30)
)
DOCKER = b"".join(
    json.dumps({"log": f"line {n}", "stream": "stdout"}).encode() + b"\n"
    for n in range(30)
)


def said(stderr: str) -> list[str]:
    return [line for line in stderr.splitlines() if ": none of its first " in line]


def assert_said(ended: Ended, name: str, remedy: str, what: str) -> Account:
    """One sentence, the exit code of success, and a whole account."""
    assert ended.code == 0, ended.stderr
    (line,) = said(ended.stderr)
    assert line.startswith(f"esa-auth: {what}: ")
    assert name in line
    assert remedy in line
    return account_of(ended.stderr)
