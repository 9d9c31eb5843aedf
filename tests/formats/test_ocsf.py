"""A record of OCSF Authentication says what its event says."""

from collections import Counter

import pytest

from esa_auth.formats.ocsf import ocsf_event
from tests.formats.ocsf_example import Json, changed, example
from tests.support.mutations import EVENTS, GONE
from tests.support.ocsf_schema import problems


def told(**paths: object) -> Json:
    """Return what the example becomes with other values: ``user__name="ann"``."""
    event = example()
    for path, value in paths.items():
        event = changed(event, path.replace("__", "."), value)
    record = ocsf_event(event)
    assert problems(record) == []
    return record


def test_results_are_logons_and_only_they_have_a_status() -> None:
    seen: Counter[tuple[str, int, int | None]] = Counter()
    for event in EVENTS:
        about, record = event["event"], ocsf_event(event)
        ids = record["activity_id"], record.get("status_id")
        outcome = about.get("outcome")
        expected = {"success": 1, "failure": 2}.get(outcome)
        assert ids[1] == expected
        assert (ids[0] == 1) == (about["type"] == ["start"]) == (outcome is not None)
        seen[(about["type"][0], *ids)] += 1
    assert set(seen) == {
        ("start", 1, 1),
        ("start", 1, 2),
        ("end", 2, None),
        ("end", 99, None),
        ("info", 99, None),
    }


def test_who_never_logged_on_does_not_log_off() -> None:
    for event in EVENTS:
        if event["event"]["action"] == "smtp-session-end":
            summary = event["cisco_esa"]["summary"]
            somebody = summary["attempts"] > summary["failures"]
            assert (ocsf_event(event)["activity_id"] == 2) == somebody


def test_what_is_neither_is_named_by_its_action() -> None:
    names = {
        record["activity_name"]: record["type_name"]
        for record in map(ocsf_event, EVENTS)
        if record["activity_id"] == 99
    }
    assert set(names.values()) == {"Authentication: Other"}
    assert {"smtp-auth-required", "smtp-auth-backend-error"} <= set(names)


def test_time_is_that_of_the_event_in_milliseconds() -> None:
    record = told(**{"@timestamp": "2026-03-02T11:00:01.250Z"})
    assert record["time"] == 1_772_449_201_250
    assert record["time_dt"] == "2026-03-02T11:00:01.250Z"
    assert told(**{"@timestamp": "1969-12-31T23:59:59.999Z"})["time"] == -1


def test_a_session_has_its_times() -> None:
    event = next(e for e in EVENTS if e["event"].get("duration", 0) > 0)
    record = ocsf_event(event)
    assert record["end_time"] - record["start_time"] == record["duration"] > 0
    assert record["end_time"] == record["time"]


def test_a_client_logs_in_at_the_appliance() -> None:
    record = told()
    event = example()
    assert record["src_endpoint"] == {"ip": event["source"]["ip"]}
    assert record["dst_endpoint"] == {
        "ip": event["destination"]["ip"],
        "hostname": event["observer"]["hostname"],
        "interface_name": event["observer"]["ingress"]["interface"]["alias"],
        "svc_name": "smtp",
    }
    assert record["service"] == {"name": "IncomingAuthentication"}


def test_the_appliance_logs_in_at_a_server_as_what_its_profile_holds() -> None:
    outbound = [e for e in EVENTS if e["event"]["action"] == "smtp-auth-client"]
    for event in outbound:
        record = ocsf_event(event)
        profile = event["cisco_esa"]["auth"]["profile"]
        assert record["user"] == {"name": profile, "type_id": 3, "type": "System"}
        assert record["src_endpoint"]["hostname"] == event["observer"]["hostname"]
        assert "hostname" not in record["dst_endpoint"]
        assert record["dst_endpoint"]["ip"] == event["destination"]["ip"]
        assert record.get("status_code") == event.get("error", {}).get("code")
        assert record.get("status_detail") == event["event"].get("reason")
    assert len(outbound) > 50


def test_a_name_that_nobody_said_is_marked_and_no_observable() -> None:
    nobody = told(user=GONE, related__user=GONE)
    assert nobody["user"] == {"name": "unknown", "type_id": 0, "type": "Unknown"}
    assert "user.name" not in {o["name"] for o in nobody["observables"]}
    # And one who calls himself so is told from that.
    assert told(user__name="unknown")["user"] == {"name": "unknown"}


