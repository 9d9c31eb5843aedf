"""Options and fixtures that several tests share."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite expected.ndjson and counters.json of the golden cases",
    )
