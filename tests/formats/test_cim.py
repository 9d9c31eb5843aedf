"""An event under the names of Splunk's CIM: who logs in where, and nothing lost."""

from typing import Any

import pytest

from esa_auth.formats.cim import cim_event
from tests.support.golden_cases import golden_events

Json = dict[str, Any]


def events(action: str) -> list[Json]:
    """Return the golden events of an action that know both ends."""
    found = [
        event for _, event in golden_events() if event["event"]["action"] == action
    ]
    return [x for x in found if "ip" in x.get("source", {}) and "destination" in x]


def test_a_client_logs_in_at_the_gateway() -> None:
    for event in events("smtp-auth"):
        record = cim_event(event)
        assert record["dest"] == event["observer"]["hostname"]
        assert record["src"] == event["source"]["ip"]
        assert record["action"] == event["event"]["outcome"]


def test_the_gateway_logs_in_at_another_server() -> None:
    found = events("smtp-auth-client")
    assert found
    for event in found:
        server = event["destination"]
        assert cim_event(event)["dest"] == server.get("ip", server.get("address"))


@pytest.mark.parametrize("end", ["source", "destination"])
def test_an_end_that_is_not_known_is_named_so(end: str) -> None:
    """CIM wants a value; a search for `unknown` finds these."""
    event = {k: v for k, v in events("smtp-auth-client")[0].items() if k != end}
    record = cim_event(event)
    assert record["src" if end == "source" else "dest"] == "unknown"
    assert record["user"] == "unknown"


def test_only_a_back_end_that_fails_is_an_error() -> None:
    actions = {
        event["event"]["action"]: cim_event(event).get("action")
        for _, event in golden_events()
        if "outcome" not in event["event"]
    }
    assert actions.pop("smtp-auth-backend-error") == "error"
    assert set(actions.values()) == {None}


def test_what_cim_has_no_name_for_keeps_its_own() -> None:
    event = events("smtp-auth")[0]
    record = cim_event(event)
    assert record["cisco_esa.icid"] == event["cisco_esa"]["icid"]
    assert record["authentication_method"] == event["cisco_esa"]["auth"]["mechanism"]
    assert not {"client", "related.ip", "event.outcome", "user.name"} & record.keys()
