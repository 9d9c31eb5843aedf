"""The page that several tests look at."""

from pathlib import Path

import pytest

from tests.support.report_pages import DETECTIONS, written


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    return written(folder, DETECTIONS.read_text("utf-8").splitlines())
