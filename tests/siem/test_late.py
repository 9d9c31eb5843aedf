"""No attack is missed and none is invented, however late the events of it come.

`make test` takes files of an hour, whose events are 5 to 65 minutes late; `make soak`
takes all delays.
"""

import copy
import json
from datetime import datetime, timedelta

import pytest
from conf.build import arrival, queries
from conf.build.detections import Detection, Each, FirstSeen, Silent, look_back, step_of

from tests.siem import finders, sqlite
from tests.siem.delays import DELAYS, Delay, on_schedule, runs, seen, spans
from tests.siem.elastic.node import Elasticsearch
from tests.siem.engine import OpenSearch
from tests.siem.finders import Found, plain
from tests.siem.planted import Event, events_of
from tests.siem.scenarios import LOOKED, SCENARIOS, TEN_AND_TEN, WEEKS, corpus
from tests.siem.server import Json
from tests.siem.streams import CORPORA, filled
from tests.soak.sizes import FULL

TRIED = DELAYS if FULL else DELAYS[-1:]
each_delay = pytest.mark.parametrize("delay", TRIED, ids=lambda delay: delay.name)
TEN = corpus(TEN_AND_TEN).expected
NOT_DELAYED, HOUR_LATE = Delay(0), Delay(65)


def shipped(form: str, *, planted: bool = False) -> pytest.MarkDecorator:
    """Return the detections of a form, or those that are planted in the ten and ten."""
    some = [d for d in queries.shipped(form) if not planted or TEN.get(d.name)]
    return pytest.mark.parametrize("detection", some, ids=lambda d: d.name)


def within(detection: Detection) -> Json:
    """Return a filter for the ten and ten and for what is about a detection."""
    about = [*spans(SCENARIOS, detection.name), (TEN_BEGIN, TEN_END)]
    ranges = [
        {"range": {"@timestamp": {"gte": b.isoformat(), "lte": e.isoformat()}}}
        for b, e in about
    ]
    return {"bool": {"should": ranges, "minimum_should_match": 1}}


def time_of(event: Event) -> datetime:
    return datetime.fromisoformat(event["@timestamp"])


TEN_BEGIN, TEN_END = (time_of(events_of(TEN_AND_TEN)[n]) for n in (0, -1))


@shipped("esql")
@each_delay
def test_esql_on_a_schedule(
    elasticsearch: Elasticsearch, detection: Detection, delay: Delay
) -> None:
    query = queries.query("esql", detection)
    if isinstance(detection.way, FirstSeen | Silent):
        # They ask how it is at the time of the run.
        late = timedelta(minutes=delay.minutes, hours=int(delay.hourly))
        only = {"range": {"@timestamp": {"lt": (LOOKED - late).isoformat()}}}
        stream, _ = filled(elasticsearch, "weeks")
        found = finders.in_elasticsearch(
            elasticsearch, stream, query, detection, LOOKED, only
        )
        assert found == plain(corpus(WEEKS).expected[detection.name])
        return
    for name in ("days", "weeks"):
        wanted = corpus(CORPORA[name]).expected.get(detection.name)
        if wanted is None:
            continue
        stream, _ = filled(elasticsearch, name)
        found = finders.in_elasticsearch(
            elasticsearch,
            stream,
            on_schedule(query, detection, delay),
            detection,
            LOOKED,
            within(detection) if name == "days" else None,
        )
        assert found == plain(wanted)


@pytest.fixture(scope="module")
def arrived(opensearch: OpenSearch) -> dict[Delay, str]:
    """Return a stream for each delay, whose events tell when they came."""
    body = {
        "index_patterns": ["logs-cisco_esa.auth-late*"],
        "data_stream": {},
        "priority": 300,
        "composed_of": ["logs-cisco_esa.auth@mappings"],
    }
    opensearch.ask("PUT", "/_index_template/late", body).good()
    streams = {}
    for number, delay in enumerate(dict.fromkeys((*TRIED, HOUR_LATE))):
        events = copy.deepcopy(events_of(TEN_AND_TEN))
        for event in events:
            event["event"]["ingested"] = delay.arrival(event).isoformat()
        stream = f"logs-cisco_esa.auth-late{number}"
        became = opensearch.create(stream, events)
        assert {item["status"] for item in became} == {201}
        streams[delay] = stream
    return streams


def found_by(
    node: OpenSearch, stream: str, search: Json, detection: Detection, delay: Delay
) -> Found:
    """Run the search of a monitor, or a template, on its schedule."""
    came = {"range": {"event.ingested": {"lte": "{{period_end}}"}}}
    search["query"]["bool"]["filter"].append(came)
    events = events_of(TEN_AND_TEN)
    if isinstance(detection.way, Each):
        ends = runs(events, delay, arrival.interval(detection))
        hits = node.found(stream, search, ends)
        if detection.way.by is None:
            return plain((hit["event"]["original"],) for hit in hits)
        return plain((hit["cisco_esa"]["session"]["id"],) for hit in hits)
    every = step_of(look_back(detection))
    ends = [
        end + timedelta(minutes=more)
        for more in (0, arrival.DELAY)
        for end in runs(events, NOT_DELAYED, every)
    ]
    return finders.in_windows(node, stream, search, detection, sorted(set(ends)))


@pytest.mark.parametrize("form", ["lucene", "opensearch"])
@each_delay
def test_monitors_on_their_schedule(
    opensearch: OpenSearch, arrived: dict[Delay, str], form: str, delay: Delay
) -> None:
    for detection in queries.shipped(form):
        wanted = TEN.get(detection.name, frozenset())
        if wanted or delay.hourly:
            path = arrival.MONITORS / f"{detection.name}.json"
            search = json.loads(path.read_text("utf-8"))["inputs"][0]["search"]["query"]
            found = found_by(opensearch, arrived[delay], search, detection, delay)
            assert found == plain(wanted), detection.name


@shipped("opensearch", planted=True)
def test_a_window_that_ends_with_the_run_is_blind_to_late_events(
    opensearch: OpenSearch, arrived: dict[Delay, str], detection: Detection
) -> None:
    """Why the monitors wait, and the templates by themselves are for live events."""
    template = queries.read_json("opensearch", detection)
    stream = arrived[HOUR_LATE]
    assert found_by(opensearch, stream, template, detection, HOUR_LATE) == set()


@pytest.mark.parametrize(
    "delay", (HOUR_LATE, DELAYS[-1]) if FULL else TRIED, ids=lambda d: d.name
)
def test_eql_and_sigma_on_a_schedule(delay: Delay) -> None:
    events = events_of(TEN_AND_TEN)
    for form in ("eql", "sigma"):
        for detection in queries.shipped(form):
            if not (wanted := TEN.get(detection.name)):
                continue
            found: Found = set()
            for run in runs(events, delay, arrival.interval(detection)):
                some = seen(events, delay, run, arrival.reach(detection))
                if form == "eql":
                    query = queries.query("eql", detection)
                    found |= finders.in_eql(query, detection, some)
                else:
                    found |= plain(sqlite.found(detection, sqlite.table(some)))
            assert found == plain(wanted), (form, detection.name)
