"""Detections as ES|QL, for Elasticsearch 8.19 or 9.

Time is cut into small pieces, and each event is put into every window that holds its
piece: a window slides piece by piece over the events, whenever the query runs, however
far it looks back, and however late the events came. A window may be one piece longer
than the figure of the rule, never shorter.
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

STREAM = "logs-cisco_esa.auth-*"
# Without a limit Elasticsearch gives a thousand rows.
MOST_ROWS = 10_000
_SHOWN = (
    "@timestamp, event.id, observer.name, user.name, source.ip,"
    " source.geo.country_iso_code, cisco_esa.session.id, event.code, event.reason,"
    " event.original"
)
# Who and what is in a finding.
_WHO = {
    "users": "user.name",
    "sources": "source.ip",
    "countries": "source.geo.country_iso_code",
    "appliances": "observer.name",
}
_FAILED = 'event.outcome == "failure"'
_GOT_IN = 'event.outcome == "success"'


def query(detection: Detection) -> str:
    """Return the query of a detection."""
    steps = _STEPS.said(detection.way)
    asked = [where(detection.select), *steps, f"LIMIT {MOST_ROWS}"]
    lines = "".join(f"\n| {step}" for step in asked)
    return f"// {detection.title}\nFROM {STREAM}{lines}"


def where(conditions: tuple[Condition, ...]) -> str:
    """Return what holds of each event."""
    return "WHERE " + " AND ".join(map(_condition, conditions))


def _condition(condition: Condition) -> str:
    match condition:
        case Is(field, (value,)):
            return f"{field} == {_text(value)}"
        case Is(field, values):
            return f"{field} IN ({', '.join(map(_text, values))})"
        case Isnt(field, value):
            return f"{field} != {_text(value)}"
        case AtLeast(field, least):
            return f"{field} >= {least}"
        case Has(field, there):
            return f"{field} IS {'NOT ' if there else ''}NULL"


def _text(value: str | bool) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def key(by: Key) -> str:
    """Return the value of a key."""
    match by.how:
        case "network":
            return f"IP_PREFIX({by.field}, 32, 64)"
        case "origin":
            network = f"TO_STRING(IP_PREFIX({by.field}, 32, 64))"
            return f"COALESCE({network}, observer.name)"
        case "lower":
            return f"TO_LOWER({by.field})"
    return by.field


def keys(*wanted: Key) -> str:
    """Return the step that gives each event its keys."""
    return "EVAL " + ", ".join(f"{by.name} = {key(by)}" for by in wanted)


def windows(window: str) -> list[str]:
    """Return the steps that put each event into every window that holds it.

    A window has the name of its last piece.
    """
    whole = minutes(window)
    piece = step_of(window)
    ends = "piece"
    for number in range(1, whole // piece + 1):
        ends = f"MV_APPEND({ends}, piece + {number * piece} minutes)"
    return [
        f"EVAL piece = DATE_TRUNC({piece} minutes, @timestamp)",
        f"EVAL window = {ends}",
        "MV_EXPAND window",
    ]


def _who(*left_out: str) -> str:
    columns = [f"{c} = VALUES({f})" for c, f in _WHO.items() if c not in left_out]
    return ", ".join([*columns, "first_seen = MIN(@timestamp)", _LAST])


_LAST = "last_seen = MAX(@timestamp)"


def _gathered(counts: tuple[str, ...], by: str, *left_out: str) -> str:
    """Return the step that makes one finding of the windows of a group."""
    columns = [f"{count} = MAX({count})" for count in counts]
    columns += [f"{c} = VALUES({c})" for c in _WHO if c not in left_out]
    times = "first_seen = MIN(first_seen), last_seen = MAX(last_seen)"
    return f"STATS {', '.join(columns)}, {times} BY {by}"


def _each(way: Each) -> list[str]:
    if way.by is None:
        return [f"KEEP {_SHOWN}", "SORT @timestamp DESC"]
    columns = "recipients = MAX(cisco_esa.summary.recipients)"
    messages = "messages = MAX(cisco_esa.summary.messages)"
    return [f"STATS {columns}, {messages}, {_who()} BY {way.by.field}"]


def _counted(way: Counted) -> list[str]:
    wanted = [way.by, *([way.distinct] if way.distinct else [])]
    if way.distinct is None:
        count = f"{way.called} = COUNT(*)"
    else:
        count = f"{way.called} = COUNT_DISTINCT({way.distinct.name})"
    # Where one is enough, any window is.
    windowed = way.least > 1
    steps = [keys(*wanted), *(windows(way.window) if windowed else [])]
    if way.forgiven:
        count = f"tried = COUNT_DISTINCT({wanted[1].name}), got_in = "
        count += f"COUNT_DISTINCT({wanted[1].name}) WHERE {_GOT_IN}"
    by = f"{way.by.name}, window" if windowed else way.by.name
    left_out = ("users",) if way.called == "users" else ()
    named = ", accounts = VALUES(account)" if left_out else ""
    steps.append(f"STATS {count}{named}, {_who(*left_out)} BY {by}")
    if way.forgiven:
        # All that were tried but those that got in: who failed, and did not get in.
        steps.append(f"EVAL {way.called} = tried - got_in")
    steps.append(f"WHERE {way.called} >= {way.least}")
    if not windowed:
        return steps
    gathered = _gathered((way.called,), way.by.name, *left_out)
    if left_out:
        gathered = gathered.replace("STATS ", "STATS accounts = VALUES(accounts), ")
    return [*steps, gathered]


def _after(way: After) -> list[str]:
    by = ", ".join(each.name for each in way.by)
    network = [NETWORK] if way.networks > 1 else []
    columns = [f"failures = COUNT(*) WHERE {_FAILED}"]
    # The last of the failures that are needed; what fails after the success is not.
    if way.distinct is None:
        columns.append(f'needed = TOP(@timestamp, {way.least}, "asc") WHERE {_FAILED}')
        needed = "MV_MAX(needed)"
    else:
        columns.append(f"needed = VALUES(@timestamp) WHERE {_FAILED}")
        needed = f"MV_SLICE(MV_SORT(needed), {way.least - 1}, {way.least - 1})"
        columns[0] = f"failures = COUNT_DISTINCT(@timestamp) WHERE {_FAILED}"
    columns.append(f"last_success = MAX(@timestamp) WHERE {_GOT_IN}")
    asked = [f"{needed} <= last_success"]
    if way.distinct is None:
        asked.insert(0, f"failures >= {way.least}")
    if way.networks > 1:
        columns.append(f"networks = COUNT_DISTINCT(network) WHERE {_FAILED}")
        asked.append(f"networks >= {way.networks}")
    counts = ("failures", *(["networks"] if network else []), "last_success")
    return [
        keys(*way.by, *network),
        *windows(way.window),
        f"STATS {', '.join(columns)}, {_who()} BY {by}, window",
        f"WHERE {' AND '.join(asked)}",
        _gathered(counts, by),
    ]


def _scattered(way: Scattered) -> list[str]:
    counts = ("networks", "failures", "tried", "hits")
    return [
        keys(NETWORK, ACCOUNT),
        *windows(way.window),
        f"STATS f = COUNT(*) WHERE {_FAILED}, s = COUNT(*) WHERE {_GOT_IN},"
        f" accounts = VALUES(account), {_who()} BY network, window",
        f"WHERE f > 0 AND f <= {way.tries}",
        "STATS networks = COUNT(*), failures = SUM(f), hits = SUM(s),"
        " tried = COUNT_DISTINCT(accounts), "
        + ", ".join(f"{c} = VALUES({c})" for c in _WHO)
        + ", first_seen = MIN(first_seen), last_seen = MAX(last_seen) BY window",
        f"WHERE networks >= {way.networks} AND tried >= {way.users}"
        f" AND hits * 100 <= failures * {way.percent}",
        # Windows of one attack are one finding of its day.
        "EVAL day = DATE_TRUNC(1 day, window)",
        _gathered(counts, "day"),
    ]


def _volume(way: Volume) -> list[str]:
    session = ", ".join(f"{c} = VALUES({f})" for c, f in _WHO.items())
    return [
        keys(ACCOUNT),
        # What is said of a session grows while it lives: its last word counts.
        f"STATS recipients = MAX(cisco_esa.summary.recipients), {session},"
        " @timestamp = MAX(@timestamp) BY account, cisco_esa.session.id",
        *windows(way.window),
        "STATS recipients = SUM(recipients), sessions = COUNT(*), "
        + ", ".join(f"{c} = VALUES({c})" for c in _WHO)
        + f", first_seen = MIN(@timestamp), {_LAST} BY account, window",
        f"WHERE recipients >= {way.least}",
        _gathered(("recipients", "sessions"), "account"),
    ]


def _first_seen(way: FirstSeen) -> list[str]:
    return [
        f"WHERE @timestamp >= NOW() - {_ago(way.history)}",
        keys(NETWORK, ACCOUNT),
        f"STATS first_seen = MIN(@timestamp), {_LAST},"
        " appliances = VALUES(observer.name), countries ="
        " VALUES(source.geo.country_iso_code) BY account, network",
        f"EVAL new = CASE(first_seen >= NOW() - {_ago(way.recent)}, network, NULL)",
        "STATS known_since = MIN(first_seen), networks = COUNT(*), new = VALUES(new),"
        " last_seen = MAX(last_seen), appliances = VALUES(appliances), countries ="
        " VALUES(countries) BY account",
        f"WHERE new IS NOT NULL AND known_since <= NOW() - {_ago(way.known)}",
        "MV_EXPAND new",
        "RENAME new AS network",
    ]


def _share(way: Share) -> list[str]:
    missing = 'cisco_esa.session.context == "missing"'
    return [
        keys(APPLIANCE),
        *windows(way.window),
        f"STATS attempts = COUNT(*), missing = COUNT(*) WHERE {missing},"
        f" first_seen = MIN(@timestamp), {_LAST} BY appliance, window",
        f"WHERE attempts >= {way.attempts}"
        f" AND missing * 100 >= attempts * {way.percent}",
        "STATS attempts = MAX(attempts), missing = MAX(missing), first_seen ="
        " MIN(first_seen), last_seen = MAX(last_seen) BY appliance",
    ]


def _silent(way: Silent) -> list[str]:
    return [
        f"WHERE @timestamp >= NOW() - {_ago(way.history)}",
        f"STATS events = COUNT(*), {_LAST} BY appliance = observer.name",
        f"WHERE events >= {way.events} AND last_seen < NOW() - {_ago(way.quiet)}",
    ]


def _ago(span: str) -> str:
    return f"{span[:-1]} {({'m': 'minutes', 'h': 'hours', 'd': 'days'})[span[-1]]}"


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
