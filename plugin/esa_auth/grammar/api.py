"""Logins in the API log, which the new pages of the appliance write too.

No public line of a refused one was found. The authentication log has that as well.
"""

from esa_auth.grammar.admin import ACCOUNT, SMA_TESTS
from esa_auth.grammar.rule import Rule
from esa_auth.model.facts import AdminLogin, Passed

LOGINS = (
    Rule(
        name="API login",
        family="login",
        lead="Login",
        expression=rf"Login: JWT Token Generated for user {ACCOUNT}",
        build=lambda m: AdminLogin("ADMIN_API_LOGIN", "success", m[1], interface="API"),
        sample="Login: JWT Token Generated for user admin",
        seen=SMA_TESTS,
        evidence="third-party",
    ),
)
RULES = (
    *LOGINS,
    Rule(
        name="API access",
        family="ignored",
        lead="Checking",
        # Of each request of somebody who is logged in.
        expression=r"Checking access for user .{1,256} role .{1,64}",
        build=lambda _: Passed(),
        sample="Checking access for user admin role Administrator",
        seen=SMA_TESTS,
        evidence="third-party",
    ),
)
