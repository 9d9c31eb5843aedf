"""Detections as KQL of Kusto, for Microsoft Sentinel: `conf/sigma/queries/kusto`.

They ask the function `EsaAuth` (`conf/sentinel`), whose columns are the fields of ECS
with `_` for the dots. Each event is put into every window that holds it, as in the
ES|QL; of several windows of one group the fullest is shown.
"""

from conf.build.detections import (
    ACCOUNT,
    APPLIANCE,
    NETWORK,
    After,
    AtLeast,
    Condition,
    Counted,
    Detection,
    Each,
    FirstSeen,
    Has,
    Is,
    Isnt,
    Key,
    Scattered,
    Share,
    Silent,
    Volume,
    minutes,
    step_of,
)
from conf.build.kinds import Kinds

FUNCTION = "EsaAuth"
# Fields with several values.
LISTS = frozenset({"cisco_esa.flags"})
# More names than these are not shown in a finding.
_MOST = 100
_WHO = (
    f"users = make_set(user_name, {_MOST}), sources = make_set(source_ip, {_MOST}),"
    f" countries = make_set(source_geo_country_iso_code, {_MOST}),"
    f" appliances = make_set(observer_name, {_MOST})"
)
_TIMES = "first_seen = min(at), last_seen = max(at)"
_FAILED = 'event_outcome == "failure"'
_GOT_IN = 'event_outcome == "success"'
# The IPv4 address or the IPv6 /64, which the function works out.
_NETWORK = "source_network"


def query(detection: Detection) -> str:
    """Return the query of a detection."""
    asked = " and ".join(map(_condition, detection.select))
    steps = [FUNCTION, f"where {asked}", *_STEPS.said(detection.way)]
    return f"// {detection.title}\n" + "\n| ".join(steps)


def column(field: str) -> str:
    """Return what `EsaAuth` calls a field."""
    return "at" if field == "@timestamp" else field.replace(".", "_")


def _condition(condition: Condition) -> str:
    match condition:
        case Is(field, (value,)) if field in LISTS:
            return f"set_has_element({column(field)}, {_text(value)})"
        case Is(field, (value,)):
            return f"{column(field)} == {_text(value)}"
        case Is(field, values):
            return f"{column(field)} in ({', '.join(map(_text, values))})"
        case Isnt(field, value):
            name = column(field)
            return f"isnotempty({name}) and {name} != {_text(value)}"
        case AtLeast(field, least):
            return f"{column(field)} >= {least}"
        case Has(field, there):
            return f"is{'not' if there else ''}empty({column(field)})"


def _text(value: str | bool) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def _key(key: Key) -> str:
    match key.how:
        case "network":
            return _NETWORK
        case "origin":
            return f"iff(isempty(source_ip), observer_name, {_NETWORK})"
        case "lower":
            return f"tolower({column(key.field)})"
    return column(key.field)


def _keyed(*keys: Key) -> str:
    return "extend " + ", ".join(f"{key.name} = {_key(key)}" for key in keys)


