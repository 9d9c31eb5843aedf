"""``python -m tests.bench.shippers``: lines/s through a host, and what a kill costs.

Beside each the host's own ceiling: the same lines with a child that does nothing, `cat`
or, where each line is to be confirmed, `sed` that says OK. Hosts that are not there are
left out.
"""

import re
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.shippers import fluentd, test_fluentd, test_rsyslog, test_syslog_ng
from tests.shippers.appliance import push_tcp, traffic
from tests.shippers.hosts import (
    RSYSLOG,
    Process,
    kill_children,
    listens,
    syslog_ng_missing,
    until,
)
from tests.support.collector import Collector
from tests.support.process import command, esa_auth

LINES = 200_000
LOG = traffic("esa01", LINES, 1)
Rate = float
TIME_KEY = re.compile(r" *time_key.*?keep_time_key true\n", re.DOTALL)
CAT_SINK = """
<match esa.auth>
  @type file
  path {out}
  append true
  <buffer []>
    flush_mode interval
    flush_interval 1s
  </buffer>
</match>
"""
OK_CHILD = "#!/bin/sh\necho OK\nexec sed -u -e 'w {out}' -e 's/.*/OK/'\n"


def expected() -> int:
    """Return how many events the direct run makes."""
    return len(esa_auth("filter", stdin=b"".join(line + b"\n" for line in LOG)).events)


def rate(count: Callable[[], int], goal: int, send: Callable[[], None]) -> Rate:
    """Return lines/s from the first line sent to the last thing that came out."""
    begun = time.monotonic()
    send()
    until(lambda: count() >= goal, "it does not come to an end")
    return len(LOG) / (time.monotonic() - begun)


def lost(count: Callable[[], int], goal: int, kill: Callable[[], int]) -> int:
    """Kill the child when half has come; return how many events never come."""
    until(lambda: count() > goal // 2, "no events")
    assert kill()
    return goal - settled(count)


def settled(count: Callable[[], int]) -> int:
    """Wait until ``count`` does not grow any more; return it."""
    before, still = -1, 0
    while still < 30:
        still = still + 1 if count() == before else 0
        before = count()
        time.sleep(0.1)
    return before


def lines_of(file: Path) -> int:
    """Return how many lines ``file`` has so far."""
    return file.read_bytes().count(b"\n") if file.exists() else 0


def with_child(configuration: Path, child: str) -> Path:
    """Put ``child`` where our command stands in a rendered configuration."""
    text = configuration.read_text()
    changed = re.sub(re.escape(command()[0]) + r'[^"\n]*', child, text)
    assert changed != text
    configuration.write_text(changed)
    return configuration


def measure_rsyslog(folder: Path, goal: int) -> str:
    """Omprog with confirmMessages."""
    rates = []
    for name in ("ours", "sed"):
        with Collector() as collector:
            (folder / name).mkdir()
            bench = test_rsyslog.Bench(folder / name, collector.address)
            out = folder / name / "out"
            count, end = partial(len, collector.events), goal
            if name == "sed":
                child = folder / "confirm"
                child.write_text(OK_CHILD.format(out=out))
                child.chmod(0o755)
                with_child(bench.configuration, str(child))
                count, end = partial(lines_of, out), len(LOG)
            with bench.running():
                rates.append(rate(count, end, partial(push_tcp, bench.port, LOG)))
    with Collector() as collector:
        (folder / "kill").mkdir()
        bench = test_rsyslog.Bench(folder / "kill", collector.address)
        with bench.running() as host:
            push_tcp(bench.port, LOG)
            killed = lost(partial(seen, collector), goal, killer(host))
    return row("rsyslog omprog, confirmed", rates, killed)


def measure_syslog_ng(folder: Path, goal: int) -> str:
    """program()."""
    rates, killed = [], 0
    for name in ("ours", "cat", "kill"):
        with Collector() as collector:
            (folder / name).mkdir()
            out = folder / name / "out"
            bench = test_syslog_ng.Bench(folder / name, collector.address)
            count, end = partial(len, collector.events), goal
            if name == "cat":
                with_child(bench.configuration, f"cat > {out}")
                count, end = partial(lines_of, out), len(LOG)
            with bench.running() as host:
                if name == "kill":
                    push_tcp(bench.port, LOG)
                    killed = lost(partial(seen, collector), goal, killer(host))
                else:
                    rates.append(rate(count, end, partial(push_tcp, bench.port, LOG)))
    return row("syslog-ng program()", rates, killed)


def stop_syslog_ng(folder: Path, goal: int) -> str:
    """Stop it in the middle, and start it again."""
    with Collector() as collector:
        bench = test_syslog_ng.Bench(folder, collector.address)
        with bench.running():
            push_tcp(bench.port, LOG)
            until(lambda: seen(collector) > goal // 8, "no events")
        with bench.running():
            missing = goal - settled(partial(seen, collector))
            return f"{'syslog-ng, a stop':30} {missing} events lost"


def measure_fluentd(folder: Path, goal: int) -> str:
    """exec_filter in msgpack."""
    rates, killed = [], 0
    for name in ("ours", "cat", "kill"):
        (folder / name).mkdir()
        bench = fluentd.Bench(folder / name)
        made = bench.configure("exec_filter.conf", "to_file")
        out = folder / name / "out" / "events.20260317.log"
        end = goal
        if name == "cat":
            # What it hands back has no @timestamp.
            out, end = folder / name / "all.log", len(LOG)
            text = with_child(made, "cat").read_text()
            made.write_text(
                re.sub(r"    time_key.*?keep_time_key true\n", "", text, flags=re.S)
            )
            (made.parent / "to_file.conf").write_text(
                CAT_SINK.format(out=out.with_suffix(""))
            )
        with fluentd.fluentd(made) as host:
            until(partial(listens, bench.port), "fluentd does not listen")
            if name == "kill":
                bench.write(LOG)
                killed = lost(
                    partial(lines_of, out),
                    goal,
                    partial(test_fluentd.kill_esa_auth, host),
                )
            else:
                rates.append(
                    rate(partial(lines_of, out), end, partial(bench.write, LOG))
                )
    return row("Fluentd exec_filter, msgpack", rates, killed)


def seen(collector: Collector) -> int:
    """Return how many different events have come."""
    return len({event["event"]["id"] for event in collector.events})


def killer(host: Process) -> Callable[[], int]:
    """Return what kills the children of ``host``."""
    return partial(kill_children, host.pid)


def row(host: str, rates: list[Rate], killed: int) -> str:
    """Return a line of the table."""
    ours, ceiling = rates
    return (
        f"{host:30} {ours:>10,.0f} lines/s, {ceiling:>10,.0f} with an idle child, "
        f"{killed} events lost at kill -9"
    )


def main() -> None:
    """Measure every host that is there."""
    goal = expected()
    print(f"{len(LOG)} lines, {goal} events")
    hosts = [
        (RSYSLOG, measure_rsyslog),
        (not syslog_ng_missing(), measure_syslog_ng),
        (not syslog_ng_missing(), stop_syslog_ng),
        (shutil.which("fluentd"), measure_fluentd),
    ]
    for present, measured in hosts:
        with tempfile.TemporaryDirectory() as folder:
            if present:
                print(measured(Path(folder), goal), flush=True)


if __name__ == "__main__":
    main()
