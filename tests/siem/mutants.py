"""Breaks each ES|QL query in many ways and says which break no planted log sees.

``python -m tests.siem.mutants [NAME]`` runs them on a real Elasticsearch. It breaks the
figures, the windows, the keys and the comparisons of all detections that count.
"""

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from conf.build import queries
from conf.build.detections import AtLeast, Detection, Each
from conf.build.table import DETECTIONS

from tests.siem import finders
from tests.siem.elastic.node import Elasticsearch, node, set_up
from tests.siem.planted import events_of
from tests.siem.scenarios import LOOKED, SCENARIOS, WEEKS, corpus

CORPORA = {"days": SCENARIOS, "weeks": WEEKS}
_FIGURE = re.compile(r"(\b(?!@timestamp)[a-z_]+) (>=|<=) (\d+)\b")
_PERCENT = re.compile(r"(failures|attempts) \* (\d+)")
_NTH = re.compile(r"(\d+), \1\)")
_KEYS = {
    "IP_PREFIX(source.ip, 32, 64)": (
        "IP_PREFIX(source.ip, 32, 128)",
        "IP_PREFIX(source.ip, 24, 64)",
    ),
    "TO_LOWER(user.name)": ("user.name",),
    ", observer.name)": (', "nobody")',),
    " BY account, cisco_esa.session.id": (" BY account",),
}
_COMPARED = {
    " <= last_success": (" < last_success", " >= last_success"),
    'WHERE event.outcome == "failure"': ('WHERE event.outcome != "failure"',),
    "tried - got_in": ("tried",),
    " IS NULL": (" IS NOT NULL",),
    '!= "unknown_head"': ('== "unknown_head"',),
    '== "unknown_head"': ('!= "unknown_head"',),
    "f > 0 AND ": ("",),
    "COUNT_DISTINCT(second)": ("COUNT(*)",),
    "networks = COUNT_DISTINCT(network)": ("networks = COUNT(*)",),
    "last_seen < NOW()": ("last_seen > NOW()",),
    "first_seen >= NOW()": ("first_seen < NOW()",),
    "known_since <= NOW()": ("known_since >= NOW()",),
}


def mutants(query: str) -> Iterator[tuple[str, str]]:
    """Yield what is broken, and the broken query."""
    for found in _FIGURE.finditer(query):
        name, operator, figure = found.groups()
        some = max(1, int(figure) // 10)
        # That a session sent anything at all is no figure of a rule.
        if query[found.start() - 1] == "." and figure == "1":
            continue
        for changed in (int(figure) - some, int(figure) + some):
            # None is as good as at least none.
            if changed:
                new = f"{name} {operator} {changed}"
                yield f"{found[0]} -> {new}", _put(query, found, new)
    for found in _PERCENT.finditer(query):
        for changed in (int(found[2]) // 2, int(found[2]) * 2):
            new = f"{found[1]} * {changed}"
            yield f"{found[0]} -> {new}", _put(query, found, new)
    for found in _NTH.finditer(query):
        for changed in (int(found[1]) - 1, int(found[1]) + 1):
            new = f"{changed}, {changed})"
            yield f"{found[0]} -> {new}", _put(query, found, new)
    yield from _windows(query)
    for old, others in (_KEYS | _COMPARED).items():
        for new in others if old in query else ():
            yield f"{old} -> {new}", query.replace(old, new)


def _put(query: str, found: re.Match[str], new: str) -> str:
    return query[: found.start()] + new + query[found.end() :]


def _windows(query: str) -> Iterator[tuple[str, str]]:
    for found in re.finditer(r"NOW\(\) - (\d+) (days|hours)", query):
        for hours in (int(found[1]) * 12, int(found[1]) * 48):
            new = f"NOW() - {hours} hours"
            yield f"{found[0]} -> {new}", _put(query, found, new)
    spread = re.search(r"EVAL window = .*", query)
    if spread is None:
        return
    ends = [int(n) for n in re.findall(r"piece \+ (\d+) minutes", spread[0])]
    step = ends[0]
    for last in (ends[-1] // 2 // step * step, ends[-1] * 2):
        window = "piece"
        for end in range(step, last + 1, step):
            window = f"MV_APPEND({window}, piece + {end} minutes)"
        new = f"EVAL window = {window}"
        yield f"window of {ends[-1]} -> {last} minutes", _put(query, spread, new)


def _seen(server: Elasticsearch, detection: Detection, query: str) -> bool:
    for name, scenarios in CORPORA.items():
        if not any(s.rule == detection.name for s in scenarios):
            continue
        stream = f"logs-cisco_esa.auth-{name}"
        keys = corpus(scenarios).expected.get(detection.name, frozenset())
        found = finders.in_elasticsearch(server, stream, query, detection, LOOKED)
        if found != finders.plain(keys):
            return True
    return False


def main(only: str | None = None) -> int:
    """Run them; return 1 if more than one in twenty is not seen."""
    made = unseen = 0
    with tempfile.TemporaryDirectory() as scratch, node(Path(scratch)) as server:
        set_up(server)
        for name, scenarios in CORPORA.items():
            server.create(f"logs-cisco_esa.auth-{name}", events_of(scenarios))
        for detection in DETECTIONS:
            counts = any(isinstance(c, AtLeast) for c in detection.select)
            if only not in {None, detection.name} or (
                isinstance(detection.way, Each) and not counts
            ):
                continue
            query = queries.query("esql", detection)
            if _seen(server, detection, query):
                print(f"wrong as it is: {detection.name}", flush=True)
                continue
            for what, mutant in mutants(query):
                made += 1
                if not _seen(server, detection, mutant):
                    unseen += 1
                    print(f"not seen: {detection.name}: {what}", flush=True)
    print(f"{made} mutants, {made - unseen} seen, {unseen} not seen")
    return int(unseen * 20 > made)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
