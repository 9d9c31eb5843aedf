"""One file of figures: each has its origin, is of a detection, and is used."""

import json

import pytest
from conf.build import queries
from conf.build.detections import Each, minutes
from conf.build.table import DETECTIONS

from esa_auth.thresholds import figure, span
from tests.support.checkout import ROOT

FIGURES = json.loads((ROOT / "conf" / "thresholds.json").read_text("utf-8"))
ABOUT = FIGURES.pop("about")


def test_every_figure_says_where_it_comes_from() -> None:
    assert "judgement" in ABOUT
    for figures in FIGURES.values():
        for each in figures.values():
            assert each.keys() == {"is", "from"}
            assert len(each["from"]) > 20


def test_every_detection_that_counts_has_figures_and_no_other_has() -> None:
    counts = {d.name for d in DETECTIONS if not isinstance(d.way, Each)}
    burst = {"recipients_burst_after_success", "relay_volume_open_session"}
    assert FIGURES.keys() == counts | burst


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_stands_in_the_query(name: str) -> None:
    text = queries.query("esql", queries.named(name))
    for called, each in FIGURES[name].items():
        if isinstance(each["is"], int):
            assert figure(name, called) == each["is"]
            assert str(each["is"]) in text
        else:
            assert figure(name, called) == 60 * minutes(span(name, called))
            days, in_minutes = each["is"][:-1], minutes(each["is"])
            windowed = f"piece + {in_minutes} minutes" in text
            # Where one is enough, any window is.
            one = 1 in [other["is"] for other in FIGURES[name].values()]
            assert f"{days} days" in text or windowed or one
