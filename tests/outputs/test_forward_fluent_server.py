"""The forward client against an implementation that others wrote.

FluentServer of the npm package ``@fluent-org/logger``, run by node. The package is
looked for in ``ESA_AUTH_NODE_MODULES``, or else in the checkout's ``.cache``.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from tests.support.engines import require
from tests.support.forward_receiver import events, give_way, ids
from tests.support.forward_verdicts import refuse_poison

from esa_auth.errors import TemporaryError
from esa_auth.outputs.forward import ForwardOutput, ForwardSettings, pack_entry
from esa_auth.outputs.tls import TlsSettings
from esa_auth.retry import Timing

CHECKOUT = Path(__file__).parents[2]
NODE_MODULES = Path(
    os.environ.get("ESA_AUTH_NODE_MODULES", CHECKOUT / ".cache/node/node_modules")
)
SCRIPT = Path(__file__).with_name("fluent_server.js")
KEY = "key-of-both"
USERS = {"ann": "word-of-ann"}
KNOWN_USER = {"username": "ann", "password": "word-of-ann"}


class Server:
    """A running FluentServer."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port: int = self._line()["port"]

    def entries(self, count: int) -> list[list[Any]]:
        """Return the next entries, each tag, seconds, nanoseconds and record."""
        return [self._line() for _ in range(count)]

    def _line(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


@contextmanager
def serving(**wish: Any) -> Iterator[Server]:
    node = shutil.which("node")
    require("node", node, "there is no node on the PATH")
    assert node is not None
    require(
        "@fluent-org/logger",
        (NODE_MODULES / "@fluent-org" / "logger").is_dir(),
        "not installed by npm (see ESA_AUTH_NODE_MODULES)",
    )
    with subprocess.Popen(
        [node, str(SCRIPT), json.dumps(wish)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "NODE_PATH": str(NODE_MODULES)},
    ) as process:
        try:
            yield Server(process)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    own = authority.issue_cert("localhost", "127.0.0.1")
    own.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    own.private_key_pem.write_to_path(folder / "key.pem")
    return {name: str(folder / f"{name}.pem") for name in ("ca", "cert", "key")}


def client(server: Server, **changes: Any) -> ForwardOutput:
    settings = ForwardSettings("127.0.0.1", server.port, **changes)
    output = ForwardOutput(
        settings,
        refuse_poison,
        stop=lambda: output.counters.retries >= 3,
        timing=Timing(sleep=give_way),
    )
    return output


CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {}),
    "gzip": ({}, {"gzip": True}),
    "shared key": ({"sharedKey": KEY}, {"shared_key": KEY}),
    "user": (
        {"sharedKey": KEY, "users": USERS},
        {"shared_key": KEY, **KNOWN_USER},
    ),
}


@pytest.mark.parametrize("secured", [False, True], ids=["tcp", "tls"])
@pytest.mark.parametrize("case", CASES)
def test_every_event_is_taken_and_acknowledged(
    case: str, secured: bool, tls: dict[str, str]
) -> None:
    wish, changes = CASES[case]
    if secured:
        wish = {**wish, "tls": tls}
        changes = {**changes, "tls": TlsSettings(Path(tls["ca"]))}
    sent = events(2500, padding=100)
    with serving(**wish) as server:
        output = client(server, **changes)
        output.send(sent)
        output.close()
        entries = server.entries(len(sent))
    assert {record["event"]["id"] for _, _, _, record in entries} == ids(sent)
    assert output.counters.acked == len(sent)
    assert output.counters.retries == 0


def test_time_tag_and_record_are_understood() -> None:
    record = {"event": {"id": "a"}, "user": {"name": "Zoë\u2028\x00"}, "n": [1, None]}
    with serving() as server:
        output = client(server, tag="esa.auth.x")
        output.send([pack_entry("a", 1_700_000_000, 123_000_000, record)])
        output.close()
        assert server.entries(1) == [["esa.auth.x", 1_700_000_000, 123_000_000, record]]


@pytest.mark.parametrize(
    ("wish", "changes", "said"),
    [
        pytest.param(
            {"sharedKey": "other"},
            {"shared_key": KEY},
            "shared key mismatch",
            id="wrong key",
        ),
        pytest.param(
            {"sharedKey": KEY, "users": USERS},
            {"shared_key": KEY, "username": "ann", "password": "wrong"},
            "username/password mismatch",
            id="wrong password",
        ),
        pytest.param(
            {"sharedKey": KEY},
            {},
            "receiver wants a shared key, none is set",
            id="no key",
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    wish: dict[str, Any],
    changes: dict[str, Any],
    said: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with serving(**wish) as server:
        output = client(server, **changes)
        with pytest.raises(TemporaryError):
            output.send(events(3))
        output.close()
    assert output.counters.acked == 0
    assert any(said in record.getMessage() for record in caplog.records)


def test_an_untrusted_certificate_is_refused(
    tls: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with serving(tls=tls) as server:
        output = client(server, tls=TlsSettings())
        with pytest.raises(TemporaryError):
            output.send(events(3))
        output.close()
    (record,) = caplog.records
    assert "certificate not trusted" in record.getMessage()
