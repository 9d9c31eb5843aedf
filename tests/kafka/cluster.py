"""Apache Kafka, one to three brokers in KRaft mode, as child processes."""

import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.checkout import ROOT
from tests.support.ports import free_port

JARS = Path(os.environ.get("ESA_AUTH_KAFKA_LIB", ROOT / ".cache" / "kafka" / "lib"))
"""Where `make engines` puts the jars; elsewhere, the environment says where."""

_START_SECONDS = 90.0
# A quick start and little memory; three of them are to fit beside the workers.
_JVM = ("-Xms64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
_CLUSTER_ID = "ZXNhLWF1dGgtdGVzdHMtMQ"


def missing() -> str | None:
    """Return why no broker can be started here, or None."""
    if shutil.which("java") is None:
        return "there is no java on the PATH"
    if not list(JARS.glob("kafka_2.13-*.jar")):
        return f"no jars in {JARS} (make engines, or ESA_AUTH_KAFKA_LIB)"
    return None


@dataclass
class Cluster:
    """Brokers while in its context; each is broker and controller.

    ``settings`` are added to every broker's. With ``secure``, the settings of one more
    listener, a broker can be reached by SASL over TLS too.
    """

    folder: Path
    brokers: int = 1
    heap: str = "-Xmx384m"
    jvm: tuple[str, ...] = _JVM
    settings: dict[str, str] = field(default_factory=dict)
    secure: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        *self._ports, self._secure_port = (
            free_port() for _ in range(2 * self.brokers + 1)
        )
        self._running: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def address(self) -> str:
        """``HOST:PORT,...`` of all brokers."""
        return ",".join(f"127.0.0.1:{self._ports[n * 2]}" for n in range(self.brokers))

    @property
    def secure_address(self) -> str:
        """``HOST:PORT`` of the secure listener, of the only broker."""
        return f"localhost:{self._secure_port}"

    def start(self, number: int) -> None:
        """Start broker ``number`` (from 1), also again."""
        log = (self.folder / f"broker{number}.log").open("ab")
        self._running[number] = subprocess.Popen(
            [*self._java(), self.heap, "kafka.Kafka", str(self._file(number))],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        log.close()

    def stop(self, number: int) -> None:
        """End broker ``number`` as an operator does, and wait for it."""
        process = self._running.pop(number)
        process.terminate()
        process.wait(_START_SECONDS)

    def wait(self) -> None:
        """Return when every broker that was started answers."""
        until = time.monotonic() + _START_SECONDS
        for number in self._running:
            while not _answers(self._ports[(number - 1) * 2]):
                code = self._running[number].poll()
                assert code is None, self.told(number)
                assert time.monotonic() < until, self.told(number)
                time.sleep(0.1)

    def told(self, number: int) -> str:
        """Return the end of a broker's log."""
        return (self.folder / f"broker{number}.log").read_text("utf-8")[-3000:]

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        numbers = range(1, self.brokers + 1)
        for number in numbers:
            self._file(number).write_text(self._properties(number), "utf-8")
        formats = [
            subprocess.Popen(
                [
                    *(*self._java(), "kafka.tools.StorageTool", "format"),
                    *("-t", _CLUSTER_ID, "-c", str(self._file(number))),
                ],
                stdout=subprocess.DEVNULL,
            )
            for number in numbers
        ]
        for done in formats:
            assert done.wait(_START_SECONDS) == 0
        for number in numbers:
            self.start(number)
        self.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._running.values():
            process.kill()
        for process in self._running.values():
            process.wait(_START_SECONDS)

    def _java(self) -> list[str]:
        log = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        return ["java", *self.jvm, log, "-cp", f"{JARS}/*"]

    def _file(self, number: int) -> Path:
        return self.folder / f"broker{number}.properties"

    def _properties(self, number: int) -> str:
        broker, controller = self._ports[(number - 1) * 2 : number * 2]
        voters = ",".join(
            f"{n + 1}@127.0.0.1:{self._ports[n * 2 + 1]}" for n in range(self.brokers)
        )
        copies = str(self.brokers)
        mapped = {
            "process.roles": "broker,controller",
            "node.id": str(number),
            "controller.quorum.voters": voters,
            "listeners": f"CLIENT://127.0.0.1:{broker}"
            f",CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"CLIENT://127.0.0.1:{broker}",
            "inter.broker.listener.name": "CLIENT",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(self.folder / f"data{number}"),
            "offsets.topic.num.partitions": "4",
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.num.partitions": "4",
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": str(max(1, self.brokers - 1)),
            "min.insync.replicas": str(max(1, self.brokers - 1)),
            "group.initial.rebalance.delay.ms": "0",
            "auto.create.topics.enable": "false",
            **self.settings,
        }
        if self.secure:
            here = f",SECURE://{self.secure_address}"
            mapped["listeners"] += here
            mapped["advertised.listeners"] += here
            mapped["listener.security.protocol.map"] += ",SECURE:SASL_SSL"
            mapped |= self.secure
        return "".join(f"{key}={value}\n" for key, value in mapped.items())


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
