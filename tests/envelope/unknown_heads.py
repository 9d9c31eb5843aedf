"""Heads that are read in no form, and the two ways that a line comes in."""

from tests.support.harness import Run, ended, made, run

# None of them is a form that is read.
UNKNOWN = (
    b"x ",
    b"a b c d e f g ",
    b"one two three four five six seven eight nine ten eleven twelve ",
    b"a\t",
    b"\t\t a\t b\0\0",
    b"[collector] [2026/04/22] (esa01) {mail} ",
    b"2026/04/22 11:00:00 Info: ",
    b"22.04.2026 11:00:00 esa01 mail_logs: Info: ",
    b"22/Apr/2026:11:00:00 +0200 esa01 mail_logs Info: ",
    b"1776855600.123 esa01 mail_logs: Info: ",
    b"Wed Apr 22 11:00:00 2026 Audit: ",
    b"Apr 22 11:00:00 CEST esa01 mail_logs: Info: ",
    b"Apr 22 11:00:00 +0200 esa01 mail_logs: Info: ",
    b"Apr 22 11:00:00 relay esa01 mail_logs: Info: ",
    b"i Apr 22 11:00:00 2026 Info: ",
    b"Wed Apr 22 11:00:00 CEST 2026 Info: ",
    b"Wed Apr 22 11:00:00 2026 Info: esa01 mail_logs: Info: ",
    b"Apr 22 11:00:00 esa01 The collector says: ",
    b"Apr 22 11:00:00 esa01 Connector says - ",
    b"<22>Apr 22 11:00:00 esa01 mail_logs: Info: forwarded by relay: ",
    b"User-log of esa01: ",
    b"Message from esa01: ",
    b"ICID log: ",
    b"12345 ",
    b"0000000000000000000000000000000000000000000000000000000000 ",
    b'{"m": "',
    b"level=info msg=",
    b"#011",
    b"Info:#011",
    b"x\\t",
    b"x\x1b[35mesa01\x1b[0m",
    b"esa01",
    b"CEF:0|Cisco|ESA|15.0|x|y|3|msg=",
    b"LEEF:2.0|Cisco|ESA|15|",
    b"h" * 400 + b" ",
    b"w " * 200,
    bytes(2000) + b"x ",
    "Größe 22. April 2026 ".encode("latin-1"),
)
NATIVE_INFO = b"Wed Apr 22 11:00:00 2026 Info: "


def both(line: bytes) -> list[Run]:
    """Run a line as text, and as a record that says its time."""
    pipeline = made()
    pipeline.feed_records([(line, None, "2026-04-22T11:00:00Z")])
    return [run([line]), ended(pipeline)]
