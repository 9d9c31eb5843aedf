"""Sessions of people on the appliance: how they begin and end in GUI and CLI logs."""

from esa_auth.grammar.admin import (
    ACCOUNT,
    ADDRESS,
    ELASTIC,
    IDLE,
    NAME,
    SC4S,
    SESSION,
    SMA_TESTS,
    USER,
    idle,
)
from esa_auth.grammar.rule import Rule
from esa_auth.model.facts import AdminLogin, AdminLogout

_PID = r"PID [0-9]{1,10}: "

RULES = (
    Rule(
        name="GUI login",
        family="login",
        lead="Source",
        expression=(
            rf"SourceIP:{ADDRESS} Destination:\S* Username:{NAME} "
            r"Privilege:([^:]{0,64}) session:(?P<secret>\S*) "
            r"Action: The ([A-Z]{2,10}) session has been established successfully\.?"
        ),
        build=lambda m: AdminLogin(
            "ADMIN_GUI_LOGIN", "success", m[2], m[1], m[5], m[3] or None
        ),
        sample=(
            "SourceIP:192.0.2.44 Destination:/login Username:admin Privilege:operators "
            "session:example Action: The HTTPS session has been established "
            "successfully."
        ),
        seen=f"{ELASTIC}; {SMA_TESTS}",
        evidence="redacted",
    ),
    Rule(
        name="GUI session expired",
        family="login",
        lead="Session",
        # The token is the client's cookie: of one that is not known, the line goes on
        # behind what looks like a name with an address and a page.
        expression=rf"Session {SESSION} user:{ACCOUNT} (expired)\.?",
        build=lambda m: AdminLogout(
            "ADMIN_GUI_SESSION_EXPIRED", m[2], None, "GUI", reason=m[3]
        ),
        sample="Session example user:admin expired",
        seen=ELASTIC,
        evidence="redacted",
    ),
    Rule(
        name="GUI idle, in its own log",
        family="login",
        lead="Action",
        expression=rf"Action: User {NAME} logged out from session {SESSION}{IDLE}",
        build=lambda m: idle("ADMIN_GUI_IDLE_LOGOUT", m[1], "GUI"),
        sample=(
            "Action: User admin logged out from session example "
            "beacuse of inactivity timeout"
        ),
        seen=ELASTIC,
        evidence="redacted",
    ),
    Rule(
        name="GUI idle",
        family="login",
        lead="GUI:",
        expression=rf"(GUI): User {NAME} logged out from session {SESSION}{IDLE}",
        build=lambda m: idle("ADMIN_IDLE_LOGOUT", m[2], m[1]),
        sample=(
            "GUI: User admin logged out from session example because of inactivity "
            "timeout"
        ),
        seen=ELASTIC,
        evidence="redacted",
    ),
    Rule(
        name="CLI idle",
        family="login",
        lead="CLI:",
        expression=rf"(CLI): User {NAME} logged out from {ADDRESS}{IDLE}",
        build=lambda m: idle("ADMIN_IDLE_LOGOUT", m[2], m[1], m[3]),
        sample=(
            "CLI: User admin logged out from 192.0.2.44 because of inactivity timeout"
        ),
        seen=ELASTIC,
        evidence="redacted",
    ),
    Rule(
        name="idle",
        family="login",
        lead="User",
        expression=rf"{USER}{NAME} logged out from session(?: {SESSION})?{IDLE}",
        build=lambda m: idle("ADMIN_IDLE_LOGOUT", m[1]),
        sample=(
            "User admin logged out from session example because of inactivity timeout"
        ),
        seen=SMA_TESTS,
        evidence="third-party",
    ),
    Rule(
        name="CLI login",
        family="login",
        lead="PID",
        # Others write commands and comments into this log: an account has no blank.
        expression=rf"{_PID}User {ACCOUNT} login from {ADDRESS} on {ADDRESS}",
        build=lambda m: AdminLogin(
            "ADMIN_CLI_LOGIN", "success", m[1], m[2], "CLI", server=m[3]
        ),
        sample="PID 2585: User admin login from 192.0.2.44 on 192.0.2.1",
        seen=(
            "README of a Splunk app for the Web Security appliance, without the "
            "PID that "
            "other lines of this log begin with"
        ),
        evidence="third-party",
    ),
    Rule(
        name="CLI idle, in its own log",
        family="login",
        lead="PID",
        expression=rf"{_PID}User {ACCOUNT} logged out from session{IDLE}",
        build=lambda m: idle("ADMIN_CLI_IDLE_LOGOUT", m[1], "CLI"),
        sample=(
            "PID 2585: User admin logged out from session because of inactivity "
            "timeout."
        ),
        seen=SC4S,
        evidence="redacted",
    ),
)
