"""Users by sources, ordered so that a spray is a row and a hunted user a column."""

from collections import Counter
from typing import Any

from esa_auth.report.source import SourceRow

MOST_SOURCES = 15
MOST_USERS = 30


def matrix(rows: dict[str, SourceRow]) -> dict[str, Any]:
    """Return ``sources`` and ``users`` in order and ``cells`` by their places.

    A cell is (place of the source, place of the user, failures, successes). Sources are
    those that tried most users, then those with most failures.
    """
    chosen = _sources(rows)
    users = _users([rows[name] for name in chosen])
    places = {user: place for place, user in enumerate(users)}
    cells = [
        (at, places[user], pair.failures, pair.successes)
        for at, name in enumerate(chosen)
        for user, pair in rows[name].users.items()
        if user in places
    ]
    tried = [len(rows[name].names) for name in chosen]
    return {"sources": chosen, "users": users, "tried": tried, "cells": sorted(cells)}


def _sources(rows: dict[str, SourceRow]) -> list[str]:
    names = [name for name, row in rows.items() if row.failures]

    def by_users(name: str) -> tuple[int, int, str]:
        return -len(rows[name].names), -rows[name].failures, name

    by_failures = sorted(names, key=lambda name: (-rows[name].failures, name))
    wide = sorted(names, key=by_users)[: MOST_SOURCES - MOST_SOURCES // 3]
    deep = [name for name in by_failures if name not in wide]
    return sorted([*wide, *deep[: MOST_SOURCES - len(wide)]], key=by_users)


def _users(rows: list[SourceRow]) -> list[str]:
    """Return the users that most of the sources tried, each source being heard."""
    sources, failures = Counter[str](), Counter[str]()
    for row in rows:
        for user, pair in row.users.items():
            sources[user] += 1
            failures[user] += pair.failures + pair.successes

    def rank(user: str) -> tuple[int, int, str]:
        return -sources[user], -failures[user], user

    heard: dict[str, None] = {}
    queues = [sorted(row.users, key=rank) for row in rows]
    for turn in range(max(map(len, queues), default=0)):
        for queue in queues:
            if turn < len(queue) and len(heard) < MOST_USERS:
                heard[queue[turn]] = None
    return sorted(heard, key=rank)
