"""Detections as search templates for OpenSearch, which a monitor can run.

A template looks at the window that ends at `period_end`, as a monitor of OpenSearch
Alerting fills it in, and at one step more: run once in each step, no window is missed.
Each bucket left over is a finding.
"""

from typing import Any

from conf.build.detections import (
    ACCOUNT,
    APPLIANCE,
    NETWORK,
    SESSION,
    After,
    Condition,
    Counted,
    Detection,
    FirstSeen,
    Is,
    Key,
    Scattered,
    Share,
    Silent,
    Volume,
    look_back,
    step_of,
)
from conf.build.kinds import Kinds, cannot
from conf.build.lucene import lucene

Body = dict[str, Any]

# More groups than this in one window are cut, those nearest to a finding being kept.
MOST_GROUPS = 1000
MOST_SESSIONS = 10_000
_FAILED = Is("event.outcome", ("failure",))
_GOT_IN = Is("event.outcome", ("success",))
_NETWORK = (
    "String network(String a) { if (a.indexOf(':') < 0) { return a } "
    "int gap = a.indexOf('::'); List head = new ArrayList(), tail = new ArrayList(); "
    "for (g in (gap < 0 ? a : a.substring(0, gap)).splitOnToken(':')) "
    "{ if (g.length() > 0) { head.add(g) } } "
    "if (gap >= 0) { for (g in a.substring(gap + 2).splitOnToken(':')) "
    "{ if (g.length() > 0) { tail.add(g) } } } "
    "while (head.size() + tail.size() < 8) { head.add('0') } head.addAll(tail); "
    "return head[0] + ':' + head[1] + ':' + head[2] + ':' + head[3] + '::/64' } "
)
_SOURCE = "network(doc['source.ip'].value)"
_USER = "doc['user.name'].value.toLowerCase()"


def search(detection: Detection) -> Body:
    """Return the body of a search template for what is counted."""
    found = _FOUND.said(detection.way)
    span = look_back(detection)
    begin = f"{{{{period_end}}}}||-{span}-{step_of(span)}m"
    return {
        "size": 0,
        "query": {
            "bool": {
                "filter": [
                    {"range": {"@timestamp": {"gte": begin, "lte": "{{period_end}}"}}},
                    _only(detection.select),
                ]
            }
        },
        "aggs": {"found": found},
    }


def _only(conditions: tuple[Condition, ...]) -> Body:
    return {"query_string": {"query": lucene(conditions)}}


def _recent(operator: str, ago: str) -> Body:
    return {"range": {"@timestamp": {operator: f"{{{{period_end}}}}||-{ago}"}}}


def _value(key: Key) -> Body:
    """Return what an aggregation groups by or counts."""
    match key.how:
        case "network":
            return _script(f"{_NETWORK}return {_SOURCE}")
        case "origin":
            here = (
                f"doc['source.ip'].size() == 0 ? doc['observer.name'].value : {_SOURCE}"
            )
            return _script(f"{_NETWORK}return {here}")
        case "lower":
            return _script(f"return {_USER}")
    return {"field": key.field}


def _script(source: str) -> Body:
    return {"script": {"lang": "painless", "source": source}}


def _terms(key: Key, size: int = MOST_GROUPS, order: str | None = None) -> Body:
    by: Body = {"order": {order: "desc"}} if order else {}
    return {"terms": _value(key) | {"size": size} | by}


def _distinct(key: Key) -> Body:
    return {"cardinality": _value(key) | {"precision_threshold": 3000}}


def _select(paths: dict[str, str], script: str) -> Body:
    return {"bucket_selector": {"buckets_path": paths, "script": script}}


def _counted(way: Counted) -> Body:
    if way.distinct is None:
        enough = _select({"n": "_count"}, f"params.n >= {way.least}")
        return _terms(way.by) | {"aggs": {"enough": enough}}
    tried = _distinct(way.distinct)
    if not way.forgiven:
        enough = _select({"n": "tried"}, f"params.n >= {way.least}")
        return _terms(way.by, order="tried") | {
            "aggs": {"tried": tried, "enough": enough}
        }
    got_in = {"filter": _only((_GOT_IN,)), "aggs": {"users": tried}}
    enough = _select(
        {"tried": "tried", "got_in": "got_in>users"},
        f"params.tried - params.got_in >= {way.least}",
    )
    return _terms(way.by, order="tried") | {
        "aggs": {"tried": tried, "got_in": got_in, "enough": enough}
    }


