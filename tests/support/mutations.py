"""Golden events with one value changed, by the kind of change."""

import copy
from collections.abc import Iterator
from itertools import cycle
from typing import Any, NamedTuple

from tests.support.golden_cases import golden_events

EVENTS = [event for _, event in golden_events()]
GONE = object()
"""In place of a value: the field is taken away."""


class Mutation(NamedTuple):
    """A golden event with one value changed."""

    event: int
    path: tuple[str, ...]
    value: object

    def apply(self) -> dict[str, Any]:
        """Return the event that this makes."""
        event: dict[str, Any] = copy.deepcopy(EVENTS[self.event])
        *groups, name = self.path
        target = event
        for group in groups:
            target = target.setdefault(group, {})
        if self.value is GONE:
            del target[name]
        else:
            target[name] = self.value
        return event


BAD_IPS = (
    *("", " ", "x", "198.51.100", "198.51.100.777", "198.51.100.07", "198.51.100.7 "),
    *("0x7f.1", "2001:db8::g", "2001:db8:::1", "1::2::3", "[2001:db8::1]"),
    *("2001:db8::1%eth0", "::ffff:198.51.100.7.1", "198.51.100.7/32", "198.51.100.7\n"),
)
BAD_TIMES = (
    *("", "x", "2026-03-02", "2026-03-02T11:00:01Z", "2026-03-02T11:00:01.00Z"),
    *("2026-03-02T11:00:01.000", "2026-03-02T11:00:01.000+00:00"),
    *("2026-03-02 11:00:01.000Z", "2026-03-02t11:00:01.000z"),
    *("2026-02-30T11:00:01.000Z", "2026-13-02T11:00:01.000Z"),
    *("2026-03-02T24:00:00.000Z", "2026-03-02T11:60:01.000Z"),
    *("2026-03-02T11:00:61.000Z", "2026-03-02T11:00:60.000Z", "26-03-02T11:00:01.000Z"),
    "\u0662\u0660\u0662\u0666-03-02T11:00:01.000Z",
)
OTHER_TYPES: tuple[object, ...] = (
    None,
    True,
    7,
    -1,
    1.5,
    "text",
    "",
    [],
    ["text"],
    {},
    {"a": 1},
)
NUMBERS = (
    -1,
    0,
    1,
    1.0,
    0.5,
    10.5,
    -10.5,
    25,
    191,
    192,
    65535,
    65536,
    2**53,
    "1",
    True,
)
ENUMS = ("", "wrong", "EVENT", " start", ["start"], ["info"], ["end"], ["end", "end"])
ENUM_FIELDS = (
    *("event.kind", "event.category", "event.type", "event.outcome", "event.action"),
    *("event.module", "event.dataset", "network.protocol", "network.transport"),
    *("network.type", "network.direction", "observer.vendor", "observer.product"),
    *("observer.type", "rule.ruleset", "log.level", "tls.version_protocol"),
    *("ecs.version", "tags", "cisco_esa.session.context", "cisco_esa.flags"),
)
PATTERNED = {
    "event.id": ("", "x" * 21, "x" * 23, "+" * 22, "\u0661" * 22),
    "event.hash": ("", "A" * 64, "a" * 63, "g" * 64),
    "event.code": ("", "smtpauth", "A", "1A", "SMTPAUTH-FAILED"),
    "error.code": ("", "53", "5355", "5.5", "\u0665\u0663\u0665"),
    "tls.version": ("", "1", "1.", "1.10", "v1.2"),
    "cisco_esa.original_base64": ("", "=", "a b", "YQ===", "YQ=="),
}
# Fields that do not go with what an event says elsewhere.
CONTRADICTIONS = {
    "tags": (["esa_no_session_context"], GONE),
    "cisco_esa.session.context": ("missing", "partial", "complete"),
    "cisco_esa.dcid": (1, GONE),
    "cisco_esa.icid": (1, GONE),
    "cisco_esa.auth": ({}, {"profile": "p"}, {"mechanism": "PLAIN", "profile": "p"}),
    "cisco_esa.summary": ({}, {"attempts": 1, "failures": 0}, GONE),
    "error": ({"code": "535"}, {"message": "x"}, GONE),
    "user": ({"name": "ann"}, {"email": "ann@example.com"}, GONE),
    "tls": ({"established": True}, {"established": True, "version": "1.2"}, GONE),
    "source": ({"address": "x"}, {"ip": "198.51.100.7"}, GONE),
    "event.hash": (GONE,),
    "event.original": (GONE,),
    "event.action": (
        *("smtp-auth", "smtp-auth-client", "smtp-session-end"),
        "smtp-session-progress",
    ),
    "network.direction": ("ingress", "egress"),
}


