"""pygrok and Logprep on the same corpus: a child of their own environment.

As with VRL beside: only the AUTH results and ``New SMTP ICID`` lines are parsed,
nothing is joined or written, and the clock runs over the calls alone.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

WANTED = ("Info: SMTP Auth: (ICID ", "Info: DCID: ", "Info: New SMTP ICID ")
BODY_AT = 25
GROKS = (
    r"SMTP Auth: \(ICID %{INT:icid}\) %{WORD:outcome} for user: %{DATA:user} using AUTH"
    r" mechanism: %{WORD:mechanism} with profile: %{GREEDYDATA:profile}",
    r"DCID: %{INT:dcid} IP: %{IP:ip} SMTP authentication using the profile"
    r" %{NOTSPACE:profile} %{WORD:outcome}",
    r"New SMTP ICID %{INT:icid} interface %{DATA:interface} \(%{IP:listener}\) address"
    r" %{IP:ip} reverse dns host %{NOTSPACE:name} verified %{WORD:verified}",
)
DISSECTS = (
    "%{stamp} Info: SMTP Auth: (ICID %{icid}) %{outcome} for user: %{user} using AUTH"
    " mechanism: %{mechanism} with profile: %{profile}",
    "%{stamp} Info: DCID: %{dcid} IP: %{ip} SMTP authentication using the profile"
    " %{profile} %{outcome}",
    "%{stamp} Info: New SMTP ICID %{icid} interface %{interface} (%{listener}) address"
    " %{ip} reverse dns host %{name} verified %{verified}",
)
Parse = Callable[[str], bool]


def pygrok() -> Parse:
    """Parse behind a test of the leading words: without it, pygrok is far slower."""
    grok = importlib.import_module("pygrok").Grok
    lead = r"^%{DATA:stamp} %{WORD:level}: "
    rules = [
        (word, grok(lead + text).match)
        for word, text in zip(WANTED, GROKS, strict=True)
    ]

    def parse(line: str) -> bool:
        for word, match in rules:
            if line.startswith(word, BODY_AT):
                return match(line) is not None
        return False

    return parse


def logprep() -> Parse:
    """Parse in Logprep's dissector, the quickest of its processors that can do it."""
    factory = importlib.import_module("logprep.factory").Factory
    rules = [
        {
            "filter": f"message: /.{{{BODY_AT}}}{word.split('(')[0]}.*/",
            "dissector": {"mapping": {"message": text}},
        }
        for word, text in zip(WANTED, DISSECTS, strict=True)
    ]
    processor = factory.create({"d": {"type": "dissector", "rules": rules}})
    processor.setup()

    def parse(line: str) -> bool:
        event = {"message": line}
        processor.process(event)
        return len(event) > 1

    return parse


def run(parse: Parse, corpus: Path, limit: int) -> dict[str, float]:
    """Give the time of the calls, and what they parsed beside what they should."""
    with corpus.open(encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in islice(file, limit)]
    wanted = sum(line.startswith(WANTED, BODY_AT) for line in lines)
    begin = time.process_time()
    parsed = sum(map(parse, lines))
    seconds = time.process_time() - begin
    return {
        "seconds": seconds,
        "lines": len(lines),
        "wanted": wanted,
        "parsed": parsed,
    }


if __name__ == "__main__":
    ENGINES = {"pygrok": pygrok, "logprep": logprep}
    name, file, most = sys.argv[1:]
    print(json.dumps(run(ENGINES[name](), Path(file), int(most))))
