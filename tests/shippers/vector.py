"""Vector with the shipped files at paths of the test, where `vector` is there."""

import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import trustme

from tests.shippers.hosts import PATIENCE, Process, process
from tests.support.checkout import ROOT
from tests.support.ports import free_port
from tests.support.process import command

CONF = ROOT / "conf" / "vector"
VECTOR = shutil.which("vector")
# From here on `${VARIABLES}` are not put in.
OLDEST = (0, 57)
# Of whatever the sink is.
WORD = "geheim"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
_OTHER_SINK = re.compile(r"^  # (\w+):\n(?:  #   .*\n)+", re.MULTILINE)


def why_not() -> str | None:
    """Return why the Vector in PATH cannot run the files, if it cannot."""
    if VECTOR is None:
        return "no vector in PATH"
    said = run("--version").stdout
    found = re.search(r"vector (\d+)\.(\d+)", said)
    if found is None or tuple(map(int, found.groups())) < OLDEST:
        return f"older than 0.57: {said.strip()}"
    return None


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run one of Vector's tools to its end."""
    return subprocess.run(
        [str(VECTOR), *words],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def with_sink(text: str, name: str) -> str:
    """Return the file with the sink that is a comment in it instead of the first."""
    found = {match[1]: match[0] for match in _OTHER_SINK.finditer(text)}[name]
    sink = re.sub(r"^  # ", "  ", found, flags=re.MULTILINE)
    before, rest = text.split("  elasticsearch:\n", 1)
    return before + sink + rest[rest.index("\n\n") :].replace(found, "")


class Bench:
    """A folder with one of the shipped files, all that it names in that folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.authority = trustme.CA()
        self.authority.cert_pem.write_to_path(str(folder / "ca.crt"))
        for made in ("data", "state", "log", "secrets", "esa"):
            (folder / made).mkdir()
        self.mail_logs = folder / "esa" / "mail_logs"
        self.mail_logs.touch()
        self.secret(WORD)
        self.port, self.metrics_port = free_port(), free_port()
        # Of listen.yaml: where appliances push to, and where esa-auth listens.
        self.push_port, self.listen_port = free_port(), free_port()
        self.log = folder / "vector.log"

    def secret(self, text: str) -> None:
        """Write the secret, as an editor leaves it."""
        (self.folder / "secrets" / "password").write_text(f"{text}\n")

    def server_tls(self) -> ssl.SSLContext:
        """Return the context of an endpoint that has a certificate of ours."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert("127.0.0.1").configure_cert(context)
        return context

    def configure(self, url: str = "https://localhost:1", sink: str = "") -> Path:
        """Render the file; ``sink`` is one of those that are comments in it."""
        text = (CONF / self.name).read_text()
        if sink:
            text = with_sink(text, sink)
        words = "".join(f"      - {word}\n" for word in command())
        text = text.replace("      - /opt/esa-auth/bin/esa-auth\n", words)
        for old, new in self._places(url).items():
            text = text.replace(old, new)
        target = self.folder / "vector.yaml"
        target.write_text(text)
        return target

    def _places(self, url: str) -> Mapping[str, str]:
        here = str(self.folder)
        return {
            "/etc/vector/secrets/esa-auth": f"{here}/secrets",
            "/var/lib/vector": f"{here}/data",
            "/var/lib/esa-auth": f"{here}/state",
            "/var/log/esa-auth": f"{here}/log",
            "/var/log/esa/": f"{here}/esa/",
            CERTIFICATES: f"{here}/ca.crt",
            "https://localhost:9200": url,
            "https://localhost:8088": url,
            "127.0.0.1:24224": f"127.0.0.1:{self.port}",
            "127.0.0.1:9598": f"127.0.0.1:{self.metrics_port}",
            "0.0.0.0:514": f"0.0.0.0:{self.push_port}",
            "127.0.0.1:5140": f"127.0.0.1:{self.listen_port}",
        }

    @contextmanager
    def vector(self) -> Iterator[Process]:
        """Run Vector as the page says; SIGTERM at the end."""
        words = [str(VECTOR), "--config", str(self.folder / "vector.yaml")]
        # 60 s otherwise, for a sink whose receiver is away.
        words += ["--graceful-shutdown-limit-secs", "3"]
        with process(words, self.log, VECTOR_REQUIRE_HEALTHY="true") as host:
            yield host

    @contextmanager
    def sender(self, *options: str) -> Iterator[Process]:
        """Run the `esa-auth tail` that stands before `forward.yaml`."""
        words = [*command(), "tail", str(self.mail_logs), *options]
        words += ["--timezone", "UTC"]
        words += ["--state-dir", str(self.folder / "state" / "tail")]
        words += ["--forward", f"127.0.0.1:{self.port}"]
        with process(words, self.folder / "tail.log") as child:
            yield child

    @contextmanager
    def listener(self) -> Iterator[Process]:
        """Run the `esa-auth listen` that `listen.yaml` names."""
        words = [*command(), "listen", f"tcp://127.0.0.1:{self.listen_port}"]
        words += ["--input", "sender", "--timezone", "UTC"]
        words += ["--forward", f"127.0.0.1:{self.port}"]
        words += ["--state-dir", str(self.folder / "state" / "listen")]
        with process(words, self.folder / "listen.log") as child:
            yield child

    def write(self, lines: list[bytes]) -> None:
        """Let the appliance's log grow."""
        with self.mail_logs.open("ab") as file:
            file.writelines(line + b"\n" for line in lines)

    def metrics(self) -> str:
        """Return what Vector says of itself."""
        with urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics") as answer:
            text: bytes = answer.read()
        return text.decode()

    def received(self, component: str) -> int:
        """Return how many events a part of Vector has got."""
        found = re.findall(
            rf'^vector_component_received_events_total\{{.*component_id="{component}"'
            r".*\} (\d+)",
            self.metrics(),
            re.MULTILINE,
        )
        return sum(map(int, found))
