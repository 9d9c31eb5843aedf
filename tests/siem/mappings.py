"""Where each field of the schema of events goes in four others: `conf/mappings`.

`fields.csv` is the source of the tables in its `README.md`; for OCSF and CIM a test
holds it against what the code does.
"""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from esa_auth.formats.cim import cim_event
from esa_auth.formats.ocsf import ocsf_event
from tests.checkout import ROOT
from tests.siem.addon import example

FOLDER = ROOT / "conf" / "mappings"
TABLE = FOLDER / "fields.csv"
NOWHERE = "-"
_BEGIN, _END = "<!-- made by `make siem` -->\n", "<!-- end -->\n"


class Row(NamedTuple):
    """A field of ECS and its homes, dotted; none where there is none."""

    field: str
    cim: tuple[str, ...]
    ocsf: tuple[str, ...]
    asim: tuple[str, ...]
    udm: tuple[str, ...]

    @property
    def homes(self) -> tuple[tuple[str, ...], ...]:
        """The homes, schema by schema."""
        return self[1:]

    @property
    def is_kept_aside(self) -> bool:
        """Whether no schema has a name for it."""
        aside = ((self.field,), (f"unmapped.{self.field}",))
        rest = (("AdditionalFields",), ("additional.fields",))
        return self.homes == (*aside, *rest)


def rows() -> list[Row]:
    """Return the table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    return [
        Row(line["field"], *(_homes(line[s]) for s in ("cim", "ocsf", "asim", "udm")))
        for line in found
    ]


def _homes(cell: str) -> tuple[str, ...]:
    return () if cell == NOWHERE else tuple(cell.split(" "))


def generated() -> Iterator[tuple[Path, str]]:
    """Return the page, which is written by hand but for its tables, and a record."""
    page = FOLDER / "README.md"
    before, _, rest = page.read_text("utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    yield page, f"{before}{_BEGIN}{_tables(rows())}{_END}{after}"
    for name, convert in (("ocsf", ocsf_event), ("cim", cim_event)):
        record = convert(example())
        yield FOLDER / f"{name}.json", json.dumps(record, indent=2) + "\n"


def _tables(table: list[Row]) -> str:
    told = [row for row in table if any(row.homes) and not row.is_kept_aside]
    aside = [row for row in table if row.is_kept_aside]
    left_out = [row for row in table if not any(row.homes)]
    lines = [
        "| ECS | CIM | OCSF | ASIM | UDM |",
        "|---|---|---|---|---|",
        *map(_line, told),
        "",
        "These have a name in ECS alone. They keep it in CIM, stand under it in",
        "`unmapped` of OCSF, and belong into `AdditionalFields` of ASIM and",
        "`additional.fields` of UDM:",
        "",
        *(f"- `{row.field}`" for row in aside),
        "",
        "These are left out: copies and sums of others, and what speaks of ECS:",
        "",
        *(f"- `{row.field}`" for row in left_out),
    ]
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    cells = [", ".join(f"`{name}`" for name in homes) or "-" for homes in row.homes]
    if row.cim == (row.field,):
        cells[0] = "same"
    if row.ocsf == (f"unmapped.{row.field}",):
        cells[1] = "`unmapped`"
    return f"| `{row.field}` | {' | '.join(cells)} |"
