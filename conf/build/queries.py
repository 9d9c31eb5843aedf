"""The rules as queries of each engine: `conf/sigma/queries`.

What pySigma converts rightly is written from the rule; what no backend gets right is
written by hand, in a file that begins with the reason; what a language cannot say has
no file and a reason here.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from sigma.backends.elasticsearch.elasticsearch_eql import EqlBackend
from sigma.backends.elasticsearch.elasticsearch_esql import ESQLBackend
from sigma.backends.splunk.splunk import SplunkBackend
from sigma.conversion.base import Backend
from sigma.processing.pipeline import ProcessingItem, ProcessingPipeline
from sigma.processing.transformations import (
    AddConditionTransformation,
    SetStateTransformation,
)
from sigma.rule import SigmaDetectionItem, SigmaRule

from conf.build.detections import Detection, detections, folder_of_queries
from conf.build.searches import lucene, search
from conf.build.templates import Json, mappings

INDEX = "logs-cisco_esa.auth-*"
SOURCETYPE = "cisco:esa:auth:ecs"

# Form -> ending of its files.
FORMS = {
    "lucene": ".lucene",
    "opensearch": ".json",
    "esql": ".esql",
    "eql": ".eql",
    "splunk": ".spl",
}
# The backends for ES|QL and Splunk cut time into fixed pieces for whatever is counted.
_COUNTED = (
    "brute_force_by_source",
    "one_user_from_many_sources",
    "password_spray",
    "recipients_burst_after_success",
    "success_after_failures",
)
BY_HAND = {
    ("eql", "auth_without_tls"),
    ("eql", "recipients_burst_after_success"),
    ("eql", "success_after_failures"),
    *(("esql", name) for name in _COUNTED),
    *(("splunk", name) for name in _COUNTED),
}
_DISTINCT = "EQL cannot count different values; use the ES|QL or the search template"


def impossible(form: str, detection: Detection) -> str | None:
    """Return why a language cannot say a detection, or None."""
    if form == "lucene" and detection.correlation is not None:
        return "Lucene cannot count; use the search template in opensearch/"
    if form == "opensearch" and detection.correlation is None:
        return "one event is a finding; use the query string in lucene/"
    if form == "eql" and detection.name in {
        "password_spray",
        "one_user_from_many_sources",
    }:
        return _DISTINCT
    return None


def path_of(form: str, detection: Detection) -> Path:
    """Return where the query of a detection stands."""
    return folder_of_queries(form) / f"{detection.name}{FORMS[form]}"


def query(form: str, detection: Detection) -> str:
    """Return the query that is shipped."""
    return path_of(form, detection).read_text("utf-8")


def read_json(form: str, detection: Detection) -> Json:
    """Return a query that is JSON."""
    body: Json = json.loads(query(form, detection))
    return body


def fields() -> set[str]:
    """Return the names of the fields that the index templates map."""
    found: set[str] = set()

    def walk(properties: Json, prefix: str) -> None:
        for name, field in properties.items():
            if "properties" in field:
                walk(field["properties"], f"{prefix}{name}.")
            else:
                found.add(prefix + name)

    walk(mappings("elastic")["properties"], "")
    return found


def fields_of(rule: SigmaRule) -> set[str]:
    """Return the names of the fields that a rule over single events asks for."""
    return {
        item.field
        for detection in rule.detection.detections.values()
        for item in detection.detection_items
        if isinstance(item, SigmaDetectionItem) and item.field is not None
    }


def shipped(form: str) -> list[Detection]:
    """Return the detections that a language can say."""
    return [d for d in detections() if impossible(form, d) is None]


def generated() -> Iterator[tuple[Path, str]]:
    """Return each file that is written from its rule, and its text."""
    for form in FORMS:
        for detection in shipped(form):
            if (form, detection.name) not in BY_HAND:
                yield path_of(form, detection), _converted(form, detection) + "\n"


def _converted(form: str, detection: Detection) -> str:
    backend: Backend
    match form:
        case "lucene":
            (selection,) = detection.selections()
            return lucene(selection)
        case "opensearch":
            return json.dumps(search(detection), indent=2)
        case "esql":
            backend = ESQLBackend(_pipeline(SetStateTransformation("index", INDEX)))
        case "eql":
            backend = EqlBackend()
        case "splunk":
            backend = SplunkBackend(
                _pipeline(AddConditionTransformation({"sourcetype": SOURCETYPE}))
            )
    (text,) = backend.convert(detection.collection())
    # The backends leave blank lines and blanks at the ends of lines.
    lines = (line.rstrip() for line in str(text).splitlines())
    return "\n".join(line for line in lines if line)


def _pipeline(
    transformation: SetStateTransformation | AddConditionTransformation,
) -> ProcessingPipeline:
    return ProcessingPipeline(items=[ProcessingItem(transformation)])
