"""The public interface for Python; `esa_auth` gives what is in ``__all__`` here.

>>> import esa_auth
>>> log = [
...     b"Wed Apr 22 11:43:59 2009 Info: New SMTP ICID 450 interface Data (192.0.2.1) "
...     b"address 198.51.100.7 reverse dns host unknown verified no",
...     b"Wed Apr 22 11:44:48 2009 Info: SMTP Auth: (ICID 450) failed for user: ann "
...     b"using AUTH mechanism: PLAIN with profile: staff",
...     b"Wed Apr 22 11:46:14 2009 Info: ICID 450 close",
... ]
>>> for event in esa_auth.events(log, timezone="Europe/Berlin"):
...     print(event["@timestamp"], event["event"]["action"], event["source"]["ip"])
2009-04-22T09:44:48.000Z smtp-auth 198.51.100.7
2009-04-22T09:46:14.000Z smtp-session-end 198.51.100.7
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Unpack

from esa_auth import resources
from esa_auth.api.joiner import Event, Joiner, Line, as_bytes
from esa_auth.api.options import Options, configuration
from esa_auth.commands.opening import enriched, read_time
from esa_auth.errors import ConfigError, EsaAuthError
from esa_auth.pipeline import Pipeline
from esa_auth.pipeline.explanation import Explanation, explained
from esa_auth.validation import EventSchema
from esa_auth.visible import counted

__all__ = [
    "ConfigError",
    "EsaAuthError",
    "Explanation",
    "Joiner",
    "events",
    "explain",
    "schema",
    "validate",
]

_log = logging.getLogger("esa_auth")


def events(
    lines: Iterable[Line],
    *,
    dead_letters: Callable[[dict[str, Any]], object] | None = None,
    **options: Unpack[Options],
) -> Iterator[Event]:
    """Yield the events of a log, as dicts of ECS.

    The events of a line come before the next line is asked for, so ``lines`` may never
    end. When they do, sessions still open get an end with ``closed: False``.

    Args:
        lines: Lines of ``bytes`` or ``str``, as a file opened with ``"rb"`` gives them,
            of text or JSON (the first byte tells which).
        dead_letters: Called with each line that looks like AUTH and cannot be read.
            Without it, how many there were is logged as a warning at the end.
        options: See `Options`.

    Raises:
        ConfigError, TypeError: as `Joiner`, when the first event is asked for.
    """
    joiner = Joiner(**options)
    for line in lines:
        yield from joiner.feed(line)
        _hand_on(joiner, dead_letters)
    yield from joiner.close()
    _hand_on(joiner, dead_letters)
    if joiner.dead_letters:
        many = counted(len(joiner.dead_letters), "dead letter")
        _log.warning("%s: lines like AUTH, not read; dead_letters= takes them", many)


def _hand_on(
    joiner: Joiner, dead_letters: Callable[[dict[str, Any]], object] | None
) -> None:
    if dead_letters and joiner.dead_letters:
        for letter in joiner.dead_letters:
            dead_letters(letter)
        joiner.dead_letters.clear()


def explain(
    line: Line, *, before: Iterable[Line] = (), **options: Unpack[Options]
) -> Explanation:
    """Return how a line is read; ``before`` are lines of its session before it.

    >>> from esa_auth import explain
    >>> found = explain("Wed Apr 22 11:46:14 2009 Info: ICID 450 close")
    >>> found.verdict, found.rule
    ('context', 'inbound close')
    >>> [(part.name, found.text[part.start : part.end]) for part in found.parts][-1]
    ('number', '450')

    Raises:
        ConfigError, TypeError: as `Joiner`.
    """
    config, _ = enriched(configuration({**options, "wait": 0}))
    settings = replace(config.pipeline, redact_wait=0)
    pipeline = Pipeline(settings, read_time, as_json=True)
    pipeline.feed([as_bytes(one).rstrip(b"\r\n") for one in before])
    pipeline.settle()
    pipeline.take_events()
    pipeline.take_dead()
    return explained(as_bytes(line).rstrip(b"\r\n"), pipeline)


def validate(event: object) -> list[str]:
    """Return why ``event`` is no event of this program; empty if it is one.

    >>> from esa_auth import validate
    >>> validate({"@timestamp": "yesterday"})[0]
    "$: 'ecs' is a required property"

    At most eight reasons, worst first, each beginning with the JSON path of the field.
    """
    found = EventSchema()
    return [] if found.valid(event) else found.reasons(event)


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of an event, yours to change.

    >>> from esa_auth import schema
    >>> schema()["properties"]["event"]["properties"]["id"]["type"]
    'string'
    """
    return resources.schema("auth-event")
