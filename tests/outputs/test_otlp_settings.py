"""`--otlp`: where it sends, whom it trusts, and that no secret of it is shown."""

import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
from tests.support.mutations import EVENTS
from tests.support.otlp_client import Client, closing
from tests.support.otlp_receiver import Receiver
from tests.support.secret_files import write_secret

from esa_auth.config import load
from esa_auth.errors import ConfigError, TemporaryError
from esa_auth.outputs.otlp.settings import OtlpSettings
from esa_auth.outputs.tls import TlsSettings

_closed = pytest.fixture(autouse=True)(closing)


def test_tls_checks_the_name_and_the_authority(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("receiver.example.com").configure_cert(context)
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    right = TlsSettings(ca_file, "receiver.example.com")
    with Receiver(tls=context) as receiver:
        client = Client(receiver, tls=right, headers=(("Authorization", "Bearer x"),))
        client.send(EVENTS[:3])
        client.output.close()
        assert receiver.requests[0].headers["authorization"] == "Bearer x"

        def stopped() -> bool:
            return bool(client.slept)

        for wrong in (TlsSettings(ca_file), TlsSettings(None, "receiver.example.com")):
            client = Client(receiver, stopped, tls=wrong)
            with pytest.raises(TemporaryError):
                client.send(EVENTS[:1])
            assert client.output.trouble.startswith("certificate not trusted: ")


def chosen(tmp_path: Path, **changes: Any) -> OtlpSettings:
    values = {"url": "https://otlp.example.com", **changes}
    config = load(None, {f"otlp.{key}": value for key, value in values.items()}, 0)
    settings: OtlpSettings = config.output.settings
    return settings


@pytest.mark.parametrize(
    ("url", "port", "path"),
    [
        ("https://otlp.example.com", 4318, "/v1/logs"),
        ("https://otlp.example.com:443/", 443, "/v1/logs"),
        ("http://192.0.2.1/opentelemetry/v1/logs", 4318, "/opentelemetry/v1/logs"),
        ("https://[2001:db8::1]:8443/x?a=b", 8443, "/x?a=b"),
    ],
)
def test_a_url_says_where(tmp_path: Path, url: str, port: int, path: str) -> None:
    settings = chosen(tmp_path, url=url)
    assert (settings.port, settings.path) == (port, path)
    assert (settings.tls is not None) == url.startswith("https")


@pytest.mark.parametrize(
    "url",
    [
        "192.0.2.1:4318",
        "grpc://192.0.2.1:4317",
        "https://",
        "https://192.0.2.1:x",
        "https://192.0.2.1:99999",
        "https://ann:secret@192.0.2.1",
        "https://192.0.2.1/a b",
        "https://192.0.2.1/\r\nX: y",
    ],
)
def test_what_is_no_url_is_refused_by_its_key(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match=r"^otlp\.url: ") as caught:
        chosen(tmp_path, url=url)
    assert "secret" not in str(caught.value)


def test_secrets_come_from_files_and_go_over_tls_only(tmp_path: Path) -> None:
    token, headers = tmp_path / "token", tmp_path / "headers"
    write_secret(token, "t0ken\n")
    write_secret(headers, "api-key: abc\n\nX-Tenant:  one\n")
    files = {"bearer_token_file": str(token), "headers_file": str(headers)}
    settings = chosen(tmp_path, **files)
    assert dict(settings.headers) == {
        "api-key": "abc",
        "X-Tenant": "one",
        "Authorization": "Bearer t0ken",
    }
    assert "abc" not in repr(settings)
    assert "t0ken" not in repr(settings)
    with pytest.raises(ConfigError, match="secrets in headers need https"):
        chosen(tmp_path, url="http://192.0.2.1:4318", **files)
    assert chosen(tmp_path, url="http://127.0.0.1:4318", **files).headers


@pytest.mark.parametrize(
    "text",
    ["no colon s3cret", ": s3cret", "a b: s3cret", "Host: s3cret", "a: s3cret\x07"],
)
def test_a_header_that_is_none_is_refused_and_not_shown(
    tmp_path: Path, text: str
) -> None:
    file = tmp_path / "headers"
    write_secret(file, text)
    with pytest.raises(ConfigError, match=r"^otlp\.headers_file: ") as caught:
        chosen(tmp_path, headers_file=str(file))
    assert "s3cret" not in str(caught.value)