def _windows(window: str) -> list[str]:
    piece = step_of(window)
    later = ", ".join(map(str, range(minutes(window) // piece + 1)))
    return [
        f"extend piece = bin(at, {piece}m)",
        f"mv-expand step = dynamic([{later}]) to typeof(long)",
        f"extend window = piece + step * {piece}m",
    ]


def _fullest(count: str, by: str) -> str:
    return f"summarize arg_max({count}, *) by {by}"


def _each(way: Each) -> list[str]:
    if way.by is None:
        return [
            "project at, event_id, observer_name, user_name, source_ip,"
            " source_geo_country_iso_code, cisco_esa_session_id, event_code,"
            " event_reason, event_original"
        ]
    return [
        "summarize recipients = max(cisco_esa_summary_recipients),"
        f" messages = max(cisco_esa_summary_messages), {_WHO}, {_TIMES}"
        f" by {column(way.by.field)}"
    ]


def _different(name: str, condition: str = "") -> str:
    """Return how many values a column has where ``condition`` holds, exactly."""
    if not condition:
        return f"array_length(make_set({name}))"
    # Without that for all others.
    every = f'array_length(make_set(iff({condition}, {name}, "")))'
    return f"{every} - iff(countif(not({condition})) > 0, 1, 0)"


def _counted(way: Counted) -> list[str]:
    keys = [way.by, *([way.distinct] if way.distinct else [])]
    by, called = way.by.name, way.called
    who = _WHO.replace("users =", "names =", 1) if called == "users" else _WHO
    count = "count()"
    if way.distinct is not None:
        name = column("@timestamp") if way.distinct.how == "field" else keys[1].name
        count = _different(name)
    if way.forgiven:
        # Who was tried and did not get in.
        name = keys[1].name
        count = f"{_different(name)} - ({_different(name, _GOT_IN)})"
    return [
        _keyed(*keys),
        *_windows(way.window),
        f"summarize {called} = {count}, {who}, {_TIMES} by {by}, window",
        f"where {called} >= {way.least}",
        _fullest(called, by),
    ]


def _after(way: After) -> list[str]:
    by = ", ".join(key.name for key in way.by)
    several = way.networks > 1
    keys = [*way.by, *([NETWORK] if several else [])]
    failed = "make_list" if way.distinct is None else "make_set"
    counts = f"tries = {failed}(iff({_FAILED}, at, datetime(null)))"
    counts += f", last_success = max(iff({_GOT_IN}, at, datetime(null)))"
    if several:
        counts += f", networks = {_different('network', _FAILED)}"
    # If there are fewer, none is needed, and nothing holds of nothing.
    asked = "needed <= last_success"
    if several:
        asked += f" and networks >= {way.networks}"
    return [
        _keyed(*keys),
        *_windows(way.window),
        f"summarize {counts}, {_WHO}, {_TIMES} by {by}, window",
        "extend failures = array_length(tries),"
        # The last of the failures that are needed; what comes after the success is not.
        f" needed = todatetime(array_sort_asc(tries)[{way.least - 1}])",
        f"where {asked}",
        _fullest("failures", by),
        "project-away tries, needed",
    ]


def _scattered(way: Scattered) -> list[str]:
    return [
        _keyed(NETWORK, ACCOUNT),
        *_windows(way.window),
        f"summarize f = countif({_FAILED}), s = countif({_GOT_IN}),"
        f" accounts = make_set(account), {_TIMES} by network, window",
        f"where f > 0 and f <= {way.tries}",
        # A network is counted with its first user, and each of its users once.
        "mv-expand with_itemindex = nth account = accounts to typeof(string)",
        f"summarize networks = {_different('network')},"
        f" tried = {_different('account', 'isnotempty(account)')},"
        " failures = sumif(f, nth == 0), hits = sumif(s, nth == 0),"
        f" users = make_set(account, {_MOST}), sources = make_set(network, {_MOST}),"
        " first_seen = min(first_seen), last_seen = max(last_seen) by window",
        f"where networks >= {way.networks} and tried >= {way.users}"
        f" and hits * 100 <= failures * {way.percent}",
        # Windows of one attack are one finding of its day.
        "extend day = bin(window, 1d)",
        _fullest("networks", "day"),
    ]


def _volume(way: Volume) -> list[str]:
    return [
        _keyed(ACCOUNT),
        # What is said of a session grows while it lives: its last word counts.
        "summarize recipients = max(cisco_esa_summary_recipients), at = max(at),"
        " user_name = take_any(user_name), source_ip = take_any(source_ip),"
        " source_geo_country_iso_code = take_any(source_geo_country_iso_code),"
        " observer_name = take_any(observer_name) by account, cisco_esa_session_id",
        *_windows(way.window),
        f"summarize recipients = sum(recipients), sessions = count(), {_WHO}, {_TIMES}"
        " by account, window",
        f"where recipients >= {way.least}",
        _fullest("recipients", "account"),
    ]


def _first_seen(way: FirstSeen) -> list[str]:
    return [
        f"where at >= ago({way.history})",
        _keyed(NETWORK, ACCOUNT),
        f"summarize {_TIMES}, appliances = make_set(observer_name, {_MOST}),"
        f" countries = make_set(source_geo_country_iso_code, {_MOST})"
        " by account, network",
        "summarize known_since = min(first_seen), networks = make_list(bag_pack("
        '"network", network, "first_seen", first_seen, "last_seen", last_seen,'
        ' "appliances", appliances, "countries", countries)) by account',
        f"where known_since <= ago({way.known})",
        "mv-expand networks",
        "extend network = tostring(networks.network),"
        " first_seen = todatetime(networks.first_seen),"
        " last_seen = todatetime(networks.last_seen),"
        " appliances = networks.appliances, countries = networks.countries",
        "project-away networks",
        f"where first_seen >= ago({way.recent})",
    ]


def _share(way: Share) -> list[str]:
    return [
        _keyed(APPLIANCE),
        *_windows(way.window),
        "summarize attempts = count(),"
        f' lacking = countif(cisco_esa_session_context == "missing"), {_TIMES}'
        " by appliance, window",
        f"where attempts >= {way.attempts}"
        f" and lacking * 100 >= attempts * {way.percent}",
        _fullest("attempts", "appliance"),
    ]


def _silent(way: Silent) -> list[str]:
    return [
        f"where at >= ago({way.history})",
        "summarize events = count(), last_seen = max(at) by appliance = observer_name",
        f"where events >= {way.events} and last_seen < ago({way.quiet})",
    ]


_STEPS = Kinds(
    _each,
    _counted,
    _after,
    _scattered,
    _volume,
    _first_seen,
    _share,
    _silent,
)
