"""`esa-auth receive`: what `--forward` sends comes out, acknowledged."""

import re
import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest
import trustme

from tests.support import report_lines
from tests.support.process import PATIENCE, Ended, Running, esa_auth
from tests.support.secret_files import write_secret

LINES = "\n".join(report_lines.log(30)).encode() + b"\n"


def listening(running: Running) -> int:
    """Wait until it listens; return the port."""
    until = time.monotonic() + PATIENCE
    while not (found := re.search(r"listening at \S+:(\d+)", running.told())):
        assert time.monotonic() < until, running.told()
        time.sleep(0.02)
    return int(found[1])


def sent(tmp_path: Path, config: str, *words: str) -> tuple[Ended, Ended]:
    """Send the lines to a receiver; return how the sender and the receiver ended."""
    file = tmp_path / "config.yaml"
    with Running("receive", "127.0.0.1:0", *words) as receiver:
        port = listening(receiver)
        file.write_text(f"forward: {{address: '127.0.0.1:{port}', {config}}}\n")
        ended = esa_auth("filter", "--config", str(file), stdin=LINES)
        receiver.signal(15)
        return ended, receiver.finish()


@pytest.mark.parametrize("config", ["gzip: false", "gzip: true"])
def test_what_is_sent_is_printed(tmp_path: Path, config: str) -> None:
    plain = esa_auth("filter", stdin=LINES)
    sender, receiver = sent(tmp_path, config)
    assert (sender.code, sender.stdout) == (0, b"")
    assert sender.account == plain.assert_complete()
    assert receiver.code == 0
    assert receiver.events == plain.events


def test_a_shared_key_is_asked_for_and_proved(tmp_path: Path) -> None:
    key = tmp_path / "key"
    write_secret(key, "open sesame\n")
    config = f"shared_key_file: {key}"
    sender, receiver = sent(tmp_path, config, "--shared-key-file", str(key))
    assert sender.code == 0
    assert len(receiver.events) == sender.account.events


def test_another_key_is_refused_on_both_sides(tmp_path: Path) -> None:
    key, other = tmp_path / "key", tmp_path / "other"
    write_secret(key, "open sesame\n")
    write_secret(other, "close sesame\n")
    words = ("--shared-key-file", str(key))
    with Running("receive", "127.0.0.1:0", *words) as receiver:
        file = tmp_path / "config.yaml"
        address = f"127.0.0.1:{listening(receiver)}"
        file.write_text(f"forward: {{address: '{address}', shared_key_file: {other}}}")
        with Running("filter", "--config", str(file)) as sender:
            sender.feed(LINES.splitlines())
            until = time.monotonic() + PATIENCE
            while "refused the shared key" not in sender.told():
                assert time.monotonic() < until, sender.told()
                time.sleep(0.02)
        assert "shared key mismatch" in receiver.told()
        receiver.signal(15)
        assert receiver.finish().stdout == b""


def test_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    files = {name: tmp_path / f"{name}.pem" for name in ("ca", "cert", "key")}
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(str(files["ca"]))
    certificate.cert_chain_pems[0].write_to_path(str(files["cert"]))
    certificate.private_key_pem.write_to_path(str(files["key"]))
    config = f"tls: {{enabled: true, ca_file: {files['ca']}}}"
    words = ("--cert-file", str(files["cert"]), "--key-file", str(files["key"]))
    sender, receiver = sent(tmp_path, config, *words)
    assert sender.code == 0
    assert len(receiver.events) == sender.account.events > 0


def test_bytes_that_are_not_the_protocol_are_said_and_harm_nothing(
    tmp_path: Path,
) -> None:
    with Running("receive", "127.0.0.1:0") as receiver:
        port = listening(receiver)
        for junk in (b"GET / HTTP/1.0\r\n\r\n", b"\xc1", b"\xdb\xff\xff\xff\xff" * 9):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(junk)
                client.shutdown(socket.SHUT_WR)
                with suppress(ConnectionResetError):
                    assert client.recv(1) == b""
        file = tmp_path / "config.yaml"
        file.write_text(f"forward: {{address: '127.0.0.1:{port}'}}\n")
        assert esa_auth("filter", "--config", str(file), stdin=LINES).code == 0
        receiver.signal(15)
        ended = receiver.finish()
    assert ended.stderr.count("not the forward protocol") >= 2
    assert "Traceback" not in ended.stderr
    assert ended.events


def test_a_reader_that_goes_ends_it() -> None:
    with Running("receive", "127.0.0.1:0") as receiver:
        listening(receiver)
        receiver.close_stdout()
        assert receiver.finish().code == 74


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nonsense",), "nonsense: "),
        (("127.0.0.1:99999",), "127.0.0.1:99999: "),
        (("127.0.0.1:0", "--shared-key-file", "/nowhere"), "--shared-key-file"),
        (("127.0.0.1:0", "--cert-file", "/nowhere"), "--cert-file"),
        (("127.0.0.1:0", "--key-file", "/nowhere"), "--key-file: needs --cert-file"),
    ],
)
def test_what_cannot_be_used_is_refused(words: tuple[str, ...], said: str) -> None:
    esa_auth("receive", *words).assert_refused(said)
