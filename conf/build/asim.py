"""The parser of Microsoft Sentinel's ASIM Authentication schema: `conf/sentinel`.

Names of fields, values and parameters are of the schema, version 0.1.4
(https://learn.microsoft.com/azure/sentinel/normalization-schema-authentication).
"""

from collections.abc import Iterator
from pathlib import Path

from conf.build.kusto import FUNCTION
from conf.build.sentinel import FOLDER

_LOGINS = '"smtp-auth", "smtp-auth-client", "admin-login"'
_OUTBOUND = 'network_direction == "egress"'
# Parameter -> type and default: what a filtering parser of the schema takes.
FILTERS = {
    "starttime": "datetime = datetime(null)",
    "endtime": "datetime = datetime(null)",
    "username_has_any": "dynamic = dynamic([])",
    "targetappname_has_any": "dynamic = dynamic([])",
    "srcipaddr_has_any_prefix": "dynamic = dynamic([])",
    "srchostname_has_any": "dynamic = dynamic([])",
    "eventtype_in": "dynamic = dynamic([])",
    "eventresultdetails_in": "dynamic = dynamic([])",
    "eventresult": "string = '*'",
    "disabled": "bool = false",
}
# Column of the schema -> what it is of ours.
COLUMNS = {
    "EventVendor": '"Cisco"',
    "EventProduct": '"ESA"',
    "EventProductVersion": "observer_version",
    "EventSchema": '"Authentication"',
    "EventSchemaVersion": '"0.1.4"',
    "EventCount": "int(1)",
    "EventStartTime": "at",
    "EventEndTime": "at",
    "EventType": '"Logon"',
    "EventSubType": f'iff({_OUTBOUND}, "RemoteService", "Remote")',
    "EventResult": 'case(event_outcome == "success", "Success",'
    ' event_outcome == "failure", "Failure", "NA")',
    "EventResultDetails": 'iff(event_outcome == "failure",'
    ' "No such user or password", "")',
    "EventOriginalResultDetails": "iff(isempty(error_code), event_reason, error_code)",
    "EventOriginalType": "event_code",
    "EventOriginalSubType": "event_action",
    "EventOriginalUid": "event_id",
    "EventMessage": "message",
    "EventOriginalSeverity": "log_level",
    "EventSeverity": 'iff(event_outcome == "failure", "Low", "Informational")',
    "Dvc": "observer_name",
    "DvcHostname": "observer_hostname",
    "DvcIpAddr": "tostring(observer_ip[0])",
    "DvcId": "observer_serial_number",
    "SrcIpAddr": "source_ip",
    "SrcPortNumber": "toint(source_port)",
    "SrcHostname": "source_domain",
    "SrcGeoCountry": "source_geo_country_name",
    "SrcGeoRegion": "source_geo_region_name",
    "SrcGeoCity": "source_geo_city_name",
    "TargetUsername": "user_name",
    "TargetUsernameType": 'case(isempty(user_name), "", isnotempty(user_email), "UPN",'
    ' user_name contains "\\\\", "Windows", "Simple")',
    "TargetSessionId": "cisco_esa_session_id",
    "TargetIpAddr": "destination_ip",
    "TargetPortNumber": "toint(destination_port)",
    "TargetHostname": f"iff({_OUTBOUND}, destination_domain, observer_hostname)",
    "TargetAppName": "network_protocol",
    "TargetAppId": "cisco_esa_auth_profile",
    "TargetAppType": '"Service"',
    "LogonMethod": 'case(cisco_esa_auth_mechanism == "EXTERNAL", "PKI",'
    ' isempty(cisco_esa_auth_mechanism), "", "Username & Password")',
    "LogonProtocol": "iff(isempty(cisco_esa_auth_mechanism), network_protocol,"
    ' strcat("SMTP AUTH ", cisco_esa_auth_mechanism))',
    "RuleName": "rule_name",
    "AdditionalFields": 'bag_pack("tls", tls_established, "flags", cisco_esa_flags,'
    ' "sender_group", cisco_esa_policy_sender_group)',
    # Aliases of the schema.
    "User": "user_name",
    "Src": "source_ip",
    "IpAddr": "source_ip",
    "Dst": "iff(isempty(destination_ip), observer_hostname, destination_ip)",
    "Application": "network_protocol",
}


def generated() -> Iterator[tuple[Path, str]]:
    """Return the parser without and with parameters."""
    head = (
        "// Function {name}({parameters})\n"
        "// ASIM Authentication 0.1.4 of the events of esa-auth.\n"
    )
    for name, parameters, text in (
        ("ASimAuthenticationEsaAuth", "disabled: bool = false", _plain()),
        ("vimAuthenticationEsaAuth", signature(), _filtering()),
    ):
        whole = head.format(name=name, parameters=parameters) + text
        yield FOLDER / f"{name}.kql", whole


def signature() -> str:
    """Return the parameters of the filtering parser."""
    return ", ".join(f"{name}: {kind}" for name, kind in FILTERS.items())


def _plain() -> str:
    asked = f"where not(disabled) and event_action in ({_LOGINS})"
    return f"{FUNCTION}\n| {asked}\n{_projected()}"


def _filtering() -> str:
    filters = [
        "(isnull(starttime) or at >= starttime)",
        "(isnull(endtime) or at <= endtime)",
        "(array_length(username_has_any) == 0 or user_name has_any (username_has_any))",
        "(array_length(targetappname_has_any) == 0"
        " or network_protocol has_any (targetappname_has_any))",
        "(array_length(srcipaddr_has_any_prefix) == 0"
        " or has_any_ipv4_prefix(source_ip, srcipaddr_has_any_prefix)"
        " or source_ip has_any (srcipaddr_has_any_prefix))",
        "(array_length(srchostname_has_any) == 0"
        " or source_domain has_any (srchostname_has_any))",
    ]
    named = [
        "(array_length(eventtype_in) == 0 or EventType in~ (eventtype_in))",
        "(array_length(eventresultdetails_in) == 0"
        " or EventResultDetails in~ (eventresultdetails_in))",
        "(eventresult == '*' or EventResult =~ eventresult)",
    ]
    asked = "\n    and ".join(filters)
    last = "\n    and ".join(named)
    return (
        f"{FUNCTION}\n| where not(disabled) and event_action in ({_LOGINS})\n"
        f"| where {asked}\n{_projected()}| where {last}\n"
    )


def _projected() -> str:
    columns = ",\n".join(f"    {name} = {value}" for name, value in COLUMNS.items())
    return f'| project\n    TimeGenerated,\n    Type = "EsaAuth_CL",\n{columns}\n'
