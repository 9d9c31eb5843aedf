"""The event that tests of OCSF begin with, and how they change a value of it."""

import copy
from functools import cache
from typing import Any

from tests.support.golden_cases import golden_events
from tests.support.mutations import GONE

Json = dict[str, Any]

CASE = "seed_inbound_failure_is_joined_to_its_client"


@cache
def example() -> Json:
    """Return a failed login of a client that was seen to come."""
    return next(event for case, event in golden_events() if case == CASE)


def changed(tree: Json, path: str, value: object) -> Json:
    """Return a copy of ``tree`` with another value at ``path``, or without any."""
    made = copy.deepcopy(tree)
    *groups, name = path.split(".")
    place: Any = made
    for group in groups:
        place = place[int(group)] if group.isdigit() else place.setdefault(group, {})
    if value is GONE:
        del place[name]
    else:
        place[name] = value
    return made
