"""Who a user is, from the user directory: id, full name, mailbox, roles, group."""

import csv
from collections.abc import Iterator
from typing import Any

from esa_auth.enrich import Table, TableError, added, lines_of

MOST_ROWS = 500_000
NAME, MAILBOX, ROLES, GROUP = "user.name", "user.email", "user.roles", "user.group.name"
COLUMNS = (NAME, "user.id", "user.full_name", MAILBOX, ROLES, GROUP)
_OF_THE_APPLIANCE = ("admin-login", "admin-logout")
_LONGEST_TEXT = 1024
_BETWEEN_ROLES = ";"


class Directory:
    """Adds to ``user`` what the directory has under its name or mailbox."""

    of_context = False

    def __init__(self) -> None:
        self.table: Table | None = None

    def __call__(self, event: dict[str, Any]) -> None:
        """See `Enricher`."""
        user = event.get("user")
        if user is None or self.table is None:
            return
        # The accounts of the appliance itself are others, whatever their names.
        if event["event"]["action"] in _OF_THE_APPLIANCE:
            return
        if found := self.table.find(user["name"]):
            event["user"] = added(user, found)


class People:
    """The table: rows by name and by mailbox, in whatever case."""

    damage = ""

    def __init__(self, header: list[str]) -> None:
        self._header = header
        self._rows: dict[str, list[str]] = {}
        self._count = 0

    def add(self, row: list[str]) -> None:
        """Take a row.

        Raises:
            TableError: the row cannot be read, or another row has its name.
        """
        self._count += 1
        if self._count > MOST_ROWS:
            raise TableError(f"more than {MOST_ROWS} rows")
        if len(row) != len(self._header):
            raise TableError(f"{len(row)} columns, the header has {len(self._header)}")
        if any(len(cell) > _LONGEST_TEXT for cell in row):
            raise TableError(f"a cell longer than {_LONGEST_TEXT} letters")
        told = dict(zip(self._header, row, strict=True))
        if not told[NAME]:
            raise TableError(f"no {NAME}")
        for name in {told[NAME].casefold(), told.get(MAILBOX, "").casefold()} - {""}:
            if name in self._rows:
                raise TableError(f"{name!r:.200} stands there twice")
            self._rows[name] = row

    def find(self, name: str) -> dict[str, Any] | None:
        """Return the parts of ``user`` that the row of ``name`` has."""
        row = self._rows.get(name.casefold())
        if row is None:
            return None
        user: dict[str, Any] = {}
        for column, cell in zip(self._header, row, strict=True):
            if not cell or column == NAME:
                continue
            if column == ROLES:
                parts = [part.strip() for part in cell.split(_BETWEEN_ROLES)]
                if roles := list(dict.fromkeys(filter(None, parts))):
                    user["roles"] = roles
            elif column == GROUP:
                user["group"] = {"name": cell}
            else:
                user[column.removeprefix("user.")] = cell
        return user


def parse(data: bytes) -> People:
    """Return the table of a CSV file whose header names `COLUMNS`, some or all.

    Raises:
        TableError: the data is no such table.
    """
    rows = csv.reader((f"{line}\n" for line in lines_of(data)), strict=True)
    try:
        people = People(_header(rows))
        for row in filter(None, rows):
            people.add([cell.strip() for cell in row])
    except (csv.Error, TableError) as error:
        raise TableError(f"line {rows.line_num}: {error}") from error
    return people


def _header(rows: Iterator[list[str]]) -> list[str]:
    header = [cell.strip() for cell in next(rows)]
    if unknown := set(header) - set(COLUMNS):
        raise TableError(f"no such column: {min(unknown)!r:.200}")
    if len(set(header)) < len(header):
        raise TableError("a column stands there twice")
    if NAME not in header:
        raise TableError(f"no column {NAME}")
    return header
