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
        name="message started",
        family="message",
        lead="Start",
        expression=r"Start MID ([0-9]{1,12}) ICID ([0-9]{1,12})(?: \(.*\))?",
        build=lambda m: MessageStarted(m[1], m[2]),
        sample="Start MID 6 ICID 450",
        seen=_GUIDE,
    ),
    Rule(
        name="sender",
        family="message",
        lead="MID",
        expression=_MID + r"ICID ([0-9]{1,12}) From: .*",
        build=lambda m: SenderGiven(m[1], m[2]),
        sample="MID 6 ICID 450 From: <ann@example.com>",
        seen=_GUIDE,
    ),
    Rule(
        name="recipient",
        family="message",
        lead="MID",
        expression=_MID + r"ICID ([0-9]{1,12}) (RID [0-9]+ )?To: .*",
        build=lambda m: RecipientGiven(m[1], m[2], m[3] is not None),
        sample="MID 6 ICID 450 RID 0 To: <bob@example.com>",
        seen=f"{_GUIDE}; without RID when refused, spamtowho source",
    ),
    Rule(
        name="message ready",
        family="message",
        lead="MID",
        expression=_MID + r"ready [0-9]+ bytes from .*",
        build=lambda m: MessageReady(m[1]),
        sample="MID 6 ready 24663 bytes from <ann@example.com>",
        seen=_GUIDE,
    ),
    Rule(
        name="message aborted",
        family="message",
        lead="Message",
        expression=r"Message aborted MID ([0-9]{1,12}) .*",
        build=lambda m: MessageAborted(m[1]),
        sample="Message aborted MID 6 Receiving aborted",
        seen="spamtowho source, comments",
    ),
)
