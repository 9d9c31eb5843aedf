"""Publish the JSON Schema of events to a schema registry, or ask whether it may be.

    python examples/kafka/register_schema.py http://registry.example.com:8081
    python examples/kafka/register_schema.py --check http://registry.example.com:8081

Speaks the REST interface of Confluent's registry, which others speak as well. Events
are not framed with a schema id: a reader takes the latest of the subject.
"""

import argparse
import json
import sys
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from esa_auth.resources import schema

_KIND = "application/vnd.schemaregistry.v1+json"


def main() -> int:
    """Return 0 if the registry took it, or would take it."""
    parser = argparse.ArgumentParser(prog="register_schema.py")
    parser.add_argument("registry", help="http(s)://HOST:PORT")
    parser.add_argument("--subject", default="esa-auth-events-value")
    parser.add_argument("--check", action="store_true", help="ask, and change nothing")
    options = parser.parse_args()
    if not options.registry.startswith(("http://", "https://")):
        parser.error("the registry's address begins with http:// or https://")
    base, subject = options.registry.rstrip("/"), options.subject
    if options.check:
        where = f"{base}/compatibility/subjects/{subject}/versions/latest"
        answer = _post(where)
        print(json.dumps(answer))
        # A registry without the subject has nothing to be incompatible with.
        return (
            0 if answer.get("is_compatible", answer.get("error_code") == 40401) else 1
        )
    answer = _post(f"{base}/subjects/{subject}/versions")
    print(json.dumps(answer))
    return 0 if "id" in answer else 1


def _post(where: str) -> dict[str, object]:
    body = {"schemaType": "JSON", "schema": json.dumps(schema("auth-event"))}
    data = json.dumps(body).encode()
    request = Request(where, data, {"Content-Type": _KIND}, method="POST")  # noqa: S310 - http(s), checked
    try:
        with urlopen(request, timeout=30) as response:  # noqa: S310 - http(s), checked
            answer: dict[str, object] = json.load(response)
    except HTTPError as error:
        answer = json.load(error)
    return answer


if __name__ == "__main__":
    sys.exit(main())
