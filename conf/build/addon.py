"""Builds the Splunk add-on: `make splunk-addon`."""

import gzip
import io
import json
import sys
import tarfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.support.checkout import ROOT
from tests.support.golden_cases import GOLDEN

from conf.build import enterprise_security, runbooks
from conf.build.arrival import reach
from conf.build.detections import (
    Detection,
    FirstSeen,
    Silent,
    groups,
    look_back,
    minutes,
)
from conf.build.queries import SOURCETYPE, written
from conf.build.table import DETECTIONS
from esa_auth import __version__

NAME = "TA-esa-auth"
SOURCE = ROOT / "conf" / "splunk" / NAME
SAVED_SEARCHES = SOURCE / "default" / "savedsearches.conf"
MACRO = "`esa_auth_index`"
ENVELOPE = ROOT / "conf" / "splunk" / "hec-event.json"
EXAMPLE = GOLDEN / "seed_inbound_failure_is_joined_to_its_client"
SEVERITIES = {"low": 2, "medium": 3, "high": 4, "critical": 5}
# Minutes: an event that is a day late is still looked at.
_LATEST = 1440
# 1 January 2026: the same sources make the same package, to the byte.
BUILT_AT = 1_767_225_600


def search(detection: Detection) -> str:
    """Return the search of a detection as one line, over the index of the macro."""
    line = " ".join(written("splunk", detection).split())
    assert line.startswith(f'sourcetype="{SOURCETYPE}"')
    return f"{MACRO} {line}"


def generated() -> Iterator[tuple[Path, str]]:
    """Return the saved searches, made of the detections, and the envelope for HEC."""
    whole = envelope(example())
    yield ENVELOPE, json.dumps(whole, indent=2, sort_keys=True) + "\n"
    stanzas = [_stanza(number, d) for number, d in enumerate(DETECTIONS)]
    head = "# Made of the detections. Off until you switch a schedule on.\n\n"
    yield SAVED_SEARCHES, head + "\n\n".join(stanzas) + "\n"


def example() -> dict[str, Any]:
    """Return the event that the examples are made of."""
    text = (EXAMPLE / "expected.ndjson").read_text("utf-8")
    event: dict[str, Any] = json.loads(text.splitlines()[0])
    return event


def envelope(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event as HTTP Event Collector takes it."""
    return {
        "time": datetime.fromisoformat(event["@timestamp"]).timestamp(),
        "host": event["observer"]["hostname"],
        "source": event["event"]["provider"],
        "sourcetype": SOURCETYPE,
        "event": event,
    }


def _stanza(number: int, detection: Detection) -> str:
    span = minutes(look_back(detection))
    back = reach(detection)
    whole = search(detection)
    earliest, held = back, _LATEST
    if not isinstance(detection.way, FirstSeen | Silent):
        # By the time of indexing: what came of late, however old it is, to a day.
        whole = whole.replace(MACRO, f"{MACRO} _index_earliest=-{back}m@m", 1)
        earliest, held = back + _LATEST, back
    settings = {
        "search": whole,
        "description": detection.about,
        # Not all in the same minute.
        "cron_schedule": _schedule(number, span),
        "enableSched": 0,
        "dispatch.earliest_time": f"-{earliest}m@m",
        "dispatch.latest_time": "now",
        "counttype": "number of events",
        "relation": "greater than",
        "quantity": 0,
        "alert.track": 1,
        "alert.digest_mode": 0,
        "alert.severity": SEVERITIES[detection.level],
        "alert.suppress": 1,
        "alert.suppress.fields": ",".join(groups(detection)),
        "alert.suppress.period": f"{held}m",
        **enterprise_security.settings(detection, NAME),
    }
    lines = [
        f"[{detection.title}]",
        *(f"{key} = {value}" for key, value in settings.items()),
    ]
    return "\n".join(lines)


def _schedule(number: int, span: int) -> str:
    """Return when a search runs; not all in the same minute."""
    if span > 60:
        return f"{number % 60} * * * *"
    return f"{number % 5}-59/5 * * * *"


def package() -> bytes:
    """Return the package, an archive that Splunk installs."""
    files = {
        path.relative_to(SOURCE).as_posix(): path.read_text("utf-8")
        for path in sorted(SOURCE.rglob("*"))
        if path.is_file()
    }
    files["LICENSE"] = (ROOT / "LICENSE").read_text("utf-8")
    for path in sorted(runbooks.FOLDER.glob("*.md")):
        name = f"{enterprise_security.RUNBOOKS}/{path.name}"
        files[name] = path.read_text("utf-8")
    folders = {p.as_posix() for f in files for p in Path(NAME, f).parents} - {"."}
    out = io.BytesIO()
    with (
        # Without a time and a name, which gzip would put into its head.
        gzip.GzipFile(fileobj=out, mode="wb", filename="", mtime=0) as squeezed,
        tarfile.open(fileobj=squeezed, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for folder in sorted(folders):
            entry = _entry(folder, 0o755)
            entry.type = tarfile.DIRTYPE
            tar.addfile(entry)
        for name, text in sorted(files.items()):
            content = text.replace("@VERSION@", __version__).encode()
            entry = _entry(f"{NAME}/{name}", 0o644)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def _entry(name: str, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.mode, entry.mtime = mode, BUILT_AT
    return entry


def file_name() -> str:
    """Return the name of the package."""
    return f"{NAME}-{__version__}.tar.gz"


def main(folder: str) -> None:
    """Write the package into ``folder`` and say where it is."""
    target = Path(folder, file_name())
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(package())
    print(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