def test_a_mail_address_that_is_none_to_ocsf_is_kept_beside() -> None:
    user = {"name": "ann@example.com", "email": "ann@example.com", "domain": "x"}
    assert told(user=user)["user"]["email_addr"] == "ann@example.com"
    local = told(user=user | {"email": "ann@localhost"})
    assert "email_addr" not in local["user"]
    assert local["unmapped"]["user"] == {"email": "ann@localhost"}
    assert "user" not in told()["unmapped"]


def test_cleartext_is_said_where_both_halves_are_known() -> None:
    """A password as it is, over a connection that was seen to have no TLS."""

    def said(mechanism: str, tls: object) -> tuple[object, int]:
        path = {"cisco_esa__auth__mechanism": mechanism, "tls": tls}
        record = told(**path)
        assert record["auth_protocol"] == f"SASL {mechanism}"
        return record.get("is_cleartext"), record["logon_type_id"]

    clear, encrypted = {"established": False}, {"established": True}
    assert said("PLAIN", clear) == said("LOGIN", clear) == (True, 8)
    assert said("PLAIN", encrypted) == (False, 3)
    assert said("CRAM-MD5", clear) == said("PLAIN", GONE) == (None, 3)


@pytest.mark.parametrize(
    ("level", "severity"),
    [("info", 1), ("warning", 3), ("error", 4), ("critical", 5), ("emergency", 6)],
)
def test_the_level_is_the_severity(level: str, severity: int) -> None:
    record = told(log__level=level)
    assert (record["severity_id"], record["metadata"]["log_level"]) == (severity, level)
    assert told(log=GONE)["severity_id"] == 1


def test_every_tried_name_of_a_session_is_an_observable() -> None:
    event = next(e for e in EVENTS if len(e["related"].get("user", ())) > 2)
    names = {o["value"] for o in ocsf_event(event)["observables"] if o["type_id"] == 4}
    assert set(event["related"]["user"]) <= names


def test_a_line_goes_with_its_hash() -> None:
    about, record = example()["event"], told()
    assert record["raw_data"] == about["original"]
    assert record["raw_data_hash"]["value"] == about["hash"]
    assert record["message"] == example()["message"]


def test_two_values_for_one_attribute_are_both_kept() -> None:
    both = told(event__reason="no", error__message="timed out")
    assert both["status_detail"] == "no"
    assert both["unmapped"]["error"] == {"message": "timed out"}
    two = told(observer__ip=["192.0.2.1", "192.0.2.2"])
    assert two["device"]["ip"] == "192.0.2.1"
    assert two["unmapped"]["observer"]["ip"] == ["192.0.2.1", "192.0.2.2"]


def test_what_it_does_not_know_is_unmapped() -> None:
    """A field that a later version of our schema adds."""
    record = told(source__geo={"country_iso_code": "DE"}, host={"name": "a"})
    assert record["unmapped"]["source"] == {"geo": {"country_iso_code": "DE"}}
    assert record["unmapped"]["host"] == {"name": "a"}


def test_an_event_of_no_session_and_no_network_is_one_too() -> None:
    """Any login at the appliance: by what it is, not by how we call it."""
    event = changed(example(), "event.action", "admin-login")
    for gone in ("network", "tls", "rule", "destination", "server", "cisco_esa"):
        del event[gone]
    event["cisco_esa"] = {}
    login = ocsf_event(event)
    assert problems(login) == []
    assert (login["activity_id"], login["status_id"]) == (1, 2)
    assert login["dst_endpoint"]["hostname"] == event["observer"]["hostname"]
    assert login["src_endpoint"] == {"ip": event["source"]["ip"]}
    assert not {"logon_type_id", "is_cleartext", "session", "service"} & set(login)
    assert login["is_remote"]
    del event["source"]
    event["network"] = {"protocol": "unknown", "direction": "ingress"}
    console = ocsf_event(event)
    assert problems(console) == []
    assert "is_remote" not in console
    assert "svc_name" not in console["dst_endpoint"]
    del event["event"]["outcome"]
    logout = ocsf_event(changed(event, "event.type", ["end"]))
    assert problems(logout) == []
    assert (logout["activity_id"], logout.get("status_id")) == (2, None)
