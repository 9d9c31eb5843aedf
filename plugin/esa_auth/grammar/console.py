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
        "GUI login",
        "Source",
        rf"SourceIP:{ADDRESS} Destination:\S* Username:{NAME} "
        r"Privilege:([^:]{0,64}) session:(?P<secret>\S*) "
        r"Action: The ([A-Z]{2,10}) session has been established successfully\.?",
        lambda m: AdminLogin(
            "ADMIN_GUI_LOGIN", "success", m[2], m[1], m[5], m[3] or None
        ),
        "SourceIP:192.0.2.44 Destination:/login Username:admin Privilege:operators "
        "session:example Action: The HTTPS session has been established successfully.",
        f"{ELASTIC}; {SMA_TESTS}",
        "redacted",
    ),
    Rule(
        "GUI session expired",
        "Session",
        # The token is the client's cookie: of one that is not known, the line goes on
        # behind what looks like a name with an address and a page.
        rf"Session {SESSION} user:{ACCOUNT} (expired)\.?",
        lambda m: AdminLogout(
            "ADMIN_GUI_SESSION_EXPIRED", m[2], None, "GUI", reason=m[3]
        ),
        "Session example user:admin expired",
        ELASTIC,
        "redacted",
    ),
    Rule(
        "GUI idle, in its own log",
        "Action",
        rf"Action: User {NAME} logged out from session {SESSION}{IDLE}",
        lambda m: idle("ADMIN_GUI_IDLE_LOGOUT", m[1], "GUI"),
        "Action: User admin logged out from session example "
        "beacuse of inactivity timeout",
        ELASTIC,
        "redacted",
    ),
    Rule(
        "GUI idle",
        "GUI:",
        rf"(GUI): User {NAME} logged out from session {SESSION}{IDLE}",
        lambda m: idle("ADMIN_IDLE_LOGOUT", m[2], m[1]),
        "GUI: User admin logged out from session example because of inactivity timeout",
        ELASTIC,
        "redacted",
    ),
    Rule(
        "CLI idle",
        "CLI:",
        rf"(CLI): User {NAME} logged out from {ADDRESS}{IDLE}",
        lambda m: idle("ADMIN_IDLE_LOGOUT", m[2], m[1], m[3]),
        "CLI: User admin logged out from 192.0.2.44 because of inactivity timeout",
        ELASTIC,
        "redacted",
    ),
    Rule(
        "idle",
        "User",
        rf"{USER}{NAME} logged out from session(?: {SESSION})?{IDLE}",
        lambda m: idle("ADMIN_IDLE_LOGOUT", m[1]),
        "User admin logged out from session example because of inactivity timeout",
        SMA_TESTS,
        "third-party",
    ),
    Rule(
        "CLI login",
        "PID",
        # Others write commands and comments into this log: an account has no blank.
        rf"{_PID}User {ACCOUNT} login from {ADDRESS} on {ADDRESS}",
        lambda m: AdminLogin(
            "ADMIN_CLI_LOGIN", "success", m[1], m[2], "CLI", server=m[3]
        ),
        "PID 2585: User admin login from 192.0.2.44 on 192.0.2.1",
        "README of a Splunk app for the Web Security appliance, without the PID that "
        "other lines of this log begin with",
        "third-party",
    ),
    Rule(
        "CLI idle, in its own log",
        "PID",
        rf"{_PID}User {ACCOUNT} logged out from session{IDLE}",
        lambda m: idle("ADMIN_CLI_IDLE_LOGOUT", m[1], "CLI"),
        "PID 2585: User admin logged out from session because of inactivity timeout.",
        SC4S,
        "redacted",
    ),
)
