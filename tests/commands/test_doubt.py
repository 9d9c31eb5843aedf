"""An input that is no log of an ESA: every command that reads lines says so, once."""

import bz2
import gzip
import io
import lzma
import re
import signal
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.foreign import CEF, ESA, POSTFIX, assert_said, said
from tests.support.harness import inbound, native
from tests.support.process import PATIENCE, Ended, Running, esa_auth

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PROXY = b"".join(
    b"1278096903.%03d 97 192.0.2.%d TCP_MISS/200 8187 GET http://example.com/ - "
    b"DIRECT/example.com text/plain DEFAULT_CASE_11 <-> -\n" % (n, n)
    for n in range(30)
)
TABLE = b"time,user,address,outcome\n" + b"".join(
    b'2026-03-17 10:00:%02d,"ann, b",192.0.2.1,failed\n' % n for n in range(30)
)
NOISE = bytes(range(1, 128)) * 3 + b"".join(
    bytes((n * 37 + m * m) % 256 for m in range(90)) + b"\n" for n in range(40)
)


def zipped(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mail_logs", data)
    return out.getvalue()


# What it looks like, a part of the remedy, the bytes.
WRONG: dict[str, tuple[str, str, bytes]] = {
    "utf-16 with bom": (
        "UTF-16",
        "UTF-8",
        b"\xff\xfe" + ESA.decode().encode("utf-16-le"),
    ),
    "utf-16 le": ("UTF-16", "UTF-8", ESA.decode().encode("utf-16-le")),
    "utf-16 be": ("UTF-16", "UTF-8", ESA.decode().encode("utf-16-be")),
    "utf-16 crlf": (
        "UTF-16",
        "UTF-8",
        ESA.decode().replace("\n", "\r\n").encode("utf-16"),
    ),
    "zip": ("zip", "unpack", zipped(ESA)),
    "cef": ("CEF", "Text Mail Logs", CEF),
    "proxy": ("web proxy", "Text Mail Logs", PROXY),
    "proxy in syslog": (
        "web proxy",
        "Text Mail Logs",
        b"".join(
            b"<14>Mar 17 10:00:00 wsa01 accesslogs: Info: " + line + b"\n"
            for line in PROXY.splitlines()
        ),
    ),
    "cef in a file": (
        "CEF",
        "Text Mail Logs",
        b"".join(
            b"Wed Apr 22 11:44:48 2026 Info: CEF:0|Cisco|C100V|14.0.0|X|Y|5|a=%d\n" % n
            for n in range(30)
        ),
    ),
    "postfix": ("syslog of other programs (postfix/smtpd)", "Text Mail Logs", POSTFIX),
    # "Failed" begins lines of our own.
    "sshd": (
        "syslog of other programs (sshd)",
        "Text Mail Logs",
        b"Mar 17 10:00:00 web01 sshd[7]: Failed password for ann port 4 ssh2\n" * 30,
    ),
    "mail": (
        "a mail",
        "the log itself",
        b"Received: from a by b\nSubject: x\n\nThe first line\n\nmore\n" * 10,
    ),
    "CR alone": ("end in CR alone", "LF", ESA.replace(b"\n", b"\r")),
    "table": ("CSV", "the log itself", TABLE),
    "noise": ("binary", "the log itself", NOISE),
    "unknown": ("begins with 'hello", "explain", b"hello world\n" * 30),
}
PACKED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "bzip2": ("bzip2", bz2.compress),
    "xz": ("xz", lzma.compress),
    "zstd": ("zstd", zstd.compress),
}


def every_wrong_kind() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("kind", WRONG)


@every_wrong_kind()
def test_filter(kind: str) -> None:
    name, remedy, data = WRONG[kind]
    assert_said(esa_auth("filter", stdin=data), name, remedy, "stdin")


@pytest.mark.parametrize("kind", PACKED)
def test_filter_of_what_convert_would_unpack(kind: str) -> None:
    name, pack = PACKED[kind]
    for data in (pack(ESA), pack(b"")):
        ended = esa_auth("filter", stdin=data)
        assert_said(ended, name, "esa-auth convert", "stdin")


@every_wrong_kind()
def test_convert(kind: str, tmp_path: Path) -> None:
    name, remedy, data = WRONG[kind]
    file = tmp_path / "mail_logs"
    file.write_bytes(data)
    good = tmp_path / "good"
    good.write_bytes(native(inbound()) + b"\n")
    ended = esa_auth("convert", "--quiet", str(file), str(good))
    account = assert_said(ended, name, remedy, str(file))
    assert account.results == 1


@every_wrong_kind()
def test_report(kind: str, tmp_path: Path) -> None:
    name, remedy, data = WRONG[kind]
    file, page = tmp_path / "mail_logs", tmp_path / "page.html"
    file.write_bytes(data)
    ended = esa_auth("report", "--quiet", str(file), "-o", str(page))
    assert ended.code == 0
    (line,) = said(ended.stderr)
    assert line.startswith(f"esa-auth: {file}: ")
    assert name in line
    assert remedy in line
    assert "1 files do not look like logs of an ESA" in page.read_text()


@every_wrong_kind()
def test_tail_of_each_log(kind: str, tmp_path: Path) -> None:
    """Said when all that there is has been read; the good log beside it goes on."""
    name, remedy, data = WRONG[kind]
    file, good = tmp_path / "bad", tmp_path / "mail_logs"
    # What does not end in a line feed is a line that is still being written.
    file.write_bytes(data if data.endswith(b"\n") else data + b"\n")
    good.write_bytes(native(inbound()) + b"\n")
    log = tmp_path / "log"
    words = ["--state-dir", str(tmp_path / "state"), "--log-file", str(log)]
    with Running("tail", str(file), str(good), *words) as running:
        running.next_event()
        wait_until_said(log)
        running.signal(signal.SIGTERM)
        assert running.finish().code == 0
    text = re.sub(r"(?m)^\S+ esa-auth\[\d+\]: ", "esa-auth: ", log.read_text())
    assert_said(Ended(0, b"", text), name, remedy, str(file))


def test_a_live_input_is_told_after_a_thousand_lines(tmp_path: Path) -> None:
    log, line = tmp_path / "log", POSTFIX.splitlines()[0]
    with Running("filter", "--log-file", str(log)) as running:
        running.feed([line] * 999)
        running.feed([line])
        wait_until_said(log)
        # It is read on, and not said again.
        running.feed([native(inbound()), *[line] * 1000])
        running.next_event()
        running.close_stdin()
        assert running.finish().code == 0
    assert len(said(log.read_text())) == 1


def wait_until_said(log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while "none of its first" not in log.read_text():
        assert time.monotonic() < until, "nothing is said"
        time.sleep(0.02)


@pytest.mark.parametrize("count", [1, 33, 34, 2500])
def test_it_is_said_once(count: int) -> None:
    ended = esa_auth("filter", stdin=POSTFIX * count)
    account = assert_said(ended, "postfix", "log itself", "stdin")
    assert account.lines == account.ignored == 30 * count


def test_replay_of_a_log(tmp_path: Path) -> None:
    file = tmp_path / "mail_logs"
    file.write_bytes(ESA)
    ended = esa_auth("replay", "--quiet", str(file))
    assert ended.code == 0
    assert f"{file}: none of its 20 lines is a dead letter" in ended.stderr
