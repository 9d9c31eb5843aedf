"""Vector's language on the same corpus: a child of its own, so that it is pinned.

It reads only the AUTH results and ``New SMTP ICID`` lines, joins nothing and writes
nothing. The clock runs over the calls alone, not over reading and decoding.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from itertools import islice
from pathlib import Path

LEAD = r"^(?P<stamp>\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}) (?P<level>\w+): "
INBOUND = (
    LEAD + r"SMTP Auth:? \(ICID (?P<icid>\d+)\) (?P<outcome>succeeded|failed) for user:"
    r" (?P<user>.*) using AUTH mechanism: (?P<mechanism>\S+)"
    r" with profile: (?P<profile>.*?)\s*$"
)
OUTBOUND = (
    LEAD + r"DCID:? (?P<dcid>\d+) IP:? (?P<ip>\S+) SMTP authentication"
    r" using the profile (?P<profile>.*?) (?P<outcome>succeeded|failed)"
)
OPENING = (
    LEAD + r"New SMTP ICID (?P<icid>\d+) interface (?P<interface>.+?)"
    r" \((?P<listener>\S+)\) address (?P<ip>\S+)"
    r" reverse dns host (?P<name>.*?) verified (?P<verified>yes|no)\s*$"
)


def program(guards: tuple[str, str, str]) -> str:
    """Give a program that parses a line only behind its guard."""
    return " else ".join(
        f"if {guard} {{ . |= parse_regex(.message, r'{pattern}') ?? {{}} }}"
        for guard, pattern in zip(guards, (INBOUND, OUTBOUND, OPENING), strict=True)
    )


WANTED = ("Info: SMTP Auth: (ICID ", "Info: DCID: ", "Info: New SMTP ICID ")
REMAP = (
    "message = string!(.message)\n"
    + program(
        (
            'contains(message, "Info: SMTP Auth: (ICID ")',
            'contains(message, "SMTP authentication using the profile")',
            'contains(message, "Info: New SMTP ICID ")',
        )
    )
    + "\n.\n"
)
FASTEST = "body = string!(slice!(.message, 25))\n" + program(
    (
        f'starts_with(body, "{WANTED[0]}")',
        f'starts_with(body, "{WANTED[1]}")',
        f'starts_with(body, "{WANTED[2]}")',
    )
)
EVENT = (
    REMAP.removesuffix("\n.\n")
    + """
if exists(.outcome) {
  user = string(.user) ?? ""
  outcome = "failure"
  if .outcome == "succeeded" { outcome = "success" }
  . = {
    "@timestamp": parse_timestamp!(.stamp, "%a %b %e %T %Y"),
    "message": message,
    "event": {
      "id": sha2(message, variant: "SHA-256"),
      "kind": "event",
      "category": ["authentication"],
      "type": ["start"],
      "action": "smtp-auth",
      "outcome": outcome
    },
    "user": {"name": user, "hash": sha2(user, variant: "SHA-256")},
    "source": {"ip": .ip},
    "cisco_esa": {
      "icid": .icid,
      "dcid": .dcid,
      "mechanism": .mechanism,
      "profile": .profile
    }
  }
}
.
"""
)
# `remap` is what a Vector user writes: every event goes on. `fastest` is the quickest
# form found: leading words only, and nothing handed back for any other line. `event`
# makes what it can of an ECS event; VRL keeps nothing from line to line, so that the
# address of the client, which stands in another line, is not to be had.
PROGRAMS = {"remap": REMAP, "fastest": FASTEST, "event": EVENT}


def run(name: str, corpus: Path, limit: int) -> dict[str, float]:
    """Give the time of the calls, and what they parsed beside what they should."""
    remap = importlib.import_module("pyvrl").Transform(PROGRAMS[name]).remap
    with corpus.open(encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in islice(file, limit)]
    wanted = sum(line.startswith(WANTED, 25) for line in lines)
    parsed = 0
    begin = time.process_time()
    for line in lines:
        event = remap({"message": line})
        if event and len(event) > 1:
            parsed += 1
    seconds = time.process_time() - begin
    return {
        "seconds": seconds,
        "lines": len(lines),
        "wanted": wanted,
        "parsed": parsed,
    }


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
