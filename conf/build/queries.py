"""The detections in the words of each engine: `conf/sigma/queries`, `conf/sigma/rules`.

All are made of the one table of detections. What a language cannot say has no file, and
a reason here.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support.checkout import ROOT

from conf.build import eql, esql, kusto, lucene, searches, sigma_rules, spl
from conf.build.detections import Detection, Each
from conf.build.kinds import CannotSayError
from conf.build.table import DETECTIONS
from conf.build.templates import Json, mappings

SIGMA = ROOT / "conf" / "sigma"
INDEX = esql.STREAM
SOURCETYPE = spl.SOURCETYPE


@dataclass(frozen=True, slots=True)
class Form:
    """A language: how its files end, and what it makes of a detection.

    ``query`` raises `CannotSayError` with the reason if it cannot say it.
    """

    ending: str
    query: Callable[[Detection], str]


FORMS = {
    "lucene": Form(".lucene", lucene.query),
    "opensearch": Form(".json", lambda of: json.dumps(searches.search(of), indent=2)),
    "esql": Form(".esql", esql.query),
    "eql": Form(".eql", eql.query),
    "kusto": Form(".kql", kusto.query),
    "splunk": Form(".spl", spl.query),
    "sigma": Form(".yml", sigma_rules.rule),
}


def named(name: str) -> Detection:
    """Return the detection of that name."""
    (found,) = (d for d in DETECTIONS if d.name == name)
    return found


def impossible(form: str, detection: Detection) -> str | None:
    """Return why a language cannot say a detection, or None."""
    try:
        written(form, detection)
    except CannotSayError as error:
        return str(error)
    return None


def folder_of(form: str) -> Path:
    """Return where the files of a form are kept."""
    return SIGMA / "rules" if form == "sigma" else SIGMA / "queries" / form


def path_of(form: str, detection: Detection) -> Path:
    """Return where the query of a detection stands."""
    # SigmaHQ wants it so.
    counts = form == "sigma" and not isinstance(detection.way, Each)
    name = f"correlation_{detection.name}" if counts else detection.name
    return folder_of(form) / f"{name}{FORMS[form].ending}"


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


@cache
def written(form: str, detection: Detection) -> str:
    """Return what is made of the table for one form."""
    return FORMS[form].query(detection)
