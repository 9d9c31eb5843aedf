"""Parses and type-checks ES|QL with Elastic's parser; verdicts as a line of JSON.

Run by a Python of its own (`make engines`): the parser wants Python 3.12 or newer.
"""

import json
import sys

import esql


def verdict(query: str, mapping: dict[str, object]) -> str:
    """Return what is wrong with a query, or an empty string."""
    try:
        esql.analyze(esql.parse_query(query), esql.Schema(mapping))
    except esql.EsqlError as error:
        return str(error) or type(error).__name__
    return ""


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    json.dump([verdict(q, asked["mapping"]) for q in asked["queries"]], sys.stdout)