def paths(tree: dict[str, Any], at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Return the path of every field of ``tree``, groups too."""
    for key, value in tree.items():
        yield (*at, key)
        if isinstance(value, dict):
            yield from paths(value, (*at, key))


def at(event: dict[str, Any], path: tuple[str, ...]) -> Any:
    for key in path:
        event = event[key]
    return event


def dropped() -> Iterator[Mutation]:
    for number, event in enumerate(EVENTS):
        for path in paths(event):
            yield Mutation(number, path, GONE)


def retyped() -> Iterator[Mutation]:
    others = cycle(OTHER_TYPES)
    for number, event in enumerate(EVENTS):
        for path in paths(event):
            yield Mutation(number, path, next(others))


def unknown_fields() -> Iterator[Mutation]:
    for number, event in enumerate(EVENTS):
        groups = [p for p in paths(event) if isinstance(at(event, p), dict)]
        for group in [(), *groups]:
            for name in ("unknown", "", "event.kind", "Kind"):
                yield Mutation(number, (*group, name), "x")


def bad_addresses() -> Iterator[Mutation]:
    for number, event in enumerate(EVENTS):
        for path in paths(event):
            if path[-1] == "ip":
                listed = isinstance(at(event, path), list)
                for bad in BAD_IPS:
                    yield Mutation(number, path, [bad] if listed else bad)


def bad_times() -> Iterator[Mutation]:
    for number in range(len(EVENTS)):
        for name in ("@timestamp", "event.start", "event.end"):
            for bad in BAD_TIMES:
                yield Mutation(number, tuple(name.split(".")), bad)


def wrong_words() -> Iterator[Mutation]:
    for number in range(len(EVENTS)):
        for name in ENUM_FIELDS:
            for word in ENUMS:
                yield Mutation(number, tuple(name.split(".")), word)


def numbers_out_of_range() -> Iterator[Mutation]:
    for number, event in enumerate(EVENTS):
        for path in paths(event):
            value = at(event, path)
            if isinstance(value, int | float) and not isinstance(value, bool):
                for other in NUMBERS:
                    yield Mutation(number, path, other)


def wrong_texts() -> Iterator[Mutation]:
    yield from _listed(PATTERNED)


def contradictions() -> Iterator[Mutation]:
    yield from _listed(CONTRADICTIONS)


def repeated_items() -> Iterator[Mutation]:
    for number, event in enumerate(EVENTS):
        for path in paths(event):
            value = at(event, path)
            if isinstance(value, list):
                for other in ([], [*value, *value], [*value, "x"], [*value, None]):
                    yield Mutation(number, path, other)


def outcome_where_none_may_be() -> Iterator[Mutation]:
    for number in _of_type("info", "end"):
        for outcome in ("success", "failure", "unknown", None):
            yield Mutation(number, ("event", "outcome"), outcome)


def no_outcome_where_one_must_be() -> Iterator[Mutation]:
    for number in _of_type("start"):
        for outcome in (GONE, None, "unknown", ["failure"]):
            yield Mutation(number, ("event", "outcome"), outcome)


def _listed(values: dict[str, tuple[Any, ...]]) -> Iterator[Mutation]:
    for number, event in enumerate(EVENTS):
        present = set(paths(event))
        for name, others in values.items():
            path = tuple(name.split("."))
            for other in others:
                if other is not GONE or path in present:
                    yield Mutation(number, path, other)


def _of_type(*types: str) -> list[int]:
    return [n for n, event in enumerate(EVENTS) if event["event"]["type"][0] in types]


KINDS = (
    *(dropped, retyped, unknown_fields, bad_addresses, bad_times, wrong_words),
    *(numbers_out_of_range, wrong_texts, contradictions, repeated_items),
    *(outcome_where_none_may_be, no_outcome_where_one_must_be),
)
# Not one mutation of these kinds is an event.
ALWAYS_REFUSED = (
    *(unknown_fields, bad_addresses, bad_times),
    *(outcome_where_none_may_be, no_outcome_where_one_must_be),
)
