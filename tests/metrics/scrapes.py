"""Scrapes of a process that runs, and the numbers in them."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable

from prometheus_client.parser import text_string_to_metric_families as read_plain

from tests.support.process import PATIENCE


def get(port: int, path: str, **headers: str) -> tuple[int, str]:
    """Fetch from a server that may not be there yet."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except urllib.error.URLError:
            assert time.monotonic() < until, "nobody listens"
            time.sleep(0.05)


def values(text: str) -> dict[str, float]:
    """Return the samples by name, with the kind or table where there is one."""
    found = {}
    for family in read_plain(text):
        for sample in family.samples:
            kind = sample.labels.get("kind") or sample.labels.get("table")
            found[f"{sample.name}:{kind}" if kind else sample.name] = sample.value
    return found


def assert_adds_up(found: dict[str, float]) -> None:
    kinds = [v for k, v in found.items() if k.startswith("esa_auth_lines_by_kind")]
    assert len(kinds) == 5
    assert sum(kinds) == found["esa_auth_lines_total"]
    assert min(kinds) >= 0


def wait_for(port: int, ready: Callable[[dict[str, float]], bool]) -> dict[str, float]:
    until = time.monotonic() + PATIENCE
    while not ready(found := values(get(port, "/metrics")[1])):
        assert time.monotonic() < until, found
        time.sleep(0.05)
    return found
