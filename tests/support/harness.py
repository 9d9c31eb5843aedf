"""The pipeline as the tests run it: bytes in, what came out and the account of it."""

import os
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from esa_auth.inputs.decode import Decoder
from esa_auth.inputs.framings import among
from esa_auth.inputs.records import Keys, Terms
from esa_auth.model.counters import Counters
from esa_auth.pipeline import Pipeline, Settings

Event = dict[str, Any]

# 1 July 2026: stamps without a year are of the year before it.
# ESA_AUTH_NATIVE=1 has all tests that use them read with native code.
SETTINGS = Settings(
    reference=1_782_864_000, native=os.environ.get("ESA_AUTH_NATIVE") == "1"
)
WAIT = replace(SETTINGS, wait=2)
READ_AT = "2026-07-01T00:00:00.000Z"
# The body of a line of a connection that is open.
TLS = b"ICID 450 TLS success protocol TLSv1.2 cipher AES128-SHA"


@dataclass(frozen=True, slots=True)
class Run:
    """What came out."""

    events: list[Event]
    dead: list[Event]
    counters: Counters

    @property
    def results(self) -> list[Event]:
        """The verdicts on attempts."""
        return [e for e in self.events if e["event"]["type"] == ["start"]]

    def of(self, appliance: str, side: str, number: int) -> list[Event]:
        """Return the events of one session number."""
        return [
            event
            for event in self.events
            if event["observer"]["name"] == appliance
            and event["cisco_esa"].get(side) == number
        ]

    def assert_accounted(self) -> None:
        """Every line is in exactly one count, every event and letter in its own."""
        count = self.counters
        kinds = [e["event"]["type"] for e in self.events]
        actions = [e["event"]["action"] for e in self.events]
        reports = actions.count("smtp-session-progress")
        logouts = actions.count("admin-logout")
        assert count.results == kinds.count(["start"])
        assert count.session_progress == reports
        assert count.ancillary == kinds.count(["info"]) - reports + logouts
        assert count.session_ends == actions.count("smtp-session-end")
        assert count.session_ends == kinds.count(["end"]) - logouts
        assert count.events == len(self.events)
        assert count.dead_letters == len(self.dead)
        # Derived: below zero, a line was counted twice.
        assert count.ignored >= 0
        broken_ends = sum(
            letter["error"]["type"] == "invalid_event" for letter in self.dead
        )
        assert count.rejected <= count.dead_letters <= count.rejected + broken_ends


def taken(pipeline: Pipeline) -> list[Event]:
    """Take the events, each as one dict that a test may change."""
    # The context of a document is that of many events.
    return [deepcopy(event) for event in pipeline.take_events()]


def made(settings: Settings = SETTINGS) -> Pipeline:
    """Return a pipeline whose clock stands still."""
    return Pipeline(settings, lambda: READ_AT)


def run(lines: Iterable[bytes], settings: Settings = SETTINGS) -> Run:
    """Run text lines through a new pipeline, to its end."""
    pipeline = made(settings)
    pipeline.feed(list(lines))
    pipeline.drain()
    return ended(pipeline)


def decode(
    blocks: Sequence[bytes], form: str = "auto", settings: Settings = SETTINGS
) -> Run:
    """Run blocks of stdin through a new pipeline, to its end."""
    pipeline = made(settings)
    decoder = Decoder(
        pipeline, among(form), Terms(Keys(), settings.max_line, settings.native)
    )
    for block in blocks:
        if not decoder.feed(block):
            break
    decoder.finish()
    pipeline.drain()
    return ended(pipeline)


def ended(pipeline: Pipeline) -> Run:
    """Take what ``pipeline`` made."""
    return Run(taken(pipeline), pipeline.take_dead(), pipeline.counters)


def less_quoted(events: list[Event]) -> list[Event]:
    """Return ``events`` without their ids and without the reply that a bounce quotes.

    The ids, because the same lines came before in the same second.
    """
    found = []
    for event in events:
        about = {k: v for k, v in event["event"].items() if k != "id"}
        own = dict(event["cisco_esa"])
        if "summary" in own:
            own["summary"] = {k: v for k, v in own["summary"].items() if k != "bounce"}
        found.append(event | {"event": about, "cisco_esa": own})
    return found


def native(body: str | bytes, second: int = 0) -> bytes:
    """Return a line as it stands in the appliance's own file."""
    text = body if isinstance(body, bytes) else body.encode()
    stamp = f"Wed Apr 22 11:{second // 60:02d}:{second % 60:02d} 2009"
    return f"{stamp} Info: ".encode() + text


def syslog(body: str | bytes, second: int = 0, host: str = "esa01") -> bytes:
    """Return a line as the appliance pushes it by syslog."""
    text = body if isinstance(body, bytes) else body.encode()
    stamp = f"Apr 22 11:{second // 60:02d}:{second % 60:02d}"
    return f"<22>{stamp} {host} mail_logs: Info: ".encode() + text


def inbound(
    icid: int = 450,
    user: str | bytes = b"ann",
    outcome: str = "failed",
    mechanism: str = "PLAIN",
    profile: str = "staff",
) -> bytes:
    """Return the body of an inbound AUTH result."""
    name = user if isinstance(user, bytes) else user.encode()
    return (
        f"SMTP Auth: (ICID {icid}) {outcome} for user: ".encode()
        + name
        + f" using AUTH mechanism: {mechanism} with profile: {profile}".encode()
    )


def opened(icid: int = 450, name: str | bytes = b"mail.example.com") -> list[bytes]:
    """Return the bodies of the opening lines of an inbound connection."""
    host = name if isinstance(name, bytes) else name.encode()
    return [
        f"New SMTP ICID {icid} interface Data 1 (192.0.2.1) "
        "address 198.51.100.7 reverse dns host ".encode()
        + host
        + b" verified no",
        f"ICID {icid} ACCEPT SG UNKNOWNLIST match ALL SBRS 1.2".encode(),
    ]
