"""Detections of our own blindness: what the others cannot see."""

from conf.build.detections import APPLIANCE, Counted, Detection, Is, Isnt, Share, Silent
from conf.build.table.selections import ATTEMPT, DATASET, LETTER
from esa_auth.thresholds import figure, span

BLINDNESS = (
    Detection(
        "unread_lines",
        "Lines of the Gateway That No Rule Reads",
        "medium",
        (),
        "Lines that look like a login were refused and became dead letters: what they"
        " say is in no event, and no detection sees it.",
        ("A new release of AsyncOS with a new wording",),
        (
            *LETTER,
            Isnt("error.type", "unknown_head"),
        ),
        Counted(
            APPLIANCE,
            span("unread_lines"),
            figure("unread_lines", "letters"),
            "letters",
        ),
    ),
    Detection(
        "unknown_heads",
        "Lines of the Gateway with an Unknown Head",
        "medium",
        (),
        "Lines that hold the words of a login stand behind a head of no known form: a"
        " new collector, or a changed one. None of its logins becomes an event.",
        ("A log of another program that quotes lines of the gateway",),
        (*LETTER, Is("error.type", ("unknown_head",))),
        Counted(
            APPLIANCE,
            span("unknown_heads"),
            figure("unknown_heads", "letters"),
            "letters",
        ),
    ),
    Detection(
        "context_missing",
        "SMTP AUTH Without Known Source",
        "medium",
        (),
        "Of the attempts of an appliance within an hour, a fifth or more have no"
        " opening line, so no source: rules that count by source are blind for them.",
        ("The first minutes after a start without a saved state",),
        ATTEMPT,
        Share(
            span("context_missing"),
            figure("context_missing", "attempts"),
            figure("context_missing", "percent"),
        ),
    ),
    Detection(
        "appliance_conflict",
        "Two Appliances Under One Name",
        "medium",
        (),
        "Two appliances write under one name, so it is not known which connection"
        " belongs to which, and events have no source.",
        ("A restored appliance whose connection numbers start again",),
        (DATASET, Is("cisco_esa.flags", ("appliance_conflict",))),
        Counted(
            APPLIANCE,
            span("appliance_conflict"),
            figure("appliance_conflict", "events"),
            "events",
        ),
    ),
    Detection(
        "appliance_silent",
        "Appliance Fell Silent",
        "medium",
        (),
        "An appliance that wrote a hundred or more events within a week has written"
        " none for a day: its log is no longer sent, or no longer read.",
        ("An appliance that was taken out of service",),
        (DATASET,),
        Silent(
            span("appliance_silent", "history"),
            span("appliance_silent", "quiet"),
            figure("appliance_silent", "events"),
        ),
    ),
)
