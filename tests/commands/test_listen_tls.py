"""`esa-auth listen` behind TLS: who has a certificate is heard to the last line."""

import os
import signal
import ssl
from pathlib import Path

import pytest
import trustme

from tests.shippers.hosts import until
from tests.support.listening import (
    LINES,
    UNNAMED,
    Listening,
    connected,
    direct,
    is_closed,
    newlines,
)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def tls_words(folder: Path, authority: trustme.CA) -> list[str]:
    """Return the options of a listener that asks for certificates."""
    ours = authority.issue_cert("127.0.0.1")
    for name, blob in (
        ("ca", authority.cert_pem),
        ("cert", ours.cert_chain_pems[0]),
        ("key", ours.private_key_pem),
    ):
        blob.write_to_path(folder / name)
    config = folder / "tls.yaml"
    config.write_text(
        "listen:\n"
        "  handshake_timeout: 1\n"
        f"  tls: {{cert_file: {folder / 'cert'}, key_file: {folder / 'key'},"
        f" client_ca_file: {folder / 'ca'}}}\n"
    )
    return ["--config", str(config)]


def client(authority: trustme.CA, signed_by: trustme.CA | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    if signed_by is not None:
        signed_by.issue_cert("esa01.example.com").configure_cert(context)
    return context


def test_tls_with_a_certificate(tmp_path: Path, authority: trustme.CA) -> None:
    words = tls_words(tmp_path, authority)
    with Listening(tmp_path, *words, schemes="tls") as listening:
        context = client(authority, authority)
        with connected(listening, tls=context) as sender:
            # More than one turn takes, so that some is left in the layer of TLS.
            sender.sendall(newlines(UNNAMED))
            listening.has(len(direct(UNNAMED)))
        account = listening.stop()
    assert account.lines == len(UNNAMED)
    assert listening.by_id() == direct(UNNAMED)


def test_what_stays_in_the_layer_of_tls_is_read_too(
    tmp_path: Path, authority: trustme.CA
) -> None:
    """A turn ends inside a record, and nothing more comes to say so."""
    auth = next(line for line in LINES if b"SMTP Auth: " in line) + b"\n"
    data = (newlines(UNNAMED) * 2)[: 70_000 - len(auth)].rpartition(b"\n")[0] + b"\n"
    data += b"x" * (70_000 - len(auth) - len(data) - 1) + b"\n" + auth
    words = tls_words(tmp_path, authority)
    with Listening(tmp_path, *words, schemes="tls") as listening:
        with connected(listening, tls=client(authority, authority)) as sender:
            # While it waits, so that all of it is there at once.
            os.kill(listening.process.pid, signal.SIGSTOP)
            for at in range(0, len(data), 10_000):
                sender.sendall(data[at : at + 10_000])
            os.kill(listening.process.pid, signal.SIGCONT)
            name = auth.partition(b"for user: ")[2].split()[0].decode()
            until(lambda: name in listening.out.read_text(), "the last line waits")
        listening.stop()


@pytest.mark.parametrize("who", ["no certificate", "another's", "plain", "silent"])
def test_who_has_no_certificate_is_not_heard(
    who: str, tmp_path: Path, authority: trustme.CA
) -> None:
    words = tls_words(tmp_path, authority)
    with Listening(tmp_path, *words, schemes="tls") as listening:
        other = trustme.CA() if who == "another's" else None
        context = None if who in {"plain", "silent"} else client(authority, other)
        try:
            with connected(listening, tls=context) as sender:
                if who != "silent":
                    sender.sendall(newlines(LINES))
                assert is_closed(sender)
        except (ssl.SSLError, ConnectionError, BrokenPipeError):
            pass
        # Others are served.
        with connected(listening, tls=client(authority, authority)) as sender:
            sender.sendall(newlines(UNNAMED))
        account = listening.stop()
    assert account.lines == len(UNNAMED)
    assert "TLS with 127.0.0.1" in listening.said()
    assert "1 without TLS" in listening.said()
