"""Hosts with their shipped files: lines go in, a receiver stands behind."""

import os
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.shippers import (
    test_benthos,
    test_fluent_bit,
    test_rsyslog,
    test_rsyslog_in_place,
    test_syslog_ng,
    test_telegraf,
)
from tests.shippers.appliance import Appliance
from tests.shippers.endpoints import Endpoint
from tests.shippers.fluentd import FLUENTD, sender
from tests.shippers.fluentd import Bench as FluentdBench
from tests.shippers.fluentd import fluentd as run_fluentd
from tests.shippers.hosts import (
    RSYSLOG,
    Process,
    children,
    kill_children,
    listens,
    syslog_ng_missing,
    until,
)
from tests.shippers.vector import Bench as VectorBench
from tests.shippers.vector import why_not
from tests.support.collector import Collector
from tests.support.engines import optional, require
from tests.support.ports import free_port

Json = dict[str, Any]
Receiver = Endpoint | Collector
Running = Callable[[], AbstractContextManager[Process]]


@dataclass
class Setup:
    """A host with one file of conf/."""

    running: Running
    write: Callable[[list[bytes]], None]
    receive: Callable[[], Receiver]
    # What stands before the host and is not killed with it.
    beside: AbstractContextManager[object] = field(default_factory=nullcontext)
    # Lines go into a log, which the host or esa-auth reads.
    is_file: bool = True
    receivers: list[Receiver] = field(default_factory=list)

    def receiver(self) -> Receiver:
        """Return a receiver that listens in its context, at the same port each time."""
        self.receivers.append(self.receive())
        return self.receivers[-1]

    def events(self) -> list[Json]:
        """Return the events that all receivers got, those that came again as well."""
        return [event for receiver in self.receivers for event in events_of(receiver)]

    def repeated(self) -> int:
        """Return how many came again and were no new document."""
        ends = [end for end in self.receivers if isinstance(end, Endpoint)]
        return sum(end.conflicts + end.repeats for end in ends)


def events_of(receiver: Receiver) -> list[Json]:
    """Return what a receiver has got."""
    if isinstance(receiver, Collector):
        return list(receiver.events)
    if isinstance(receiver, FileOfTelegraf):
        return receiver.events()
    envelopes = [envelope["event"] for envelope in list(receiver.envelopes)]
    return envelopes + list(receiver.documents.copy().values())


def workers(host: Process) -> list[int]:
    """Return the worker of Fluentd's supervisor; other hosts have none."""
    return children(host.pid) if FLUENTD in host.args else []  # type: ignore[operator]


def kill(host: Process) -> None:
    """Kill -9 the host, and with Fluentd's supervisor its worker."""
    found = workers(host)
    host.kill()
    for worker in found:
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
    host.wait()


def kill_us(host: Process) -> int:
    """Kill -9 the esa-auth that the host has started; return how many there were."""
    return sum(map(kill_children, workers(host) or [host.pid]))


def fluentd(folder: Path, name: str) -> Setup:
    """Fluentd with an event collector of Splunk's."""
    optional("Fluentd", FLUENTD, "no fluentd in PATH")
    bench, port = FluentdBench(folder), free_port()
    configuration = bench.configure(name, "to_splunk", f"http://127.0.0.1:{port}")
    return Setup(
        lambda: run_fluentd(configuration),
        bench.write,
        lambda: Endpoint(port=port),
        sender(bench) if name == "forward.conf" else nullcontext(),
    )


def fluent_bit(folder: Path, name: str) -> Setup:
    """Fluent Bit with an index."""
    optional("Fluent Bit", test_fluent_bit.FLUENT_BIT, "no fluent-bit in PATH")
    configuration, port = test_fluent_bit.configure(folder, name), free_port()
    test_fluent_bit.to_index(folder, port)
    return Setup(
        lambda: test_fluent_bit.fluent_bit(
            configuration, ESA_AUTH_INDEX_PASSWORD="secret"
        ),
        lambda lines: test_fluent_bit.grow(folder, lines),
        lambda: Endpoint(port=port),
    )


