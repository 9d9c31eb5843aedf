"""What is put into Elasticsearch, on a real one: templates, policy, events, types."""

from tests.siem.elastic.node import Elasticsearch
from tests.siem.planted import events_of
from tests.siem.scenarios import TEN_AND_TEN


def test_it_answers(elasticsearch: Elasticsearch) -> None:
    events = events_of(TEN_AND_TEN)
    became = elasticsearch.create("logs-cisco_esa.auth-ten", events)
    assert {item["status"] for item in became} == {201}
    rows = elasticsearch.esql("FROM logs-cisco_esa.auth-ten | STATS n = COUNT(*)")
    assert rows == [{"n": len(events)}]
