"""Detections as searches of Splunk. Nothing here ran in a Splunk: there is no engine.

Where one group is counted, the window of `streamstats` slides event by event. Where a
group is made of other groups, each event is put into every window that holds it, as in
the ES|QL.
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

SOURCETYPE = "cisco:esa:auth:ecs"
_WHO = (
    "values(user.name) as users values(source.ip) as sources"
    " values(observer.name) as appliances"
)
_TIMES = "min(_time) as first_seen max(_time) as last_seen"
_FAILED = "'event.outcome'==\"failure\""
_GOT_IN = "'event.outcome'==\"success\""
# The first four groups of an IPv6 address, which may be written with `::`.
_NETWORK = (
    'eval address=\'source.ip\', left=split(mvindex(split(address,"::"),0),":"),'
    ' right=split(mvindex(split(address,"::"),1),":"),'
    ' zeros=mvindex(split("0:0:0:0:0:0:0",":"),0,'
    "7-mvcount(left)-coalesce(mvcount(right),0)),"
    ' network=if(like(address,"%:%"),'
    'mvjoin(mvindex(mvappend(left,zeros,right),0,3),":")."::/64",address)'
)


def query(detection: Detection) -> str:
    """Return the search of a detection."""
    steps = _STEPS.said(detection.way)
    asked = " ".join(map(_condition, detection.select))
    return "\n| ".join([f'sourcetype="{SOURCETYPE}" {asked}', *steps])


def _condition(condition: Condition) -> str:
    match condition:
        case Is(field, (value,)):
            return f"{field}={_text(value)}"
        case Is(field, values):
            return f"{field} IN ({', '.join(map(_text, values))})"
        case Isnt(field, value):
            return f"{field}!={_text(value)}"
        case AtLeast(field, least):
            return f"{field}>={least}"
        case Has(field, there):
            return f"{field}=*" if there else f"NOT {field}=*"


def _text(value: str | bool) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def _keyed(*keys: Key) -> list[str]:
    """Return the steps that count an event once and give it its keys."""
    steps = ["dedup event.id keepempty=true"]
    if any(key.how in {"network", "origin"} for key in keys):
        steps.append(_NETWORK)
    for key in keys:
        match key.how:
            case "origin":
                steps.append(f"eval {key.name}=coalesce(network,'observer.name')")
            case "lower":
                steps.append(f"eval {key.name}=lower('{key.field}')")
            case "field" if key.field != "@timestamp":
                steps.append(f"eval {key.name}='{key.field}'")
    return steps


def _sorted(*keys: Key) -> list[str]:
    # Of one second the failures come first.
    return [
        *_keyed(*keys),
        f"eval late=if({_GOT_IN},1,0)",
        "sort 0 _time late event.sequence",
    ]


def _counter(key: Key | None, condition: str = "") -> str:
    if key is None:
        return f"count(eval({condition}))" if condition else "count"
    value = "_time" if key.field == "@timestamp" else key.name
    return f"dc(eval(if({condition},{value},null())))" if condition else f"dc({value})"


def _windows(window: str) -> list[str]:
    last, piece = minutes(window) * 60, step_of(window) * 60
    first = f"floor(_time/{piece})*{piece}"
    return [
        f"eval window=mvrange({first},{first}+{last + piece},{piece})",
        "mvexpand window",
    ]


def _each(way: Each) -> list[str]:
    if way.by is None:
        return ["dedup event.id keepempty=true"]
    return [
        "dedup event.id keepempty=true",
        "stats max(cisco_esa.summary.recipients) as recipients"
        f" max(cisco_esa.summary.messages) as messages {_WHO} {_TIMES}"
        f" by {way.by.field}",
    ]


def _counted(way: Counted) -> list[str]:
    keys = [way.by, *([way.distinct] if way.distinct else [])]
    by, called = way.by.name, way.called
    steps = _sorted(*keys)
    count = f"{_counter(way.distinct)} as {called}"
    if way.forgiven:
        count = f"dc({keys[1].name}) as tried"
        count += f" {_counter(keys[1], _GOT_IN)} as got_in"
    steps.append(f"streamstats time_window={way.window} {count} by {by}")
    if way.forgiven:
        steps.append(f"eval {called}=tried-got_in")
    named = _WHO.replace("as users", "as names") if called == "users" else _WHO
    return [
        *steps,
        f"where {called}>={way.least}",
        f"stats max({called}) as {called} {named} {_TIMES} by {by}",
    ]


def _after(way: After) -> list[str]:
    keys = [*way.by, *([NETWORK] if way.networks > 1 else [])]
    by = " ".join(key.name for key in way.by)
    counts = [f"{_counter(way.distinct, _FAILED)} as failures"]
    asked = [_GOT_IN, f"failures>={way.least}"]
    if way.networks > 1:
        counts.append(f"{_counter(NETWORK, _FAILED)} as networks")
        asked.append(f"networks>={way.networks}")
    return [
        *_sorted(*keys),
        f"streamstats time_window={way.window} {' '.join(counts)} by {by}",
        f"where {' AND '.join(asked)}",
        f"stats max(failures) as failures {_WHO} {_TIMES} by {by}",
    ]


def _scattered(way: Scattered) -> list[str]:
    return [
        *_keyed(NETWORK, ACCOUNT),
        *_windows(way.window),
        f"stats {_counter(None, _FAILED)} as f {_counter(None, _GOT_IN)} as s"
        f" values(account) as accounts {_TIMES} by network window",
        f"where f>0 AND f<={way.tries}",
        "stats count as networks sum(f) as failures sum(s) as hits dc(accounts) as"
        " tried values(accounts) as users values(network) as sources"
        " min(first_seen) as first_seen max(last_seen) as last_seen by window",
        f"where networks>={way.networks} AND tried>={way.users}"
        f" AND hits*100<=failures*{way.percent}",
        "eval day=floor(window/86400)*86400",
        "stats max(networks) as networks max(failures) as failures max(hits) as hits"
        " values(users) as users min(first_seen) as first_seen"
        " max(last_seen) as last_seen by day",
    ]


def _volume(way: Volume) -> list[str]:
    return [
        *_keyed(ACCOUNT),
        "stats max(cisco_esa.summary.recipients) as recipients max(_time) as _time"
        f" {_WHO} by account cisco_esa.session.id",
        *_windows(way.window),
        "stats sum(recipients) as recipients count as sessions values(sources) as"
        f" sources values(appliances) as appliances {_TIMES} by account window",
        f"where recipients>={way.least}",
        "stats max(recipients) as recipients max(sessions) as sessions values(sources)"
        " as sources values(appliances) as appliances min(first_seen) as first_seen"
        " max(last_seen) as last_seen by account",
    ]


def _first_seen(way: FirstSeen) -> list[str]:
    return [
        *_keyed(NETWORK, ACCOUNT),
        f'where _time>=relative_time(now(),"-{way.history}")',
        f"stats {_TIMES} values(observer.name) as appliances by account network",
        "eventstats min(first_seen) as known_since by account",
        f'where first_seen>=relative_time(now(),"-{way.recent}")'
        f' AND known_since<=relative_time(now(),"-{way.known}")',
    ]


def _share(way: Share) -> list[str]:
    missing = "'cisco_esa.session.context'==\"missing\""
    return [
        *_keyed(APPLIANCE),
        *_windows(way.window),
        f"stats count as attempts {_counter(None, missing)} as missing {_TIMES}"
        " by appliance window",
        f"where attempts>={way.attempts} AND missing*100>=attempts*{way.percent}",
        "stats max(attempts) as attempts max(missing) as missing"
        " min(first_seen) as first_seen max(last_seen) as last_seen by appliance",
    ]


def _silent(way: Silent) -> list[str]:
    return [
        *_keyed(APPLIANCE),
        f'where _time>=relative_time(now(),"-{way.history}")',
        f"stats count as events {_TIMES} by appliance",
        f'where events>={way.events} AND last_seen<relative_time(now(),"-{way.quiet}")',
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
