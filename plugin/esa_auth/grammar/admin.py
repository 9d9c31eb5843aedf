"""Logins to the appliance itself, as its authentication log has them.

The name of a failed login is the attacker's text in the middle of the line: what stands
before it is anchored on the left, outcome and address are read from the right. No name
is longer than `_LONGEST_NAME`: else a syslog that cuts long lines could end one inside
the name, where the attacker wrote an outcome of his own. The token of a session, which
is as good as a password while it lasts, is in no fact.
"""

import re

from esa_auth.grammar.rule import Rule, compiled
from esa_auth.model.facts import AdminLogin, AdminLogout, Fact

_LONGEST_NAME = 256
_LONGEST_ADDRESS = 45
ADDRESS = (
    r"((?:[0-9]{1,3}\.){3}[0-9]{1,3}"
    r"|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\.[0-9]{1,3}){0,3})"
)
NAME = rf"(?P<user>.{{0,{_LONGEST_NAME}}})"
# Who was logged in has a name without blanks; who tries may have typed anything.
ACCOUNT = rf"(?P<user>\S{{1,{_LONGEST_NAME}}})"
SESSION = r"(?P<secret>\S{1,64})"
# The comment on a change stands at the end of a line that begins like the others.
USER = r"User (?!\S{1,256} commit changes: )"
IDLE = r" (?:because|beacuse) of inactivity timeout\.?"
_WORD = r"(\S{1,64})"
# A name, and behind it the address where the line has one.
_NAME_FROM = rf"(?P<user>.{{0,{_LONGEST_NAME + len(' from ') + _LONGEST_ADDRESS}}})"
_AS = rf"(?: with privilege {_WORD})?"
_USING = r" using an? ([A-Z]{2,10}) connection"
_FROM = compiled(rf"(.*) from {ADDRESS}")

_INTERFACES = {"web": "GUI", "cli": "CLI", "command line": "CLI", "ssh": "SSH"}

SC4S = "tests of splunk-connect-for-syslog"
ELASTIC = "sample logs of elastic/integrations, cisco_secure_email_gateway"
SMA_TESTS = "Cisco's own tests of its Security Management appliance"
_GUIDE = "AsyncOS user guide, authentication log"

# Beginnings of a line that nothing else has, and ends of one that begins as others do.
_BEGINS = ("an authentication attempt by ",)
_ENDS = (
    *(" was authenticated successfully", " failed authentication"),
    *(" event: successful login", " invalid username or passphrase"),
)
# No word before may end in a colon: "User ann commit changes: authentication of ..." is
# no login.
_SAYS = re.compile(
    r"(?:the |[a-z]{2,6}: )?(?:user|account) (?:\S*[^\s:] ){1,40}?"
    r"(?:authenticat|logged (?:in|on|out|off)(?![a-z])|login |too many "
    r"|(?:is|was|been|temporarily) (?:un)?locked(?![a-z])|locked out|rate limit)"
)
# What a line begins with that is of a login though no user is its first word.
_HOW = ("failed", "invalid", "successful", "unsuccessful", "too many")
_BY = ("api", "gui", "cli", "ssh", "saml", "jwt", "radius", "two-factor")
_WHAT = (
    *("login", "logon", "logout", "lockout", "sign-in", "authentication"),
    "token generated",
)
# No line was seen of an appliance that refuses a user so: it is kept, and not read.
_DENIED = ("rate limit", "access denied", "permission denied")
_DENIES = re.compile(
    r"(?:rate limit (?:exceeded|reached|hit)|(?:access|permission) denied)"
    r" (?:for|to) (?:the )?(?:user|account) "
)
LOGIN_WORDS = (*_HOW, *_BY, *_WHAT, *_DENIED, "account")
_TRIES = re.compile(
    rf"(?:(?:{'|'.join(_BY)}):? ){{0,2}}(?:(?:{'|'.join(_HOW)}) ){{0,2}}"
    rf"(?:(?:{'|'.join(_WHAT)})(?![a-z])|to (?:authenticate|log ?in) )"
    r"(?<!\Aauthentication)"
    r"|authentication (?:fail|err|succe|ok|den|ref|rej|att|of |for |by )"
)
_AUDITS = re.compile(
    r"appliance: .*, event: (?!user (?:input|visited) )"
    r"(?:\S+ ){0,3}(?:login|logged|authenticat|permission denied reason)"
)


def like(beginning: str, end: str) -> bool:
    """Whether an unread body looks like a login or its end; both in small letters."""
    # Between them may stand a name that is too long to be one.
    ended = end.rstrip(" .").endswith(_ENDS)
    if ended and beginning.startswith(("user ", "appliance: ")):
        return True
    if beginning.startswith("the user ") and " via " in end:
        return True
    said = _SAYS.match(beginning) or _AUDITS.match(beginning)
    said = said or _TRIES.match(beginning) or _DENIES.match(beginning)
    return said is not None or beginning.startswith(_BEGINS)


def tells_of_login(words: str) -> bool:
    """Return whether ``words`` of the appliance are about a login."""
    lowered = words.lower()
    return any(word in lowered for word in _WHAT)


def idle(
    code: str, user: str, interface: str | None = None, address: str | None = None
) -> AdminLogout:
    """Return the end of a session that nobody used."""
    reason = "inactivity timeout"
    return AdminLogout(code, user, address, interface, reason=reason)


def _limited(match: re.Match[str]) -> Fact:
    way = match[2]
    interface = _INTERFACES.get(way.lower(), way)
    reason = "exceeded the limit of login attempts"
    return AdminLogin(
        "ADMIN_ATTEMPTS_EXCEEDED",
        "failure",
        match[1],
        interface=interface,
        reason=reason,
    )


