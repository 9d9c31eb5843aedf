"""Programs that refuse some lines, and a log in which they do."""

from tests.support.archive_runs import auth, opening

# A program in which the lines of one user are of a form that no rule reads yet, and
# one whose schema refuses his events.
UNREAD = """
from dataclasses import replace
from esa_auth import grammar
def narrowed(rule):
    def build(match):
        return None if "poison" in match.string else rule.build(match)
    return replace(rule, build=build)
grammar.GRAMMAR = grammar.Grammar(tuple(map(narrowed, grammar.RULES)))
"""
INVALID = """
from esa_auth import resources
read = resources.schema
def narrowed(name):
    document = read(name)
    if name == "auth-event":
        fields = document["properties"]
        fields["FIELD"] = {"allOf": [fields["FIELD"], {"not": REFUSED}]}
    return document
resources.schema = narrowed
"""
HEADER = [
    "Begin Logfile",
    "Version: 14.0.0-698 SN: 421F6D8FB9C75E19C425-C9AEA81B2B70",
    "Time offset from UTC: -21600 seconds",
]


def native(*bodies: str, second: int = 0) -> bytes:
    stamp = f"Wed Apr 22 11:00:{second:02d} 2009 Info: "
    return "".join(f"{stamp}{body}\n" for body in bodies).encode()


def session(icid: int, user: str) -> list[str]:
    policy = f"ICID {icid} ACCEPT SG None match ALL SBRS None"
    return [opening(icid), policy, auth(icid, user)]


def thrice() -> bytes:
    """Equal lines in one second, with others between, and one in the next second."""
    poison = auth(7, "poison")
    return (
        native(*HEADER)
        + native(*session(7, "ann"), poison, poison, auth(7, "bob"), poison)
        + native(poison, auth(7, "bob"), "ICID 7 close", second=1)
    )
