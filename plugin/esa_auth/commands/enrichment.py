"""Joins a configuration with the tables that it names; most name none."""

from dataclasses import replace
from typing import TYPE_CHECKING

from esa_auth.config import Config

if TYPE_CHECKING:
    from esa_auth.enrich.tables import Tables


def enriched(config: Config) -> tuple[Config, "Tables | None"]:
    """Return ``config`` with the enrichers that it asks for, and their tables."""
    if not config.tables:
        return config, None
    # Here, because it brings the reader of MaxMind's files.
    from esa_auth.enrich.tables import Tables

    tables = Tables(config.tables)
    settings = replace(config.pipeline, enrich=tables.enrichment)
    return replace(config, pipeline=settings), tables
