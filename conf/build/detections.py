"""The Sigma rules of `conf/sigma/rules`, read."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule
from sigma.rule import SigmaRule
from tests.support.checkout import ROOT

SIGMA = ROOT / "conf" / "sigma"
RULES = SIGMA / "rules"


@dataclass(frozen=True, slots=True)
class Detection:
    """One file of rules, the detection first and what it counts after it."""

    name: str
    text: str

    def collection(self) -> SigmaCollection:
        """Return the rules parsed anew: a conversion changes what it converts."""
        return SigmaCollection.from_yaml(self.text)

    @property
    def top(self) -> SigmaRule | SigmaCorrelationRule:
        """The detection itself, first in the file: a collection has its own order."""
        title = next(yaml.safe_load_all(self.text))["title"]
        (found,) = (rule for rule in self.collection().rules if rule.title == title)
        assert isinstance(found, SigmaRule | SigmaCorrelationRule)
        return found

    @property
    def correlation(self) -> SigmaCorrelationRule | None:
        """The detection, if it counts events; None if each event is a finding."""
        return self.top if isinstance(self.top, SigmaCorrelationRule) else None

    def selections(self) -> list[SigmaRule]:
        """Return the rules over single events, each for itself: convertible."""
        documents = [d for d in yaml.safe_load_all(self.text) if "detection" in d]
        return [SigmaRule.from_dict(document) for document in documents]


@cache
def detections() -> tuple[Detection, ...]:
    """Return all of them by name."""
    return tuple(
        Detection(path.stem, path.read_text("utf-8"))
        for path in sorted(RULES.glob("*.yml"))
    )


def named(name: str) -> Detection:
    """Return the detection of that name."""
    (found,) = (d for d in detections() if d.name == name)
    return found


def folder_of_queries(form: str) -> Path:
    """Return where the queries of a form are kept."""
    return SIGMA / "queries" / form
