"""Every event becomes a record of OCSF Authentication that its schema lets through."""

import copy
import json
from collections import Counter
from typing import Any

import pytest

from esa_auth.formats.ocsf import OCSF_VERSION, ocsf_event
from esa_auth.validation import EventSchema
from tests.formats.ocsf_example import changed, example
from tests.support import ocsf_schema
from tests.support.mutations import EVENTS, GONE, KINDS
from tests.support.ocsf_schema import PROFILES, VERSION, problems


def test_every_golden_event_becomes_a_valid_one() -> None:
    records = [ocsf_event(event) for event in EVENTS]
    assert len(records) > 500
    assert Counter(p for record in records for p in problems(record)) == {}
    assert [r["metadata"]["uid"] for r in records] == [e["event"]["id"] for e in EVENTS]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_what_is_still_an_event_still_becomes_a_valid_one(kind: Any) -> None:
    """Any event that our schema lets through, not only those of our lines."""
    schema = EventSchema()
    found: Counter[str] = Counter()
    for mutation in list(kind())[::7]:
        event = mutation.apply()
        if schema.valid(event):
            found.update(problems(ocsf_event(event)))
    assert found == {}


def test_the_event_itself_is_not_touched() -> None:
    for event in EVENTS:
        before = copy.deepcopy(event)
        ocsf_event(event)
        assert event == before


def test_the_schema_is_the_one_that_records_name() -> None:
    assert ocsf_schema.published()["version"] == OCSF_VERSION == VERSION
    assert ocsf_event(example())["metadata"]["profiles"] == PROFILES


MUTATIONS: dict[str, tuple[str, object]] = {
    "no class": ("class_uid", GONE),
    "no activity": ("activity_id", GONE),
    "no category": ("category_uid", GONE),
    "no type": ("type_uid", GONE),
    "no time": ("time", GONE),
    "no severity": ("severity_id", GONE),
    "no user": ("user", GONE),
    "no metadata": ("metadata", GONE),
    "no product": ("metadata.product", GONE),
    "no version": ("metadata.version", GONE),
    "a product without a name": ("metadata.product", {"vendor_name": "Cisco"}),
    "a user without a name": ("user", {"domain": "example.com"}),
    "an observable without a type": ("observables.0.type_id", GONE),
    "another class": ("class_uid", 3003),
    "another category": ("category_uid", 4),
    "an activity that is none": ("activity_id", 8),
    "a type that is none": ("type_uid", 300208),
    "a status that is none": ("status_id", 3),
    "a severity that is none": ("severity_id", 7),
    "a kind of logon that is none": ("logon_type_id", 6),
    "a protocol that is none": ("auth_protocol_id", 13),
    "a time that is text": ("time", "2026-03-02T11:00:01.000Z"),
    "a time with a fraction": ("time", 1772449201.5),
    "a date that is none": ("time_dt", "2 March 2026"),
    "an address that is none": ("src_endpoint.ip", "198.51.100"),
    "a port that is text": ("dst_endpoint.port", "25"),
    "a port out of range": ("dst_endpoint.port", 65536),
    "a mail address that is none": ("user.email_addr", "ann at example.com"),
    "a status that is a number": ("status", 2),
    "a boolean that is text": ("is_cleartext", "true"),
    "a list that is text": ("metadata.profiles", "host"),
    "an attribute of ours": ("cisco_esa", {"icid": 1}),
    "an attribute of ECS": ("user.email", "ann@example.com"),
    "an attribute of another profile": ("cloud", {"provider": "x"}),
    "an endpoint with nothing": ("src_endpoint", {}),
    "a service with nothing": ("service", {}),
    "a hash without its algorithm": ("raw_data_hash.algorithm_id", GONE),
    "a caption of another status": ("status", "Success"),
    "a caption of another activity": ("activity_name", "Logoff"),
    "a type of another activity": ("type_uid", 300202),
    "an observable of something else": ("observables.0.value", "eve"),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_is_refused(name: str) -> None:
    record = ocsf_event(example())
    assert problems(record) == []
    assert problems(changed(record, *MUTATIONS[name]))


def test_one_who_logs_in_nowhere_is_refused() -> None:
    record = ocsf_event(example())
    nowhere = changed(changed(record, "service", GONE), "dst_endpoint", GONE)
    assert problems(nowhere)


def test_most_mutations_are_refused_by_the_published_schema_alone() -> None:
    record, validator = ocsf_event(example()), ocsf_schema.validator()
    refused = [
        name
        for name, (path, value) in MUTATIONS.items()
        if not validator.is_valid(changed(record, path, value))
    ]
    assert len(refused) > 30


def test_it_is_json() -> None:
    for event in EVENTS:
        record = ocsf_event(event)
        assert json.loads(json.dumps(record)) == record
