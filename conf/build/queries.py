"""The detections in the words of each engine: `conf/sigma/queries`, `conf/sigma/rules`.

All are made of the one table of detections. What a language cannot say has no file, and
a reason here.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from tests.support.checkout import ROOT

from conf.build import eql, esql, sigma_rules, spl
from conf.build.detections import Detection, Each
from conf.build.lucene import lucene
from conf.build.searches import search
from conf.build.table import DETECTIONS
from conf.build.templates import Json, mappings

SIGMA = ROOT / "conf" / "sigma"
INDEX = esql.STREAM
SOURCETYPE = spl.SOURCETYPE

# Form -> ending of its files.
FORMS = {
    "lucene": ".lucene",
    "opensearch": ".json",
    "esql": ".esql",
    "eql": ".eql",
    "splunk": ".spl",
    "sigma": ".yml",
}


def named(name: str) -> Detection:
    """Return the detection of that name."""
    (found,) = (d for d in DETECTIONS if d.name == name)
    return found


def impossible(form: str, detection: Detection) -> str | None:
    """Return why a language cannot say a detection, or None."""
    single = isinstance(detection.way, Each)
    match form:
        case "lucene" if not single:
            return "Lucene cannot count; use the search template in opensearch/"
        case "opensearch" if single:
            return "one event is a finding; use the query string in lucene/"
        case "eql":
            return eql.impossible(detection)
        case "sigma":
            return sigma_rules.impossible(detection)
    return None


def folder_of(form: str) -> Path:
    """Return where the files of a form are kept."""
    return SIGMA / "rules" if form == "sigma" else SIGMA / "queries" / form


def path_of(form: str, detection: Detection) -> Path:
    """Return where the query of a detection stands."""
    # SigmaHQ wants it so.
    counts = form == "sigma" and not isinstance(detection.way, Each)
    name = f"correlation_{detection.name}" if counts else detection.name
    return folder_of(form) / f"{name}{FORMS[form]}"


def query(form: str, detection: Detection) -> str:
    """Return the query that is shipped."""
    return path_of(form, detection).read_text("utf-8")


def read_json(form: str, detection: Detection) -> Json:
    """Return a query that is JSON."""
    body: Json = json.loads(query(form, detection))
    return body


def shipped(form: str) -> list[Detection]:
    """Return the detections that a language can say."""
    return [d for d in DETECTIONS if impossible(form, d) is None]


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


def generated() -> Iterator[tuple[Path, str]]:
    """Return each file that is made of the table, and its text."""
    for form in FORMS:
        for detection in shipped(form):
            text = written(form, detection)
            yield path_of(form, detection), text.rstrip("\n") + "\n"


def written(form: str, detection: Detection) -> str:
    """Return what is made of the table for one form."""
    match form:
        case "lucene":
            return lucene(detection.select)
        case "opensearch":
            return json.dumps(search(detection), indent=2)
        case "esql":
            return esql.query(detection)
        case "eql":
            return eql.query(detection)
        case "splunk":
            return spl.query(detection)
        case "sigma":
            return sigma_rules.rule(detection)
    raise NotImplementedError(form)
