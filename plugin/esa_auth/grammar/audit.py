"""Logins in the audit log, which has a name for each of its parts.

What happened is the last part, so that nothing a user typed can stand behind it. That
a session was established follows the verdict, and is passed over.
"""

import re

from esa_auth.grammar.admin import ADDRESS, NAME, SMA_TESTS
from esa_auth.grammar.rule import Rule
from esa_auth.model.facts import AdminLogin, AdminLogout, Outcome

_WHO = (
    r"Appliance: [^,]{0,256}, Interaction Mode: ([A-Za-z]{1,10}), "
    rf"User: {NAME}, Source IP: {ADDRESS}(?:, Destination IP: {ADDRESS})?"
)
_ROLE = ", Role: "
_WHERE = r"(?:, Location: [^,]*)?"
_API = r", Location: POST /[^,\s]*/login(?: HTTP/[0-9.]{1,5})?"
_HELP = "help of the Security Management appliance, audit logs"
_GUI = "Appliance: esa01.example.com, Interaction Mode: GUI, User: admin, "


def _login(match: re.Match[str], code: str, outcome: Outcome) -> AdminLogin:
    mode, user, address, server = match.groups()[:4]
    role = None
    # Of the API only, and of a refused one it may be what was typed.
    if mode == "API" and _ROLE in user:
        user, _, role = user.rpartition(_ROLE)
    return AdminLogin(
        code,
        outcome,
        user,
        address,
        mode,
        privilege=role if outcome == "success" else None,
        server=server,
        reason=match[5] if outcome == "failure" else None,
    )


def _logout(match: re.Match[str], code: str) -> AdminLogout:
    mode, user, address, server = match.groups()
    return AdminLogout(code, user, address, mode, server)


RULES = (
    Rule(
        name="audited login",
        family="login",
        lead="Appliance",
        expression=rf"{_WHO}{_WHERE}, Event: Successful [Ll]ogin\.?",
        build=lambda m: _login(m, "ADMIN_AUDIT_LOGIN", "success"),
        cuts_user_at=(_ROLE,),
        sample=(
            f"{_GUI}Source IP: 192.0.2.44, Destination IP: 192.0.2.1, "
            "Event: Successful login"
        ),
        seen=_HELP,
    ),
    Rule(
        name="audited refusal",
        family="login",
        lead="Appliance",
        expression=(
            rf"{_WHO}{_WHERE}, Event: (?:Permission denied reason - |"
            r"Error - Code: 401, Details: )?(Invalid username or passphrase)\.?"
        ),
        build=lambda m: _login(m, "ADMIN_AUDIT_LOGIN_FAILED", "failure"),
        cuts_user_at=(_ROLE,),
        sample=(
            f"{_GUI}Source IP: 192.0.2.44, Destination IP: 192.0.2.1, "
            "Location: /login, Event: Permission denied reason - "
            "Invalid username or passphrase"
        ),
        seen=f"{SMA_TESTS}, which leave out what stands between name and reason",
        evidence="third-party",
        also=(
            "Appliance: esa01.example.com, Interaction Mode: API, User: admin, "
            "Role: Administrator, Source IP: 192.0.2.44, Location: /login, Event: "
            "Error - Code: 401, Details: Invalid username or passphrase.",
        ),
    ),
    Rule(
        name="audited API login",
        family="login",
        lead="Appliance",
        expression=rf"{_WHO}{_API}, Event: API Access Success\.?",
        build=lambda m: _login(m, "ADMIN_AUDIT_API_LOGIN", "success"),
        cuts_user_at=(_ROLE,),
        sample=(
            "Appliance: esa01.example.com, Interaction Mode: API, User: admin, "
            "Role: Administrator, Source IP: 192.0.2.44, Destination IP: 192.0.2.1, "
            "Location: POST /esa/api/v2.0/login HTTP/1.0, Event: API Access Success."
        ),
        seen=f"{SMA_TESTS}, which leave out what stands between name and location",
        evidence="third-party",
    ),
    Rule(
        name="audited logout",
        family="login",
        lead="Appliance",
        expression=rf"{_WHO}{_WHERE}, Event: User logged out\.?",
        build=lambda m: _logout(m, "ADMIN_AUDIT_LOGOUT"),
        sample=f"{_GUI}Source IP: 192.0.2.44, Event: User logged out",
        seen=_HELP,
    ),
    Rule(
        name="audited end of a session",
        family="login",
        lead="Appliance",
        expression=rf"{_WHO}{_WHERE}, Event: Session terminated\.?",
        build=lambda m: _logout(m, "ADMIN_AUDIT_SESSION_END"),
        sample=f"{_GUI}Source IP: 192.0.2.44, Event: Session terminated",
        seen=_HELP,
    ),
)
