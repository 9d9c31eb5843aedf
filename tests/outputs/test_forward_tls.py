"""TLS: what certificate is believed, and what is said of one that is not."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from tests.support.forward_receiver import Receiver, ack, events, ids
from tests.support.forward_security import Security
from tests.support.forward_verdicts import (
    KEY,
    PASSWORD,
    delivers,
    is_refused,
    refuse_poison,
)

from esa_auth.errors import ConfigError
from esa_auth.outputs.forward import ForwardOutput, ForwardSettings
from esa_auth.outputs.tls import TlsSettings


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
