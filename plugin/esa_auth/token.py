"""The token of a session on the appliance's own pages: who has it is logged in."""

import re

HIDDEN = "[hidden]"
# Where the lines of `grammar.admin` and `grammar.console` have it: at the end of the
# line, before the words that follow, or at the beginning.
_TOKEN = re.compile(
    r"(?<= session:)\S+(?=\Z| Action: The [A-Z]{2,10} session has been established )"
    r"|(?<= logged out from session )\S+(?= be[ac]{2}use of inactivity timeout\.?\Z)"
    r"|(?<= logged out of GUI session )\S+(?=\Z)"
    r"|(?<=\ASession )\S+(?= user:)",
    re.ASCII,
)


def without_token(body: str) -> str:
    """Return the body of a line of a login or its end, the token taken out."""
    return _TOKEN.sub(HIDDEN, body)
