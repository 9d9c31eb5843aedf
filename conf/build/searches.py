"""Sigma correlations as search templates: no pySigma backend makes them for OpenSearch.

A template looks at the window that ends at `period_end`, as a monitor of OpenSearch
Alerting fills it in; run every minute, the window slides. Each bucket left over is a
finding.
"""

from typing import Any

from sigma.backends.elasticsearch.elasticsearch_lucene import LuceneBackend
from sigma.correlations import (
    SigmaCorrelationCondition,
    SigmaCorrelationRule,
    SigmaCorrelationType,
)
from sigma.rule import SigmaRule

from conf.build.detections import Detection

Body = dict[str, Any]

# More groups than this in one window are cut, those nearest to a finding being kept.
MOST_GROUPS = 1000


def lucene(rule: SigmaRule) -> str:
    """Return the rule over single events as a Lucene query string."""
    (query,) = LuceneBackend().convert_rule(rule)
    assert isinstance(query, str)
    return query


def search(detection: Detection) -> Body:
    """Return the body of a search template for a correlation."""
    rule = detection.correlation
    assert rule is not None
    assert rule.group_by is not None
    wanted = [_only(lucene(selection)) for selection in detection.selections()]
    span = f"{{{{period_end}}}}||-{rule.timespan.spec}"
    groups = _groups(detection, rule) | {"aggs": _counts(detection, rule)}
    return {
        "size": 0,
        "query": {
            "bool": {
                "filter": [
                    {"range": {"@timestamp": {"gte": span, "lte": "{{period_end}}"}}},
                    {"bool": {"should": wanted, "minimum_should_match": 1}},
                ]
            }
        },
        "aggs": {"found": groups},
    }


def _only(query: str) -> Body:
    return {"query_string": {"query": query}}


def _groups(detection: Detection, rule: SigmaCorrelationRule) -> Body:
    fields = rule.group_by or []
    # By default groups come by their number of events.
    order: Body = {"size": MOST_GROUPS}
    match rule.type:
        case SigmaCorrelationType.VALUE_COUNT:
            order["order"] = {"distinct": "desc"}
        case SigmaCorrelationType.TEMPORAL:
            # The last of the kinds is the rare one.
            order["order"] = {f"{detection.selections()[-1].name}": "desc"}
    if len(fields) == 1:
        return {"terms": {"field": fields[0]} | order}
    return {"multi_terms": {"terms": [{"field": field} for field in fields]} | order}


def _counts(detection: Detection, rule: SigmaCorrelationRule) -> Body:
    match rule.type:
        case SigmaCorrelationType.EVENT_COUNT:
            return {"enough": _select({"n": "_count"}, f"params.n >= {_least(rule)}")}
        case SigmaCorrelationType.VALUE_COUNT:
            field = _condition(rule).fieldref
            return {
                "distinct": {
                    "cardinality": {"field": field, "precision_threshold": 3000}
                },
                "enough": _select({"n": "distinct"}, f"params.n >= {_least(rule)}"),
            }
        case SigmaCorrelationType.TEMPORAL:
            kinds = {s.name: _only(lucene(s)) for s in detection.selections()}
            asked = " && ".join(f"params.{name} > 0" for name in kinds)
            return {
                **{str(name): {"filter": query} for name, query in kinds.items()},
                "enough": _select({str(k): f"{k}._count" for k in kinds}, asked),
            }
        case SigmaCorrelationType.TEMPORAL_ORDERED:
            return _failures_then_success(_least(_inner(detection)))
    raise NotImplementedError(rule.type)


def _least(rule: SigmaCorrelationRule) -> int:
    condition = _condition(rule)
    assert condition.op.name == "GTE"
    return condition.count


def _condition(rule: SigmaCorrelationRule) -> SigmaCorrelationCondition:
    assert isinstance(rule.condition, SigmaCorrelationCondition)
    return rule.condition


def _inner(detection: Detection) -> SigmaCorrelationRule:
    (inner,) = (
        rule
        for rule in detection.collection().rules
        if isinstance(rule, SigmaCorrelationRule)
        and rule.type is SigmaCorrelationType.EVENT_COUNT
    )
    return inner


def _select(paths: dict[str, str], script: str) -> Body:
    return {"bucket_selector": {"buckets_path": paths, "script": script}}


def _failures_then_success(least: int) -> Body:
    """Count what came before what, which no other aggregation does."""
    return {
        "failures_before_success": {
            "scripted_metric": {
                "init_script": "state.seen = []",
                # Of a second that has both, the success counts as the first.
                "map_script": (
                    "long at = doc['@timestamp'].value.toInstant().toEpochMilli(); "
                    "boolean bad = doc['event.outcome'].value != 'success'; "
                    "state.seen.add(2 * at + (bad ? 1 : 0))"
                ),
                "combine_script": "return state.seen",
                "reduce_script": (
                    "List all = new ArrayList(); "
                    "for (seen in states) { all.addAll(seen) } "
                    "Collections.sort(all); long failures = 0; long most = 0; "
                    "for (long one : all) { "
                    "if (one % 2 == 1) { failures++ } else { most = failures } "
                    "} return most"
                ),
            }
        },
        "enough": _select(
            {"n": "failures_before_success.value"}, f"params.n >= {least}"
        ),
    }
