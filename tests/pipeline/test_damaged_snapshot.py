"""A snapshot with one value of another type is taken up, or refused in one line."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import msgpack
import pytest

from esa_auth.pipeline.entries import Head
from tests.support.damage import Path, called, damaged, paths
from tests.support.harness import SETTINGS, ended, inbound, made, native, opened, syslog

# Waiting, so that there is something held.
WAITS = replace(SETTINGS, wait=60, redact=True, redact_wait=60)
REFUSED = (ValueError, TypeError, LookupError, AttributeError)
BODIES: tuple[str | bytes, ...] = (
    *("Version: 15.0.0-097 SN: 000000000000-0000000", b"Begin Logfile"),
    *opened(),
    b"ICID 450 TLS success protocol TLSv1.3 cipher X",
    inbound(outcome="succeeded"),
    b"Start MID 6 ICID 450",
    b"MID 6 ICID 450 From: <ann@example.com>",
    b"MID 6 ICID 450 RID 0 To: <bob@example.com>",
    *opened(451),
    *opened(452),
    inbound(452),
    b"ICID 452 close",
    b"New SMTP DCID 7 interface 192.0.2.1 address 198.51.100.9 port 25",
    b"DCID: 7 IP: 198.51.100.9 SMTP authentication using the profile relay succeeded.",
    b"Bounced: DCID 7 MID 6 to RID 0 - 5.1.0 - ('550', ['no'])",
)
ODD = native(inbound(453)).replace(b"2009", b"2019")
LATER = [
    *map(native, BODIES),
    native(inbound(451), 90),
    native(b"MID 6 ready 100 bytes from <ann@example.com>", 90),
    native(b"ICID 450 close", 90),
    native(b"DCID 7 close", 90),
    syslog(inbound(450), 90),
]


def saved() -> dict[str, Any]:
    pipeline = made(WAITS)
    pipeline.feed([*map(native, BODIES), *map(syslog, BODIES), ODD])
    return plain(pipeline.snapshot())


def plain(snapshot: Any) -> dict[str, Any]:
    """Return what a file has of a snapshot, entries unpacked, too."""
    found: dict[str, Any] = msgpack.unpackb(
        msgpack.packb(snapshot), strict_map_key=False
    )
    for name, entries in found["appliances"].items():
        found["appliances"][name] = {
            entry: msgpack.unpackb(value, strict_map_key=False)
            for entry, value in entries
        }
    return found


def packed(snapshot: Any) -> Any:
    if isinstance(snapshot, dict) and isinstance(snapshot.get("appliances"), dict):
        for name, entries in snapshot["appliances"].items():
            if isinstance(entries, dict):
                snapshot["appliances"][name] = [
                    [entry, msgpack.packb(value)] for entry, value in entries.items()
                ]
    return snapshot


SAVED = saved()


@pytest.mark.parametrize("path", list(paths(SAVED)), ids=called)
def test_a_value_of_another_type_is_taken_or_refused(path: Path) -> None:
    """And if it was taken, it troubles none of the lines that come."""
    for wrong in damaged(SAVED, path):
        pipeline = made(WAITS)
        try:
            pipeline.restore(packed(wrong))
        except REFUSED:
            continue
        plain(pipeline.snapshot())
        pipeline.feed(LATER)
        pipeline.drain()
        ended(pipeline).assert_accounted()


def test_the_snapshot_has_all_that_can_be_in_one() -> None:
    entries = SAVED["appliances"]["esa"]
    kinds = {frozenset(entry) for name, entry in entries.items() if name[0] == "s"}
    assert set(Head._fields) - set(entries["head"]) <= {"series"}
    connection = {"order", "side", "number"}
    assert connection | {"kept"} in kinds
    assert connection | {"session", "messages", "held"} in kinds
    assert SAVED["appliances"]["esa01"]["held"]
    pipeline = made(WAITS)
    pipeline.restore(packed(deepcopy(SAVED)))
    assert plain(pipeline.snapshot()) == SAVED
