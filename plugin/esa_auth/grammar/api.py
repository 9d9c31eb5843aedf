"""Logins in the API log, which the new pages of the appliance write too.

No public line of a refused one was found. The authentication log has that as well.
"""

from esa_auth.grammar.admin import ACCOUNT, SMA_TESTS
from esa_auth.grammar.rule import Rule
from esa_auth.model.facts import AdminLogin, Passed

LOGINS = (
    Rule(
        "API login",
        "Login",
        rf"Login: JWT Token Generated for user {ACCOUNT}",
        lambda m: AdminLogin("ADMIN_API_LOGIN", "success", m[1], interface="API"),
        "Login: JWT Token Generated for user admin",
        SMA_TESTS,
        "third-party",
    ),
)
RULES = (
    *LOGINS,
    Rule(
        "API access",
        "Checking",
        # Of each request of somebody who is logged in.
        r"Checking access for user .{1,256} role .{1,64}",
        lambda _: Passed(),
        "Checking access for user admin role Administrator",
        SMA_TESTS,
        "third-party",
    ),
)
