"""Detections as rules of Wazuh over the events as JSON: `conf/wazuh/esa-auth.xml`.

Of all rules an event ends in one. So each kind of event has a rule and a group of its
own, what is a finding by itself is a child of that rule, and what counts counts the
group, whichever rule an event ended in. After Wazuh's documentation
(https://documentation.wazuh.com/current/user-manual/ruleset/ruleset-xml-syntax/rules.html);
nothing here ran in a Wazuh.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from tests.support.checkout import ROOT

from conf.build.detections import (
    After,
    AtLeast,
    Condition,
    Counted,
    Detection,
    Each,
    Has,
    Is,
    Isnt,
    Key,
    minutes,
)
from conf.build.kinds import CannotSayError, Kinds, cannot
from conf.build.table import DETECTIONS

FILE = ROOT / "conf" / "wazuh" / "esa-auth.xml"
# Of the numbers that Wazuh leaves to its users: the kinds, then ten of each detection.
ROOT_NUMBER, FIRST, APART = 110_000, 110_100, 10
LEVELS = {"low": 5, "medium": 8, "high": 12, "critical": 14}
_DATASET = Is("event.dataset", ("cisco_esa.auth",))
_FAILED = Is("event.outcome", ("failure",))
_GOT_IN = Is("event.outcome", ("success",))


def _action(*actions: str) -> Is:
    return Is("event.action", actions)


# Group -> the events of it. No event is of two.
EVENTS: dict[str, tuple[Is, ...]] = {
    "esa_failure": (_action("smtp-auth"), _FAILED),
    "esa_success": (_action("smtp-auth"), _GOT_IN),
    "esa_admin_failure": (_action("admin-login"), _FAILED),
    "esa_admin_success": (_action("admin-login"), _GOT_IN),
    "esa_sent": (_action("smtp-session-end", "smtp-session-progress"),),
    "esa_backend_error": (_action("smtp-auth-backend-error"),),
    "esa_outbound": (_action("smtp-auth-client"), _FAILED),
    "esa_dead_letter": (Is("event.kind", ("pipeline_error",)),),
}
_REASON = "Wazuh counts events of one group, and neither adds up nor compares"
Rules = Callable[[Detection, int], list[str]]


def generated() -> Iterator[tuple[Path, str]]:
    """Return the file of rules and its text."""
    head = "<!-- Made of the detections of esa-auth. Not run in a Wazuh. -->\n"
    root = _field(_DATASET)
    body = _rule(
        ROOT_NUMBER, 0, f"    <decoded_as>json</decoded_as>\n{root}", "esa-auth"
    )
    for group, conditions in EVENTS.items():
        inner = _child(ROOT_NUMBER) + "".join(map(_field, conditions))
        body += _rule(_number(group), 1, inner, group.replace("_", " "), [group])
    body += "".join(rule for d in said() for rule in rules(d))
    yield FILE, f'{head}<group name="esa_auth,">\n{body}</group>\n'


def said() -> list[Detection]:
    """Return the detections that Wazuh can say."""
    return [d for d in DETECTIONS if impossible(d) is None]


def impossible(detection: Detection) -> str | None:
    """Return why Wazuh cannot say a detection, or None."""
    try:
        rules(detection)
    except CannotSayError as error:
        return str(error)
    return None


def rules(detection: Detection) -> list[str]:
    """Return the rules of a detection, those it counts first."""
    number = FIRST + APART * DETECTIONS.index(detection)
    return _RULES.said(detection.way)(detection, number)


def _number(group: str) -> int:
    return ROOT_NUMBER + 1 + list(EVENTS).index(group)


def _kinds(select: tuple[Condition, ...]) -> list[str]:
    """Return the groups that hold what is selected."""
    asked = {c.field: set(c.values) for c in select if isinstance(c, Is)}
    return [
        group
        for group, conditions in EVENTS.items()
        if all(asked.get(c.field, set(c.values)) & set(c.values) for c in conditions)
        and {"event.action", "event.kind"}
        & {c.field for c in conditions}
        & asked.keys()
    ]


def _rest(select: tuple[Condition, ...]) -> list[Condition]:
    """Return what is asked of an event besides its kind."""
    of_kind = {"event.dataset", "event.action", "event.outcome", "event.kind"}
    return [c for c in select if not (isinstance(c, Is) and c.field in of_kind)]


def _each(_: Each) -> Rules:
    def made(of: Detection, number: int) -> list[str]:
        groups = _kinds(of.select)
        if not groups:
            raise CannotSayError("an event of any kind may have it")
        fields = "".join(map(_field, _rest(of.select)))
        return [
            _finding(of, number + at, _child(_number(group)) + fields, [group])
            for at, group in enumerate(groups)
        ]

    return made


def _counted(way: Counted) -> Rules:
    if way.forgiven:
        raise CannotSayError("Wazuh cannot forgive who got in")
    if way.least == 1:
        return _each(Each())

    def made(of: Detection, number: int) -> list[str]:
        (group,) = _kinds(of.select)
        # What is counted by has to be there, and needs no condition.
        keys = {key.field for key in _keys(way)}
        rest = [
            c for c in _rest(of.select) if not (isinstance(c, Has) and c.field in keys)
        ]
        found, counted = [], group
        if rest:
            counted = f"esa_{of.name}"
            inner = _child(_number(group)) + "".join(map(_field, rest))
            found.append(_rule(number, 2, inner, of.title, [group, counted]))
        inner = _group(counted, [way.by.field])
        if way.distinct is not None and way.distinct.field != "@timestamp":
            inner += f"    <different_field>{way.distinct.field}</different_field>\n"
        times = _times(way.least, way.window)
        return [*found, _finding(of, number + 1, inner, [group], times)]

    return made


def _after(way: After) -> Rules:
    if way.networks > 1:
        raise CannotSayError(_REASON)

    def made(of: Detection, number: int) -> list[str]:
        (failed,) = _kinds((*of.select, _FAILED))
        (got_in,) = _kinds((*of.select, _GOT_IN))
        by = list(dict.fromkeys(key.field for key in way.by))
        tried = f"esa_{of.name}"
        enough = _rule(
            number,
            3,
            _group(failed, by),
            f"{of.title}: the failures",
            [failed, tried],
            _times(way.least, way.window),
        )
        inner = _child(_number(got_in)) + _group(tried, by)
        window = f' timeframe="{60 * minutes(way.window)}"'
        return [enough, _finding(of, number + 1, inner, [got_in], window)]

    return made


def _keys(way: Counted) -> list[Key]:
    return [way.by, *([way.distinct] if way.distinct else [])]


def _child(number: int) -> str:
    return f"    <if_sid>{number}</if_sid>\n"


def _group(name: str, fields: list[str]) -> str:
    same = "".join(f"    <same_field>{field}</same_field>\n" for field in fields)
    return f"    <if_matched_group>{name}</if_matched_group>\n{same}"


def _times(least: int, window: str) -> str:
    return f' frequency="{least}" timeframe="{60 * minutes(window)}"'


def _finding(
    of: Detection, number: int, inner: str, groups: list[str], counted: str = ""
) -> str:
    techniques = "".join(f"      <id>{t}</id>\n" for t in of.techniques)
    mitre = f"    <mitre>\n{techniques}    </mitre>\n" if techniques else ""
    return _rule(number, LEVELS[of.level], inner + mitre, of.title, groups, counted)


def _rule(
    number: int,
    level: int,
    inner: str,
    title: str,
    groups: list[str] | None = None,
    counted: str = "",
) -> str:
    of = f"    <group>{','.join(groups)},</group>\n" if groups else ""
    return (
        f'  <rule id="{number}" level="{level}"{counted}>\n{inner}'
        f"    <description>{escape(title)}</description>\n{of}  </rule>\n"
    )


def _field(condition: Condition) -> str:
    negated = ""
    match condition:
        case Is(field, values):
            pattern = f"^({'|'.join(map(_text, values))})$"
        case Isnt(field, value):
            pattern, negated = f"^{_text(value)}$", ' negate="yes"'
        case AtLeast(field, least):
            pattern = at_least(least)
        case Has(field, True):
            pattern = "."
        case Has():
            raise CannotSayError("Wazuh cannot ask for a field that is missing")
    return f'    <field name="{field}" type="pcre2"{negated}>{pattern}</field>\n'


def _text(value: str | bool) -> str:
    text = value if isinstance(value, str) else str(value).lower()
    return text.replace(".", r"\.")


def at_least(least: int) -> str:
    """Return a pattern of the whole numbers of at least so much."""
    digits = str(least)
    choices = [rf"[1-9]\d{{{len(digits)},}}", digits]
    for at, digit in enumerate(digits):
        if digit != "9":
            rest = len(digits) - at - 1
            choices.append(rf"{digits[:at]}[{int(digit) + 1}-9]\d{{{rest}}}")
    return f"^({'|'.join(choices)})$"


_RULES: Kinds[Rules] = Kinds(
    _each,
    _counted,
    _after,
    *(cannot(_REASON) for _ in range(5)),
)
