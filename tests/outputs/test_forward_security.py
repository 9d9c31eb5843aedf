"""Shared key, user, and TLS: who is let in, who is believed, what is said of it."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import pytest
import trustme
from tests.forward_receiver import (
    Connection,
    Received,
    Receiver,
    Security,
    ack,
    events,
    ids,
)

from esa_auth.errors import ConfigError, TemporaryError
from esa_auth.outputs.forward import Entry, ForwardOutput, ForwardSettings, TlsSettings

KEY = "key-of-both"
PASSWORD = "word-of-ann"  # noqa: S105  made up


def refuse_poison(entry: Entry, reason: str) -> None:
    pytest.fail(f"{entry[0]} taken for poison: {reason}")


def delivers(receiver: Receiver, **changes: Any) -> ForwardOutput:
    with receiver:
        output = receiver.output(refuse_poison, **changes)
        output.send(events(25))
        output.send(events(25, start=25))
        output.close()
    assert set(receiver.stored) == ids(events(50))
    assert output.counters.retries == 0
    return output


def is_refused(
    receiver: Receiver, caplog: pytest.LogCaptureFixture, **changes: Any
) -> str:
    """Return the one line that was logged of five refused tries."""
    with receiver:
        output = receiver.output(
            refuse_poison, stop=lambda: output.counters.retries >= 5, **changes
        )
        with pytest.raises(TemporaryError):
            output.send(events(5))
        output.close()
    assert output.counters.retries >= 5
    assert output.counters.sent == 0
    assert receiver.chunks == []
    (record,) = caplog.records
    line = record.getMessage()
    assert KEY not in line
    assert PASSWORD not in line
    assert "\n" not in line
    return line


@pytest.mark.parametrize("bytes_as_text", [False, True])
def test_shared_key(bytes_as_text: bool) -> None:
    security = Security(KEY, bytes_as_text=bytes_as_text)
    output = delivers(Receiver(security=security), shared_key=KEY)
    assert output.counters.connects == 1


@pytest.mark.parametrize("bytes_as_text", [False, True])
def test_user_and_password(bytes_as_text: bool) -> None:
    security = Security(KEY, users={"ann": PASSWORD}, bytes_as_text=bytes_as_text)
    delivers(
        Receiver(security=security),
        shared_key=KEY,
        username="ann",
        password=PASSWORD,
    )


def test_a_receiver_without_keepalive_gets_a_connection_for_each_chunk() -> None:
    security = Security(KEY, keepalive=False)
    output = delivers(Receiver(security=security), shared_key=KEY)
    assert output.counters.connects == 6


def test_a_wrong_key_is_refused_and_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    receiver = Receiver(security=Security("other"))
    line = is_refused(receiver, caplog, shared_key=KEY)
    assert "receiver refused the shared key or user: 'shared key mismatch" in line


@pytest.mark.parametrize(("user", "word"), [("ann", "wrong"), ("bob", PASSWORD)])
def test_a_wrong_user_or_password_is_refused(
    user: str, word: str, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = Receiver(security=Security(KEY, users={"ann": PASSWORD}))
    is_refused(receiver, caplog, shared_key=KEY, username=user, password=word)


def test_a_user_that_is_asked_for_and_not_set(
    caplog: pytest.LogCaptureFixture,
) -> None:
    receiver = Receiver(security=Security(KEY, users={"ann": PASSWORD}))
    line = is_refused(receiver, caplog, shared_key=KEY)
    assert "receiver wants a user name, none is set" in line


def test_a_receiver_that_cannot_prove_the_key_gets_no_event(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def forge(pong: list[object]) -> bytes:
        packed: bytes = msgpack.packb([*pong[:4], "0" * 128])
        return packed

    receiver = Receiver(security=Security(KEY, forged_pong=forge))
    line = is_refused(receiver, caplog, shared_key=KEY)
    assert "receiver does not know the shared key" in line


def test_a_receiver_named_like_us_gets_no_event(
    caplog: pytest.LogCaptureFixture,
) -> None:
    receiver = Receiver(security=Security(KEY, hostname="esa-auth"))
    line = is_refused(receiver, caplog, shared_key=KEY)
    assert "our own self_hostname" in line


@pytest.mark.parametrize(
    "bad",
    [
        b"\xc1",
        b"\xdb\xff\xff\xff\xff" + b"x" * 100_000,
        msgpack.packb(["PONG", True]),
        msgpack.packb(["PONG", "yes", "", "receiver", "0" * 128]),
        msgpack.packb(["PONG", True, "", "receiver", b"\xff"]),
        msgpack.packb(["PONG", True, "", "receiver", "\u00e9" * 64]),
        msgpack.packb({"ack": "x"}),
    ],
    ids=lambda bad: repr(bad[:24]),
)
def test_a_garbage_pong_is_retried(
    bad: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = Receiver(security=Security(KEY, forged_pong=lambda _: bad))
    is_refused(receiver, caplog, shared_key=KEY)


def test_a_receiver_without_a_key_is_not_believed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    receiver = Receiver()
    # Nothing will come from it, so the client's time must run out by itself.
    receiver.clock.step = 2.0
    line = is_refused(receiver, caplog, shared_key=KEY)
    assert "handshake: receiver is silent" in line


def test_a_key_that_is_wanted_and_not_set_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def wants_key(connection: Connection, received: Received) -> None:
        connection.send(msgpack.packb(["HELO", {"nonce": b"n"}]))

    with Receiver(usual=wants_key) as receiver:
        output = receiver.output(
            refuse_poison, stop=lambda: output.counters.retries >= 5
        )
        with pytest.raises(TemporaryError):
            output.send(events(1))
        output.close()
    (record,) = caplog.records
    assert "receiver wants a shared key, none is set" in record.getMessage()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


def server_context(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_tls(authority: trustme.CA, ca_file: Path) -> None:
    context = server_context(authority, "127.0.0.1")
    output = delivers(Receiver(tls=context), tls=TlsSettings(ca_file))
    assert output.counters.connects == 1


def test_tls_with_shared_key_user_and_gzip(
    authority: trustme.CA, ca_file: Path
) -> None:
    receiver = Receiver(
        tls=server_context(authority, "127.0.0.1"),
        security=Security(KEY, users={"ann": PASSWORD}),
    )
    delivers(
        receiver,
        tls=TlsSettings(ca_file),
        shared_key=KEY,
        username="ann",
        password=PASSWORD,
        gzip=True,
    )


def test_tls_with_another_server_name(authority: trustme.CA, ca_file: Path) -> None:
    context = server_context(authority, "collector.example")
    delivers(Receiver(tls=context), tls=TlsSettings(ca_file, "collector.example"))


def test_a_large_chunk_crosses_tls(authority: trustme.CA, ca_file: Path) -> None:
    sent = events(200, padding=20_000)
    with Receiver(tls=server_context(authority, "127.0.0.1")) as receiver:
        output = receiver.output(
            refuse_poison,
            tls=TlsSettings(ca_file),
            max_batch_events=200,
            max_batch_bytes=1 << 23,
        )
        output.send(sent)
        output.close()
    assert len(receiver.chunks) == 1
    assert set(receiver.stored) == ids(sent)


def test_a_certificate_of_another_authority_is_not_trusted(
    ca_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = Receiver(tls=server_context(trustme.CA(), "127.0.0.1"))
    line = is_refused(receiver, caplog, tls=TlsSettings(ca_file))
    assert "certificate not trusted: " in line


def test_a_certificate_for_another_name_is_not_trusted(
    authority: trustme.CA, ca_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = Receiver(tls=server_context(authority, "elsewhere.example"))
    line = is_refused(receiver, caplog, tls=TlsSettings(ca_file))
    assert "certificate not trusted: " in line


def test_a_certificate_of_the_receivers_own_making_is_not_trusted_by_default(
    authority: trustme.CA, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = Receiver(tls=server_context(authority, "127.0.0.1"))
    line = is_refused(receiver, caplog, tls=TlsSettings())
    assert "certificate not trusted: " in line


def test_our_own_certificate_is_shown(
    authority: trustme.CA, ca_file: Path, tmp_path: Path
) -> None:
    context = server_context(authority, "127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    own = authority.issue_cert("client.example")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    own.cert_chain_pems[0].write_to_path(cert)
    own.private_key_pem.write_to_path(key)
    delivers(
        Receiver(tls=context),
        tls=TlsSettings(ca_file, cert_file=cert, key_file=key),
    )


def test_trouble_that_ends_lets_everything_through(
    authority: trustme.CA, ca_file: Path
) -> None:
    wrong = server_context(trustme.CA(), "127.0.0.1")
    with Receiver(tls=wrong) as receiver:

        def mend(seconds: float) -> None:
            receiver.tls = server_context(authority, "127.0.0.1")

        output = receiver.output(refuse_poison, sleep=mend, tls=TlsSettings(ca_file))
        output.send(events(5))
        output.close()
    assert set(receiver.stored) == ids(events(5))
    assert output.counters.retries == 1


def _not_pem(path: Path) -> TlsSettings:
    return TlsSettings(path)


def _missing(path: Path) -> TlsSettings:
    return TlsSettings(path / "no" / "file")


def _no_certificate(path: Path) -> TlsSettings:
    return TlsSettings(cert_file=path)


@pytest.mark.parametrize("settings", [_not_pem, _missing, _no_certificate])
def test_a_tls_file_that_cannot_be_used_is_a_configuration_error(
    settings: Callable[[Path], TlsSettings], tmp_path: Path
) -> None:
    path = tmp_path / "text.pem"
    path.write_text("no certificate\n", "utf-8")
    with pytest.raises(ConfigError, match=r"^tls\.(ca|cert)_file: "):
        ForwardOutput(ForwardSettings("h", tls=settings(path)), refuse_poison)


def test_a_receiver_that_speaks_no_tls_is_retried(
    ca_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # The fake receiver reads msgpack, so the client hello makes it hang up.
    receiver = Receiver(usual=ack)
    line = is_refused(receiver, caplog, tls=TlsSettings(ca_file))
    assert "TLS" in line or "reset" in line
