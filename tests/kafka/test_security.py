"""TLS and SASL as the configuration says, against a broker that insists on both."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
import trustme
import yaml
from cryptography.hazmat.primitives import serialization

from tests.kafka.cluster import Cluster
from tests.kafka.lines import Line
from tests.kafka.topics import (
    LOG_APPEND_TIME,
    Feeder,
    Message,
    Reader,
    require_kafka,
)
from tests.kafka.workers import Worker, wait_until
from tests.support.process import esa_auth
from tests.support.secret_files import write_secret

PASSWORD = "made-up-for-this-test"  # noqa: S105 - it is
PARTITIONS = 1


@dataclass(frozen=True)
class Secured:
    """A broker and what its clients need."""

    cluster: Cluster
    ca: Path
    password: Path

    def config(self, path: Path, **security: object) -> Path:
        """Write a configuration for `stream`; ``security`` wins over what is right."""
        right = {
            "protocol": "sasl_ssl",
            "ca_file": str(self.ca),
            "sasl_mechanism": "PLAIN",
            "username": "worker",
            "password_file": str(self.password),
        }
        address = self.cluster.secure_address
        stream = {"brokers": address, "partitions": PARTITIONS, "replication": 1}
        tree = {"stream": {**stream, "security": right | security}}
        path.write_text(yaml.safe_dump(tree), "utf-8")
        return path


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    require_kafka()
    folder = tmp_path_factory.mktemp("secured")
    ca, password = folder / "ca.pem", folder / "password"
    authority = trustme.CA()
    authority.cert_pem.write_to_path(ca)
    write_secret(password, PASSWORD + "\n")
    store = folder / "broker.pem"
    store.write_bytes(_keystore(authority.issue_cert("localhost")))
    module = "org.apache.kafka.common.security.plain.PlainLoginModule"
    own = "listener.name.secure."
    settings = {
        own + "ssl.keystore.type": "PEM",
        own + "ssl.keystore.location": str(store),
        own + "sasl.enabled.mechanisms": "PLAIN",
        own + "plain.sasl.jaas.config": f'{module} required user_worker="{PASSWORD}";',
    }
    with Cluster(folder / "broker", secure=settings) as cluster:
        yield Secured(cluster, ca, password)


def _keystore(leaf: trustme.LeafCert) -> bytes:
    """Return key and certificate as Java reads them: PKCS #8."""
    pem = leaf.private_key_pem.bytes()
    key = serialization.load_pem_private_key(pem, None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return key + b"".join(cert.bytes() for cert in leaf.cert_chain_pems)


def test_a_worker_reads_and_writes_by_sasl_over_tls(
    secured: Secured, tmp_path: Path
) -> None:
    """Lines of 2009, whose events a retention by log time would delete at once."""
    config = secured.config(tmp_path / "config.yaml")
    auth = (
        b"Wed Apr 22 11:47:47 2009 Info: SMTP Auth: (ICID 451) %b for user: ann using"
        b" AUTH mechanism: PLAIN with profile: IncomingAuthentication"
    )
    record = orjson.dumps({"message": (auth % b"failed").decode(), "host": "gw9"})
    found: list[Message] = []

    def enough(message: Message) -> bool:
        found.append(message)
        return len(found) == 3

    with Worker(tmp_path / "worker", config) as worker:
        worker.start()
        # It makes the topics that are missing.
        wait_until(lambda: worker.works)
        plain = secured.cluster.address
        feeder = Feeder(plain, "esa-raw", PARTITIONS)
        feeder.feed([Line("esa01", "esa01", auth % b"succeeded")])
        feeder.feed([Line("esa01", "esa01", auth % b"pondered")])
        feeder.feed([Line("gw9", None, record)])
        feeder.finish()
        reader = Reader(plain, "esa-auth-events", "esa-auth-dead-letters")
        reader.wait(enough)
        reader.close()
        assert worker.stop() == 0
    assert PASSWORD not in worker.told()
    assert {message.kind_of_time for message in found} == {LOG_APPEND_TIME}
    (letter,) = (m for m in found if m.topic == "esa-auth-dead-letters")
    assert letter.key == b"esa01"
    assert orjson.loads(letter.value)["event"]["kind"] == "pipeline_error"
    events = [(m.key, orjson.loads(m.value)) for m in found if m is not letter]
    assert {event["observer"]["name"] for _, event in events} == {"esa01", "gw9"}
    assert all(key == event["event"]["id"].encode() for key, event in events)


def test_a_wrong_password_is_a_wrong_configuration(
    secured: Secured, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong"
    write_secret(wrong, "not-it\n")
    config = secured.config(tmp_path / "config.yaml", password_file=str(wrong))
    ended = esa_auth("stream", "--config", str(config))
    ended.assert_refused("stream", secured.cluster.secure_address)
    assert "not-it" not in ended.stderr


def test_a_broker_that_nobody_vouches_for_is_not_talked_to(
    secured: Secured, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    config = secured.config(tmp_path / "config.yaml", ca_file=str(other))
    ended = esa_auth("stream", "--config", str(config))
    ended.assert_refused("stream", secured.cluster.secure_address)


def test_a_file_that_is_no_certificate_is_refused(
    secured: Secured, tmp_path: Path
) -> None:
    junk = tmp_path / "junk.pem"
    junk.write_text("junk", "utf-8")
    with pytest.raises(ssl.SSLError):
        ssl.create_default_context(cafile=junk)
    config = secured.config(tmp_path / "config.yaml", ca_file=str(junk))
    esa_auth("stream", "--config", str(config)).assert_refused("stream")
