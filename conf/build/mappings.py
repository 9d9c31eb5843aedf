"""Where each field of the schema of events goes in four others: `conf/mappings`.

`fields.csv` is the source of the tables in its `README.md`; for OCSF and CIM a test
holds it against what the code does.
"""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.siem.searchtime import conf
from tests.support.checkout import ROOT

from conf.build.addon import example
from conf.build.queries import SOURCETYPE
from esa_auth.formats.cim import cim_event
from esa_auth.formats.ocsf import ocsf_event

FOLDER = ROOT / "conf" / "mappings"
TABLE = FOLDER / "fields.csv"
NOWHERE = "-"
_BEGIN, _END = "<!-- made by `make siem`: {} -->\n", "<!-- end -->\n"


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
    text = _with(page.read_text("utf-8"), "fields", _tables(rows()))
    yield page, _with(text, "tags", _stanzas())
    for name, convert in (("ocsf", ocsf_event), ("cim", cim_event)):
        record = convert(example())
        yield FOLDER / f"{name}.json", json.dumps(record, indent=2) + "\n"


def _with(text: str, name: str, made: str) -> str:
    """Return ``text`` with ``made`` between the marks of ``name``."""
    begin = _BEGIN.format(name)
    before, there, rest = text.partition(begin)
    _, ended, after = rest.partition(_END)
    assert there, name
    assert ended, name
    return f"{before}{begin}{made}{_END}{after}"


def _stanzas() -> str:
    """Return what a Splunk without the add-on needs, made of what the add-on has."""
    name = "esa_auth_authentication"
    search = conf("eventtypes")[name]["search"]
    search = search.replace(SOURCETYPE, "YOURS").replace("event.action", "signature")
    lines = (
        *("# eventtypes.conf", f"[{name}]", f"search = {search}", ""),
        *("# tags.conf", f"[eventtype={name}]", "authentication = enabled"),
    )
    return "\n" + "".join(f"    {line}".rstrip() + "\n" for line in lines) + "\n"


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
