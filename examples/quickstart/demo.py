"""`make demo`: the logins of a log as a table, the whole events and a page as files.

``python -m examples.quickstart.demo [LOG]`` writes into `build/demo`.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson

from esa_auth.visible import visible

LOG = "examples/quickstart/mail_logs"
INTO = Path("build/demo")
HEAD = (
    *("TIME (UTC)", "APPLIANCE", "WAY", "RESULT"),
    *("USER", "ADDRESS", "TLS", "MECHANISM"),
)
LOGINS = ("smtp-auth", "smtp-auth-client")


def main(log: str) -> None:
    """Read ``log`` with the real commands and say what came of it."""
    INTO.mkdir(parents=True, exist_ok=True)
    file, page = INTO / "events.ndjson", INTO / "report.html"
    try:
        with open(log, "rb") as lines:
            done = run("filter", "--appliance", "esa01", stdin=lines)
    except OSError as error:
        raise SystemExit(f"{log}: {error.strerror}") from error
    file.write_bytes(done.stdout)
    run("report", "--quiet", "-o", str(page), str(file))
    events = [orjson.loads(line) for line in done.stdout.splitlines()]
    show_logins(events)
    print(f"\n{done.stderr.decode().splitlines()[-1]}\n")
    print(f"{'whole events':<20}{file} ({len(events)})")
    print(f"{'page of them':<20}{page}")
    if log == LOG:
        print(f"{'log with attacks':<20}make demo LOG=examples/detections/mail_logs")


def run(*words: str, stdin: Any = None) -> "subprocess.CompletedProcess[bytes]":
    """Run `esa-auth`; what it said is shown only if it failed."""
    argv = [sys.executable, "-m", "esa_auth", *words]
    # Words of our own, and the name of a file.
    done = subprocess.run(argv, stdin=stdin, capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(done.stderr.decode("utf-8", "replace"))
    return done


def show_logins(events: list[dict[str, Any]]) -> None:
    """Print a line for each login among ``events``, by their times."""
    logins = [event for event in events if event["event"]["action"] in LOGINS]
    logins.sort(key=lambda event: str(event["@timestamp"]))
    show([HEAD, *map(row, logins)])


def row(event: dict[str, Any]) -> tuple[str, ...]:
    """Return a login as one line; `-` is what the log does not say."""
    out = event["event"]["action"] == "smtp-auth-client"
    tls = event.get("tls", {})
    return (
        event["@timestamp"][:19].replace("T", " "),
        event["observer"]["name"],
        "out" if out else "in",
        event["event"]["outcome"],
        visible(event.get("user", {}).get("name", "-"), 24),
        event.get("destination" if out else "source", {}).get("ip", "-"),
        tls.get("version", "yes" if tls["established"] else "no") if tls else "-",
        event["cisco_esa"].get("auth", {}).get("mechanism", "-"),
    )


def show(rows: list[tuple[str, ...]]) -> None:
    """Print a table, its columns as wide as they need be."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        line = zip(cells, widths, strict=True)
        print("  ".join(text.ljust(width) for text, width in line).rstrip())


if __name__ == "__main__":
    main(*sys.argv[1:] or [LOG])
