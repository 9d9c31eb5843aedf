"""What a dead letter keeps beside the bytes, so that a replay can read them again."""

from typing import Any

from esa_auth import grammar
from esa_auth.envelope import Clock, read_prefix
from esa_auth.model.dead_letter import Recall
from esa_auth.model.session import Source
from esa_auth.pipeline.appliance import Appliance, Line


def recall_line(line: Line) -> Recall:
    """Return it for a line that made no event; it is counted like one that did."""
    appliance, raw, prefix = line.appliance, line.physical, line.prefix
    instant = line.instant
    ordinal = None
    if instant is not None:
        ordinal = appliance.identity.ordinal(raw, instant.epoch)
    time = None
    if prefix and prefix.stamp and prefix.stamp.encode() not in raw[:512]:
        time = prefix.stamp
    return _recall(appliance, time, ordinal)


def recall_event(event: dict[str, Any], source: Source, appliance: Appliance) -> Recall:
    """Return it for an event that the schema refuses."""
    if event["event"]["action"] == "smtp-session-end":
        return _recall(appliance, None, None)._replace(session_end=True)
    raw = source.raw or b""
    ordinal = source.ordinal
    if ordinal is None:
        ordinal = appliance.identity.counted(raw, source.instant.epoch)
    return _recall(appliance, source.outside, ordinal)


def recall_source(source: Source, appliance: Appliance) -> Recall:
    """Return it for a line that made no event though it was read; it was counted."""
    ordinal = appliance.identity.counted(source.raw or b"", source.instant.epoch)
    return _recall(appliance, source.outside, ordinal)


def own_text(raw: bytes) -> str:
    """Return what a line begins with that only the appliance can have written."""
    prefix = read_prefix(raw)
    # Of a longer body the beginning is enough.
    body = raw[prefix.body_at :][:1024].decode("utf-8", "backslashreplace")
    stamp, level = prefix.stamp, prefix.level
    if stamp is None or Clock(None, 0).resolve(stamp) is None:
        stamp = ""
    head = [stamp, f"{level.title()}:" if level else "", grammar.own_text(body)]
    return " ".join(filter(None, head))


def _recall(appliance: Appliance, time: str | None, ordinal: int | None) -> Recall:
    clock, observer = appliance.clock.snapshot(), appliance.observer
    return Recall(
        time,
        ordinal,
        clock["offset"],
        clock["last"],
        observer.version,
        observer.serial,
        implausible=appliance.clock.odd_one,
    )
