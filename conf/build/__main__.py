"""`python -m conf.build` writes all in `conf/` that is made from something else."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from tests.siem.scenarios import TEN_AND_TEN, corpus
from tests.support.checkout import ROOT

from conf.build import (
    addon,
    arrival,
    asim,
    dashboards,
    kibana_rules,
    lens,
    manual,
    mappings,
    queries,
    reference,
    sentinel,
    templates,
    wazuh,
)

DEFAULTS = ROOT / "conf" / "default.json"
EXAMPLE = ROOT / "examples" / "detections"


def generated() -> Iterator[tuple[Path, str]]:
    """Return each made file and its text."""
    yield DEFAULTS, json.dumps(defaults(), indent=1) + "\n"
    yield from templates.generated()
    yield from queries.generated()
    yield from addon.generated()
    yield from arrival.generated()
    yield from asim.generated()
    yield from dashboards.generated()
    yield from kibana_rules.generated()
    yield from lens.generated()
    yield from mappings.generated()
    yield from reference.generated()
    yield from sentinel.generated()
    yield from wazuh.generated()
    yield from manual.generated()
    yield EXAMPLE / "mail_logs", corpus(TEN_AND_TEN).text.decode()


def defaults() -> Any:
    """Return the defaults; as JSON they are there a tenth of a start earlier."""
    return yaml.safe_load(DEFAULTS.with_suffix(".yaml").read_text("utf-8"))


def main() -> None:
    """Write them."""
    for path, text in generated():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