def _of_user(match: re.Match[str]) -> Fact | None:
    name, verdict = match.groups()
    apart = _FROM.fullmatch(name)
    name, address = apart.groups() if apart else (name, None)
    if len(name) > _LONGEST_NAME:
        return None
    if verdict == "failed authentication":
        return AdminLogin("ADMIN_NOT_AUTHENTICATED", "failure", name, address)
    return AdminLogin("ADMIN_AUTHENTICATED", "success", name, address)


RULES = (
    Rule(
        name="administrator authenticated",
        family="login",
        lead="User",
        expression=rf"{USER}{_NAME_FROM} (was authenticated successfully)\.?",
        build=_of_user,
        cuts_user_at=(" from ",),
        sample="User admin was authenticated successfully.",
        seen=f"{_GUIDE}; with the address, {SC4S}",
    ),
    Rule(
        name="administrator not authenticated",
        family="login",
        lead="User",
        expression=rf"{USER}{_NAME_FROM} (failed authentication)\.?",
        build=_of_user,
        cuts_user_at=(" from ",),
        sample="User joe failed authentication.",
        seen=f"{_GUIDE}; with the address, {SC4S}",
    ),
    Rule(
        name="administrator authenticated by a connection",
        family="login",
        lead="User",
        expression=(
            rf"{USER}{NAME} from {ADDRESS} was authenticated successfully{_AS}"
            rf"(?: by {_WORD} based authentication)?{_USING}\.?"
        ),
        build=lambda m: AdminLogin(
            "ADMIN_AUTHENTICATED", "success", m[1], m[2], m[5], m[3], m[4]
        ),
        sample=(
            "User admin from 192.0.2.44 was authenticated successfully with privilege "
            "operators by password based authentication using an SSH connection."
        ),
        seen=SMA_TESTS,
        evidence="third-party",
    ),
    Rule(
        name="administrator logged on",
        family="login",
        lead="The",
        expression=(
            rf"The user {NAME} successfully logged on from {ADDRESS}"
            rf"{_AS}(?:{_USING})?\.?"
        ),
        build=lambda m: AdminLogin(
            "ADMIN_LOGGED_ON", "success", m[1], m[2], m[4], m[3]
        ),
        sample=(
            "The user admin successfully logged on from 192.0.2.44 with privilege "
            "operators using an HTTPS connection."
        ),
        seen=f"{ELASTIC}; without the privilege, {SC4S}",
        evidence="redacted",
    ),
    Rule(
        name="administrator refused",
        family="login",
        lead="An a",
        expression=(
            rf"An authentication attempt by the user {NAME} from {ADDRESS} failed"
            rf"(?:{_USING})?\.?"
        ),
        build=lambda m: AdminLogin("ADMIN_REFUSED", "failure", m[1], m[2], m[3]),
        sample=(
            "An authentication attempt by the user admin from 192.0.2.44 failed "
            "using an HTTPS connection."
        ),
        seen=f"{ELASTIC}; without the connection, {SC4S}",
        evidence="redacted",
    ),
    Rule(
        name="administrator over the limit",
        family="login",
        lead="The",
        expression=(
            rf"The user {NAME} has exceeded the limit of login attempts when trying to "
            r"authenticate via (?:the )?([A-Za-z][A-Za-z -]{0,39}?)(?: interface)?\.?"
        ),
        build=_limited,
        sample=(
            "The user admin has exceeded the limit of login attempts when trying to "
            "authenticate via the web interface"
        ),
        seen=f"{SMA_TESTS}, of the web interface alone",
        evidence="third-party",
    ),
    Rule(
        name="quarantine login",
        family="login",
        lead="Auth",
        expression=(
            rf"Authentication OK, user {NAME} with privilege {_WORD} "
            r"logged in to (Spam Quarantine)\.?"
        ),
        build=lambda m: AdminLogin(
            "ADMIN_QUARANTINE_LOGIN", "success", m[1], None, m[3], m[2]
        ),
        sample=(
            "Authentication OK, user ann with privilege helpdesk logged in to "
            "Spam Quarantine"
        ),
        seen=SMA_TESTS,
        evidence="third-party",
    ),
    Rule(
        name="quarantine logout",
        family="login",
        lead="User",
        expression=rf"{USER}{NAME} logged out from (Spam Quarantine)\.?",
        # A dash is nobody.
        build=lambda m: AdminLogout(
            "ADMIN_QUARANTINE_LOGOUT", None if m[1] == "-" else m[1], None, m[2]
        ),
        sample="User - logged out from Spam Quarantine",
        seen=SMA_TESTS,
        evidence="third-party",
    ),
    Rule(
        name="administrator logged out",
        family="login",
        lead="logout",
        expression=rf"logout:{ADDRESS} user:{NAME} session:(?P<secret>\S*)",
        build=lambda m: AdminLogout("ADMIN_LOGOUT", m[2], m[1]),
        sample="logout:192.0.2.44 user:admin session:example",
        seen=f"{ELASTIC}; {SC4S}",
        evidence="redacted",
    ),
    Rule(
        name="administrator left a session",
        family="login",
        lead="User",
        expression=(
            rf"{USER}{NAME} logged out of ([A-Z]{{2,10}}) session"
            rf"(?: (?:{ADDRESS}|{SESSION}))?\.?"
        ),
        build=lambda m: AdminLogout("ADMIN_SESSION_LOGOUT", m[1], m[3], m[2]),
        sample="User admin logged out of SSH session 192.0.2.44",
        seen=f"{ELASTIC}; of a GUI session, without an address, {SMA_TESTS}",
        evidence="redacted",
        also=("User admin logged out of GUI session example",),
    ),
)
