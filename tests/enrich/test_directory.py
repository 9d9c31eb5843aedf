"""The directory of users: found by name and mailbox, and what is none is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esa_auth.enrich import TableError
from esa_auth.enrich.directory import MOST_ROWS, Directory, parse

HEADER = "user.name,user.id,user.full_name,user.email,user.roles,user.group.name\n"
ANN = 'ann,1001,"Example, Ann",Ann@example.com, staff;; admin ;staff ,Finance\r\n'
FOUND = {
    "id": "1001",
    "full_name": "Example, Ann",
    "email": "Ann@example.com",
    "roles": ["staff", "admin"],
    "group": {"name": "Finance"},
}


@pytest.mark.parametrize("name", ["ann", "ANN", "ann@example.com", "Ann@Example.COM"])
def test_a_user_is_found_by_name_and_by_mailbox(name: str) -> None:
    assert parse((HEADER + ANN).encode()).find(name) == FOUND


def test_nobody_else_is_found() -> None:
    people = parse((HEADER + ANN + "bob,,,,;,\n").encode())
    assert people.find("eve") is None
    assert people.find("1001") is None
    assert people.find("") is None
    assert people.find("bob") == {}


def test_some_columns_are_enough_in_any_order() -> None:
    people = parse(b"\xef\xbb\xbfuser.id, user.name\n\n7,ann\n")
    assert people.find("ann") == {"id": "7"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "line 1: no column user.name"),
        ("user.id\n1\n", "line 1: no column user.name"),
        ("user.name,user.hash\n", "line 1: no such column: 'user.hash'"),
        ("user.name,user.name\n", "line 1: a column stands there twice"),
        (HEADER + ANN + "bob,1\n", "line 3: 2 columns, the header has 6"),
        (HEADER + ANN + ",1,,,,\n", "line 3: no user.name"),
        (HEADER + ANN + "Ann,1,,,,\n", "line 3: 'ann' stands there twice"),
        (HEADER + ANN + "ANN@example.com,1,,,,\n", "line 3: 'ann@example.com' stands"),
        (HEADER + ANN + f"bob,{'1' * 1025},,,,\n", "line 3: a cell longer than 1024"),
        (HEADER + ANN + '"bob,1,,,,\n', "line 4: unexpected end of data"),
        (HEADER + ANN + '"b"ob,1,,,,\n', "line 3: ',' expected after '\"'"),
    ],
)
def test_a_bad_line_is_named(text: str, why: str) -> None:
    with pytest.raises(TableError) as refused:
        parse(text.encode())
    assert str(refused.value).startswith(why)


def test_a_directory_has_an_end() -> None:
    rows = b"".join(b"u%d\n" % n for n in range(MOST_ROWS + 1))
    with pytest.raises(TableError, match=f"more than {MOST_ROWS} rows"):
        parse(b"user.name\n" + rows)
    with pytest.raises(TableError, match="byte 10: not UTF-8"):
        parse(b"user.name\n\xff")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_a_directory_or_refused(data: bytes, headed: bool) -> None:
    try:
        people = parse(b"user.name,user.id\n" + data if headed else data)
    except TableError:
        return
    people.find("ann")


def test_only_what_is_not_there_is_added_and_no_shared_part_is_changed() -> None:
    directory = Directory()
    directory.table = parse((HEADER + ANN).encode())
    user = {"name": "ANN@example.com", "email": "ANN@example.com"}
    event = {"event": {"action": "smtp-auth"}, "user": user}
    directory(event)
    assert event["user"] == FOUND | user
    own = {"event": {"action": "admin-login"}, "user": {"name": "ann"}}
    directory(own)
    assert own["user"] == {"name": "ann"}
    assert user == {"name": "ANN@example.com", "email": "ANN@example.com"}
    without: dict[str, object] = {"event": {}}
    directory(without)
    assert without == {"event": {}}
