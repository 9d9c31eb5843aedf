"""``python -m tests.bench.enrichment``: what all tables together cost, by valgrind.

The corpora have some 760 addresses. In 40,000 ordinary lines most are looked up for
the first time, in 200,000 most are known.
"""

import tempfile
from pathlib import Path

from tests.bench import traffic
from tests.bench.corpora import Spec
from tests.bench.instructions import FILTER, Pair, measured
from tests.support.mmdb import PROVIDER, TOWN, write_mmdb

RANGES = ("198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
SIZES = ((20_000, 60_000), (100_000, 300_000))


def tables(folder: Path) -> Path:
    """Write tables that know every address and half of the users; return the YAML."""
    city = write_mmdb(folder / "city.mmdb", dict.fromkeys(RANGES, TOWN))
    asn = write_mmdb(folder / "asn.mmdb", dict.fromkeys(RANGES, PROVIDER))
    zones = folder / "networks"
    zones.write_text("".join(f"{r} external Elsewhere\n" for r in RANGES))
    users = folder / "users.csv"
    rows = (f"{name},{n},{name} X,staff\n" for n, name in enumerate(traffic.GUESSED))
    users.write_text("user.name,user.id,user.full_name,user.roles\n" + "".join(rows))
    config = folder / "esa-auth.yaml"
    config.write_text(
        "enrich:\n"
        f"  geo: {{file: {city}, asn_file: {asn}}}\n"
        f"  zones: {{file: {zones}}}\n"
        f"  directory: {{file: {users}}}\n"
    )
    return config


def main() -> None:
    """Print the counts."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tabled = (*FILTER, "--config", str(tables(folder)))
        for first, last in SIZES:
            small, large = Spec("ordinary", first), Spec("ordinary", last)
            pairs = (
                Pair("without", small, large),
                Pair("with all", small, large, tabled),
            )
            found = measured(folder, pairs)
            without, with_all = found["without"], found["with all"]
            print(
                f"ordinary, lines {first:,} to {last:,}: {without:,.0f} a line,"
                f" {with_all:,.0f} with all tables, {with_all / without - 1:+.1%}"
            )


if __name__ == "__main__":
    main()
