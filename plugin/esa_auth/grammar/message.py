"""Lines of a message (MID) that belong to an inbound connection."""

from esa_auth.grammar.rule import Rule
from esa_auth.model.facts import (
    MessageAborted,
    MessageReady,
    MessageStarted,
    RecipientGiven,
    SenderGiven,
)

_MID = r"MID ([0-9]{1,12}) "
_GUIDE = "AsyncOS user guide, logging chapter"

RULES = (
    Rule(
        "message started",
        "Start",
        r"Start MID ([0-9]{1,12}) ICID ([0-9]{1,12})(?: \(.*\))?",
        lambda m: MessageStarted(m[1], m[2]),
        "Start MID 6 ICID 450",
        _GUIDE,
    ),
    Rule(
        "sender",
        "MID",
        _MID + r"ICID ([0-9]{1,12}) From: .*",
        lambda m: SenderGiven(m[1], m[2]),
        "MID 6 ICID 450 From: <ann@example.com>",
        _GUIDE,
    ),
    Rule(
        "recipient",
        "MID",
        _MID + r"ICID ([0-9]{1,12}) (RID [0-9]+ )?To: .*",
        lambda m: RecipientGiven(m[1], m[2], m[3] is not None),
        "MID 6 ICID 450 RID 0 To: <bob@example.com>",
        f"{_GUIDE}; without RID when refused, spamtowho source",
    ),
    Rule(
        "message ready",
        "MID",
        _MID + r"ready [0-9]+ bytes from .*",
        lambda m: MessageReady(m[1]),
        "MID 6 ready 24663 bytes from <ann@example.com>",
        _GUIDE,
    ),
    Rule(
        "message aborted",
        "Message",
        r"Message aborted MID ([0-9]{1,12}) .*",
        lambda m: MessageAborted(m[1]),
        "Message aborted MID 6 Receiving aborted",
        "spamtowho source, comments",
    ),
)
