"""The picture of users by sources has room for both kinds of guesser."""

from esa_auth.report.matrix import MOST_SOURCES, matrix
from esa_auth.report.source import SourceRow


def source(users: int, tries: int) -> SourceRow:
    row = SourceRow()
    for user in range(users):
        for _ in range(tries):
            row.add(f"user{user}", 0, "2026-06-30T12:00:00.000Z", failed=True)
    return row


def test_who_hunts_one_user_is_shown_beside_many_who_try_all() -> None:
    rows = {f"198.51.100.{n}": source(9, 1) for n in range(2 * MOST_SOURCES)}
    rows["203.0.113.1"] = source(1, 500)
    shown = matrix(rows)
    assert len(shown["sources"]) == MOST_SOURCES
    # Sorted by the names that were tried.
    assert shown["sources"][-1] == "203.0.113.1"
    assert shown["tried"] == [9] * (MOST_SOURCES - 1) + [1]
    place = shown["users"].index("user0")
    assert (MOST_SOURCES - 1, place, 500, 0) in shown["cells"]


def test_of_many_users_those_are_shown_whom_most_tried() -> None:
    rows = {f"198.51.100.{n}": source(30 + n, 1) for n in range(4)}
    shown = matrix(rows)
    # Each row tried these; who was tried by fewer has no room.
    assert sorted(shown["users"]) == sorted(f"user{n}" for n in range(30))
    assert len(shown["cells"]) == 4 * 30


def test_a_source_without_failures_is_not_shown() -> None:
    row = SourceRow()
    row.add("ann", 0, "2026-06-30T12:00:00.000Z", failed=False)
    assert matrix({"192.0.2.7": row})["sources"] == []