def rsyslog_forward(folder: Path, name: str) -> Setup:
    """Rsyslog with a receiver of Fluentd's protocol behind esa-auth."""
    require("rsyslog", RSYSLOG, "no rsyslogd (Debian package rsyslog)")
    port = free_port()
    bench = test_rsyslog.Bench(folder, f"127.0.0.1:{port}")
    return pushed(bench.port, bench.running, lambda: Collector(port))


def rsyslog_in_place(folder: Path, name: str) -> Setup:
    """Rsyslog with an index."""
    module = test_rsyslog_in_place.module()
    require("rsyslog", RSYSLOG, "no rsyslogd (Debian package rsyslog)")
    require("rsyslog-elasticsearch", module, "not fetched (make engines)")
    port = free_port()
    bench = test_rsyslog_in_place.Bench(folder, port)
    return pushed(bench.port, bench.running, lambda: Endpoint(port=port))


def syslog_ng_forward(folder: Path, name: str) -> Setup:
    """syslog-ng with a receiver of Fluentd's protocol behind esa-auth."""
    missing = syslog_ng_missing()
    require("syslog-ng", missing is None, missing or "")
    port = free_port()
    bench = test_syslog_ng.Bench(folder, f"127.0.0.1:{port}")
    return pushed(bench.port, bench.running, lambda: Collector(port))


def pushed(port: int, running: Running, receive: Callable[[], Receiver]) -> Setup:
    """Put an appliance before the host, which tries again where nobody listens."""
    appliance = Appliance(port)

    def write(lines: list[bytes]) -> None:
        until(lambda: listens(port), "the host does not listen")
        appliance.push(lines)

    return Setup(running, write, receive, appliance, is_file=False)


def vector(folder: Path, name: str) -> Setup:
    """Vector with an index."""
    reason = why_not()
    optional("Vector", reason is None, str(reason))
    bench, port = VectorBench(folder, name), free_port()
    bench.configure(f"https://127.0.0.1:{port}")
    return Setup(
        bench.vector,
        bench.write,
        lambda: Endpoint(tls=bench.server_tls(), port=port),
        bench.sender() if name == "forward.yaml" else nullcontext(),
    )


def benthos(folder: Path, name: str) -> Setup:
    """Benthos with an index."""
    require("Benthos", test_benthos.PROGRAM.exists(), "not built (make engines, Go)")
    port = free_port()
    bench = test_benthos.Bench(folder, name.removesuffix(".yaml"), port)
    if name == "tail.yaml":
        return Setup(bench.running, bench.write, lambda: Endpoint(port=port))
    return pushed(bench.port, bench.running, lambda: Endpoint(port=port))


class FileOfTelegraf(Endpoint):
    """What Telegraf's output has written; it is there whether or not we are."""

    def __init__(self, bench: test_telegraf.Bench) -> None:
        super().__init__()
        self._bench = bench

    def events(self) -> list[Json]:
        """Return the events, or the flat fields of each."""
        return [metric.get("fields", metric) for metric in self._bench.written()]


def telegraf(folder: Path, name: str) -> Setup:
    """Telegraf with its own file behind it."""
    test_telegraf.present()
    bench = test_telegraf.Bench(folder, name.removesuffix(".conf"))
    return Setup(bench.running, bench.write, lambda: FileOfTelegraf(bench))


SETUPS: dict[tuple[str, str], Callable[[Path, str], Setup]] = {
    ("fluentd", "tail.conf"): fluentd,
    ("fluentd", "forward.conf"): fluentd,
    ("fluentd", "exec_filter.conf"): fluentd,
    ("fluent-bit", "exec.conf"): fluent_bit,
    ("rsyslog", "esa-auth.conf"): rsyslog_forward,
    ("rsyslog", "in_place.conf"): rsyslog_in_place,
    ("syslog-ng", "esa-auth.conf"): syslog_ng_forward,
    ("vector", "vector.yaml"): vector,
    ("vector", "forward.yaml"): vector,
    ("benthos", "tail.yaml"): benthos,
    ("benthos", "reply.yaml"): benthos,
    ("telegraf", "tail.conf"): telegraf,
    ("telegraf", "filter.conf"): telegraf,
}
