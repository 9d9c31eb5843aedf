"""Index templates for Elasticsearch and OpenSearch, from the schema of the events."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from tests.support.checkout import ROOT

Json = dict[str, Any]
Flavour = Literal["elastic", "opensearch"]

SCHEMA = ROOT / "schemas" / "auth-event.schema.json"
STREAM = "logs-cisco_esa.auth-*"
# Of the data stream's built-in template the priority is 100, of Fleet's packages 200.
PRIORITY = 250
PIPELINE = "logs-cisco_esa.auth@ingested"
# A longer text is kept and not indexed: an attacker's name of 40,000 letters, which
# Lucene would refuse as a term, does not cost the document.
LONGEST_TERM = 1024
KEEP_DAYS = 365

KEYWORD: Json = {"type": "keyword", "ignore_above": LONGEST_TERM}
TEXT: Json = {"type": "match_only_text"}
# What ECS has otherwise than the JSON type would say.
AS_ECS_HAS_IT: dict[str, Json] = {
    "message": TEXT,
    "error.message": TEXT,
    "event.original": {"type": "keyword", "index": False, "doc_values": False},
    "user.name": KEYWORD | {"fields": {"text": TEXT}},
    "user.full_name": KEYWORD | {"fields": {"text": TEXT}},
    "source.geo.location": {"type": "geo_point"},
    "destination.geo.location": {"type": "geo_point"},
    "source.as.organization.name": KEYWORD | {"fields": {"text": TEXT}},
    "destination.as.organization.name": KEYWORD | {"fields": {"text": TEXT}},
    "cisco_esa.original_base64": {
        "type": "keyword",
        "index": False,
        "doc_values": False,
    },
}


def mappings(flavour: Flavour) -> Json:
    """Return the mapping of every field an event can have, and of the stream's own."""
    schema = json.loads(SCHEMA.read_text("utf-8"))
    fields: Json = _object(schema, schema, "")["properties"]
    fields["event"]["properties"]["ingested"] = {"type": "date"}
    # Of dead letters, which may be sent to the same stream.
    fields["error"]["properties"]["type"] = KEYWORD
    fields["cisco_esa"]["properties"]["reasons"] = KEYWORD
    fields["data_stream"] = {
        "properties": {
            part: _of_the_stream(flavour, value)
            for part, value in {
                "dataset": "cisco_esa.auth",
                "namespace": None,
                "type": "logs",
            }.items()
        }
    }
    # A field that a later version adds is kept and costs no event.
    return {"dynamic": False, "properties": dict(sorted(fields.items()))}


def _of_the_stream(flavour: Flavour, value: str | None) -> Json:
    if flavour == "opensearch" and value is None:
        # Its constant_keyword must be given the value, which is the user's.
        return KEYWORD
    return {"type": "constant_keyword"} | ({"value": value} if value else {})


def _field(schema: Json, whole: Json, name: str) -> Json:
    if name in AS_ECS_HAS_IT:
        return AS_ECS_HAS_IT[name]
    if reference := schema.get("$ref"):
        return _field(whole["$defs"][reference.removeprefix("#/$defs/")], whole, name)
    if "properties" in schema:
        return _object(schema, whole, name)
    if schema.get("type") == "array":
        return _field(schema["items"], whole, name)
    formats = {
        inner.get("format")
        for inner in [schema, *schema.get("anyOf", ()), *schema.get("oneOf", ())]
    } - {None}
    if formats:
        return {"type": "ip" if formats <= {"ipv4", "ipv6"} else "date"}
    kinds = schema.get("type", "string")
    kind = next(
        k for k in ([kinds] if isinstance(kinds, str) else kinds) if k != "null"
    )
    return {
        "string": KEYWORD,
        "integer": {"type": "long"},
        "number": {"type": "float"},
        "boolean": {"type": "boolean"},
    }[kind]


def _object(schema: Json, whole: Json, name: str) -> Json:
    prefix = f"{name}." if name else ""
    return {
        "properties": {
            key: _field(inner, whole, prefix + key)
            for key, inner in sorted(schema["properties"].items())
        }
    }


def settings(flavour: Flavour) -> Json:
    """Return the settings of each index behind the stream."""
    index: Json = {
        "codec": "best_compression",
        "final_pipeline": PIPELINE,
        # A text for a number is an error of the sender, not a number.
        "mapping": {"coerce": False},
        "query": {"default_field": ["message"]},
    }
    if flavour == "elastic":
        index["lifecycle"] = {"name": "logs-cisco_esa.auth"}
    return {"index": index}


def index_template(flavour: Flavour) -> Json:
    """Return the template that makes a stream of what is sent to such a name."""
    parts = [f"logs-cisco_esa.auth@{part}" for part in ("mappings", "settings")]
    template: Json = {
        "index_patterns": [STREAM],
        "data_stream": {},
        "priority": PRIORITY,
        "composed_of": parts,
        "_meta": {"description": "Cisco ESA authentication events of esa-auth"},
    }
    if flavour == "elastic":
        # For the user's own fields; OpenSearch 2 cannot pass over a missing one.
        template["composed_of"] = [*parts, "logs-cisco_esa.auth@custom"]
        template["ignore_missing_component_templates"] = ["logs-cisco_esa.auth@custom"]
    return template


def ingest_pipeline() -> Json:
    """Return the pipeline that notes when an event reached the index.

    The sender's own value, if any, is not taken: rules look for what is new by it.
    """
    now = {"field": "event.ingested", "value": "{{{_ingest.timestamp}}}"}
    return {
        "description": "Sets event.ingested, by which rules see late events",
        "processors": [{"set": now}],
    }


def elastic_lifecycle() -> Json:
    """Return the ILM policy."""
    return {
        "policy": {
            "phases": {
                "hot": {
                    "actions": {
                        "rollover": {"max_age": "30d", "max_primary_shard_size": "25gb"}
                    }
                },
                "delete": {"min_age": f"{KEEP_DAYS}d", "actions": {"delete": {}}},
            }
        }
    }


def opensearch_lifecycle() -> Json:
    """Return the ISM policy, which attaches itself to new streams of the name."""
    return {
        "policy": {
            "description": "Cisco ESA authentication events: a year",
            "default_state": "hot",
            "ism_template": [{"index_patterns": [STREAM], "priority": PRIORITY}],
            "states": [
                {
                    "name": "hot",
                    "actions": [
                        {
                            "rollover": {
                                "min_index_age": "30d",
                                "min_primary_shard_size": "25gb",
                            }
                        }
                    ],
                    "transitions": [
                        {
                            "state_name": "delete",
                            "conditions": {"min_rollover_age": f"{KEEP_DAYS}d"},
                        }
                    ],
                },
                {"name": "delete", "actions": [{"delete": {}}], "transitions": []},
            ],
        }
    }


def generated() -> Iterator[tuple[Path, str]]:
    """Return each file that is written from the schema, and its text."""
    lifecycles: dict[Flavour, Json] = {
        "elastic": elastic_lifecycle(),
        "opensearch": opensearch_lifecycle(),
    }
    for flavour, lifecycle in lifecycles.items():
        files = {
            "component-mappings": {"template": {"mappings": mappings(flavour)}},
            "component-settings": {"template": {"settings": settings(flavour)}},
            "index-template": index_template(flavour),
            "ingest-pipeline": ingest_pipeline(),
            "ilm-policy" if flavour == "elastic" else "ism-policy": lifecycle,
        }
        for name, body in files.items():
            path = ROOT / "conf" / flavour / f"{name}.json"
            yield path, json.dumps(body, indent=2) + "\n"
