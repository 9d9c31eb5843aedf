"""Breaks each query in KQL in many ways and says which break no planted log sees.

``python -m tests.siem.kusto_mutants [NAME]`` runs them in DuckDB, as `mutants.py` runs
ES|QL: figures, windows, keys and comparisons of all detections that count.
"""

import re
import sys
from collections.abc import Iterator
from functools import cache

import duckdb
from conf.build import queries
from conf.build.detections import Detection, Each
from conf.build.table import DETECTIONS

from tests.siem import kusto_engine
from tests.siem.finders import plain
from tests.siem.mutants import CORPORA
from tests.siem.planted import events_of
from tests.siem.scenarios import LOOKED, corpus

_FIGURE = re.compile(r"\b(?!at\b)([a-z_]+) (>=|<=) (\d+)\b")
_PERCENT = re.compile(r"(failures|attempts) \* (\d+)")
_SPAN = re.compile(r"ago\((\d+)(d|h)\)")
_NTH = re.compile(r"\[(\d+)\]\)")
_WINDOW = re.compile(r"dynamic\(\[0, ([\d, ]+)\]\)")
_CHANGED = {
    "= source_network": ("= source_ip",),
    "observer_name, source_network)": (
        "observer_name, source_ip)",
        '"nobody", source_network)',
    ),
    "tolower(user_name)": ("user_name",),
    " by account, cisco_esa_session_id": (" by account",),
    "<= last_success": ("< last_success", ">= last_success"),
    'iff(event_outcome == "failure"': ('iff(event_outcome != "failure"',),
    'countif(event_outcome == "failure")': ('countif(event_outcome != "failure")',),
    "isempty(source_ip)\n": ("isnotempty(source_ip)\n",),
    '!= "unknown_head"': ('== "unknown_head"',),
    '== "unknown_head"': ('!= "unknown_head"',),
    "f > 0 and ": ("",),
    "nth == 0": ("nth >= 0",),
    "array_length(make_set(at))": ("count()",),
    "make_set(iff(event_outcome": ("make_list(iff(event_outcome",),
    "last_seen < ago": ("last_seen > ago",),
    "first_seen >= ago": ("first_seen < ago",),
    "known_since <= ago": ("known_since >= ago",),
}


def mutants(query: str) -> Iterator[tuple[str, str]]:
    """Yield what is broken, and the broken query."""
    for found in _FIGURE.finditer(query):
        name, operator, figure = found.groups()
        # That a session sent anything at all is no figure of a rule.
        if name.startswith("cisco_esa") and figure == "1":
            continue
        some = max(1, int(figure) // 10)
        for changed in (int(figure) - some, int(figure) + some):
            if changed:
                yield _put(query, found, f"{name} {operator} {changed}")
    for found in _PERCENT.finditer(query):
        for changed in (int(found[2]) // 2, int(found[2]) * 2):
            yield _put(query, found, f"{found[1]} * {changed}")
    for found in _SPAN.finditer(query):
        hours = int(found[1]) * {"d": 24, "h": 1}[found[2]]
        for changed in (hours // 2, hours * 2):
            yield _put(query, found, f"ago({changed}h)")
    for found in _NTH.finditer(query):
        for changed in (int(found[1]) - 1, int(found[1]) + 1):
            yield _put(query, found, f"[{changed}])")
    window = _WINDOW.search(query)
    if window and " >= 1\n" not in query:
        last = int(window[1].split(", ")[-1])
        for changed in (last // 2, last * 2):
            steps = ", ".join(map(str, range(changed + 1)))
            yield _put(query, window, f"dynamic([{steps}])")
    for old, others in _CHANGED.items():
        for new in others if old in query else ():
            yield f"{old} -> {new}", query.replace(old, new)


def _put(query: str, found: re.Match[str], new: str) -> tuple[str, str]:
    broken = query[: found.start()] + new + query[found.end() :]
    return f"{found[0]} -> {new}", broken


@cache
def _database(name: str) -> duckdb.DuckDBPyConnection:
    return kusto_engine.database(events_of(CORPORA[name]))


def _seen(detection: Detection, query: str) -> bool:
    for name, scenarios in CORPORA.items():
        if any(s.rule == detection.name for s in scenarios):
            keys = corpus(scenarios).expected.get(detection.name, frozenset())
            found = kusto_engine.found(_database(name), query, detection, LOOKED)
            if found != plain(keys):
                return True
    return False


def main(only: str | None = None) -> int:
    """Run them; return 1 if more than one in twenty is not seen."""
    made = unseen = 0
    for detection in DETECTIONS:
        single = isinstance(detection.way, Each) and detection.way.by is None
        if single or only not in {None, detection.name}:
            continue
        query = queries.query("kusto", detection)
        if _seen(detection, query):
            print(f"wrong as it is: {detection.name}", flush=True)
            continue
        for what, mutant in mutants(query):
            made += 1
            if not _seen(detection, mutant):
                unseen += 1
                print(f"not seen: {detection.name}: {what}", flush=True)
    print(f"{made} mutants, {made - unseen} seen, {unseen} not seen")
    return int(unseen * 20 > made)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