def _after(way: After) -> Body:
    """Count what came before what, which no other aggregation does."""
    if len(way.by) == 1:
        grouped = _terms(way.by[0])
    else:
        both = _script(f"{_NETWORK}return {_SOURCE} + ' ' + {_USER}")
        grouped = {"terms": both | {"size": MOST_GROUPS}}
    count = "times.size()" if way.distinct else "failures"
    # Of one instant the failures come first: a log has seconds.
    metric = {
        "init_script": "state.seen = []",
        "map_script": (
            f"{_NETWORK}"
            "long at = doc['@timestamp'].value.toInstant().toEpochMilli(); "
            "long good = doc['event.outcome'].value == 'success' ? 1 : 0; "
            f"String from = doc['source.ip'].size() == 0 ? '' : {_SOURCE}; "
            "state.seen.add([2 * at + good, from])"
        ),
        "combine_script": "return state.seen",
        "reduce_script": (
            "List all = new ArrayList(); for (seen in states) { all.addAll(seen) } "
            "all.sort((a, b) -> Long.compare(a[0], b[0])); "
            "long failures = 0; long most = 0; Set times = new HashSet(); "
            "Set networks = new HashSet(); for (one in all) { if (one[0] % 2 == 0) "
            "{ failures++; times.add(one[0]); networks.add(one[1]) } "
            f"else if (networks.size() >= {way.networks}) {{ most = {count} }} }} "
            "return most"
        ),
    }
    enough = _select({"n": "before.value"}, f"params.n >= {way.least}")
    return grouped | {"aggs": {"before": {"scripted_metric": metric}, "enough": enough}}


def _scattered(way: Scattered) -> Body:
    metric = {
        "init_script": "state.seen = [:]",
        "map_script": (
            f"{_NETWORK}String from = {_SOURCE}; "
            "if (!state.seen.containsKey(from)) { state.seen[from] = [0, 0, []] } "
            "def of = state.seen[from]; if (doc['event.outcome'].value == 'success') "
            "{ of[1]++ } else { of[0]++ } "
            f"if (doc['user.name'].size() > 0) {{ String user = {_USER}; "
            "if (!of[2].contains(user) && of[2].size() < 100) { of[2].add(user) } }"
        ),
        "combine_script": "return state.seen",
        "reduce_script": (
            "Map all = new HashMap(); for (seen in states) "
            "{ for (one in seen.entrySet()) { if (!all.containsKey(one.getKey())) "
            "{ all[one.getKey()] = [0, 0, []] } def of = all[one.getKey()]; "
            "of[0] += one.getValue()[0]; of[1] += one.getValue()[1]; "
            "of[2].addAll(one.getValue()[2]) } } "
            "long networks = 0; long failures = 0; long hits = 0; "
            "Set users = new HashSet(); for (of in all.values()) "
            f"{{ if (of[0] > 0 && of[0] <= {way.tries}) {{ networks++; "
            "failures += of[0]; hits += of[1]; users.addAll(of[2]) } } "
            f"return users.size() >= {way.users} && "
            f"hits * 100 <= failures * {way.percent} ? networks : 0"
        ),
    }
    enough = _select({"n": "networks.value"}, f"params.n >= {way.networks}")
    # One group of all.
    return {
        "terms": {"field": "event.dataset", "size": 1},
        "aggs": {"networks": {"scripted_metric": metric}, "enough": enough},
    }


def _volume(way: Volume) -> Body:
    # What is said of a session grows while it lives: its last word counts.
    most = {"max": {"field": "cisco_esa.summary.recipients"}}
    sessions = _terms(SESSION, MOST_SESSIONS) | {"aggs": {"most": most}}
    total = {"sum_bucket": {"buckets_path": "sessions>most"}}
    enough = _select({"n": "recipients"}, f"params.n >= {way.least}")
    return _terms(ACCOUNT) | {
        "aggs": {"sessions": sessions, "recipients": total, "enough": enough}
    }


def _first_seen(way: FirstSeen) -> Body:
    before = {"filter": _recent("lt", way.recent)}
    fresh = _select({"before": "before._count"}, "params.before == 0")
    networks = _terms(NETWORK) | {"aggs": {"before": before, "fresh": fresh}}
    known = {"filter": _recent("lte", way.known)}
    enough = _select(
        {"fresh": "networks._bucket_count", "known": "known._count"},
        "params.fresh > 0 && params.known > 0",
    )
    return _terms(ACCOUNT) | {
        "aggs": {"networks": networks, "known": known, "enough": enough}
    }


def _share(way: Share) -> Body:
    missing = {"filter": _only((Is("cisco_esa.session.context", ("missing",)),))}
    enough = _select(
        {"all": "_count", "missing": "missing._count"},
        f"params.all >= {way.attempts} && "
        f"params.missing * 100 >= params.all * {way.percent}",
    )
    return _terms(APPLIANCE) | {"aggs": {"missing": missing, "enough": enough}}


def _silent(way: Silent) -> Body:
    recent = {"filter": _recent("gte", way.quiet)}
    enough = _select(
        {"all": "_count", "recent": "recent._count"},
        f"params.all >= {way.events} && params.recent == 0",
    )
    return _terms(APPLIANCE) | {"aggs": {"recent": recent, "enough": enough}}


_FOUND: Kinds[Body] = Kinds(
    cannot("one event is a finding; use the query string in lucene/"),
    _counted,
    _after,
    _scattered,
    _volume,
    _first_seen,
    _share,
    _silent,
)
