"""A login to the appliance in new words is kept; what only begins so is ignored."""

import pytest

from tests.support.harness import native, run, syslog


@pytest.mark.parametrize(
    "body",
    [
        "An authentication attempt by the user ann from 192.0.2.44 was refused.",
        "User ann from 2001:db8::44 could not be authenticated.",
        "User ann was authenticated by a passkey.",
        "The user ann logged on from 192.0.2.44.",
        "GUI: User ann logged out from session x because of a reset",
        "CLI: User ann logged out",
        "Authentication OK, user ann logged in to something new",
        "logout: user:ann",
        "Appliance: a, Interaction Mode: GUI, User: ann, Event: Successful login",
        "Appliance: a, Interaction Mode: GUI, User: ann, Source IP: 192.0.2.44, "
        "Event: Login failed",
        "The user ann has exceeded the limit of login attempts",
        "The user ann has made too many attempts to log on via the CLI",
        "User ann is locked after 5 consecutive login failures.",
        "The user account ann has been locked",
        "Account ann was temporarily locked",
        "User ann is over the rate limit",
        "Login: JWT Token Generated for user ann by a passkey",
        "Login: Invalid credentials for user ann",
        "Login failed for user ann",
        "Logout: user ann",
        "Failed login of ann from 192.0.2.44",
        "Failed to authenticate user ann",
        "Invalid login attempt: ann",
        "Too many login attempts: ann",
        "Too many failed login attempts for user ann",
        "RADIUS authentication failed for user ann",
        "Two-factor authentication failed for user ann",
        "Lockout of user ann",
        "Authentication failed for user ann",
        "API: Login refused for user ann",
        "API login of ann failed",
        "JWT Token Generated for user ann",
        "SAML authentication of ann failed",
    ],
)
def test_a_wording_of_the_family_that_is_new_is_refused_and_kept(body: str) -> None:
    found = run([native(body), syslog(body)])
    assert not found.events
    assert [letter["error"]["type"] for letter in found.dead] == ["unread"] * 2
    found.assert_accounted()


@pytest.mark.parametrize(
    "body",
    [
        "User admin commit changes: SMTP authentication for guests",
        "User admin has changed the passphrase",
        "The user interface was restarted",
        "The feature key expired",
        "An attachment was stripped",
        "Action: dropped by filter",
        "Session fRK3TSjz from 192.0.2.44 not found",
        "SourceIP:192.0.2.44 Destination:/x Username:admin Privilege:admin session:x "
        "Action: Something else.",
        "Appliance: a, Interaction Mode: GUI, User: ann, Source IP: 192.0.2.44, "
        "Event: Session established successfully",
        "Appliance: a, Interaction Mode: GUI, User: ann, Source IP: 192.0.2.44, "
        "Location: /system_administration/users, Event: Added user ben",
        "PID 2585: User admin entered 'who'; prompt was '\\nesa01> '",
        "CLI: restarted",
        "logo was uploaded",
        "Checking access for user admin role Administrator",
        "Checking access for user login role authentication",
        "API: GET /esa/api/v2.0/health",
        "Failed to connect to the update server",
        "Invalid DNS response",
        "Successful update of the engine",
        "Account quota changed",
        "JWT library loaded",
    ],
)
def test_what_begins_so_and_is_no_login_is_ignored(body: str) -> None:
    found = run([native(body), syslog(body)])
    assert (found.events, found.dead) == ([], [])
    assert found.counters.ignored == 2
