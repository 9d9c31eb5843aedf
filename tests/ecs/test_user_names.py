"""What is read of a user name: a mailbox, a Windows domain, or nothing."""

import pytest

from tests.support.harness import inbound, native, run


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("ann", {}),
        ("ann.lee", {}),
        ("ann@example.com", {"email": "ann@example.com", "domain": "example.com"}),
        ("EXAMPLE\\ann", {"domain": "EXAMPLE"}),
        ("EXAMPLE\\ann@b", {"email": "EXAMPLE\\ann@b", "domain": "b"}),
        ("ann@", {}),
        ("@example.com", {}),
        ("a@b@example.com", {}),
        ("EXAMPLE\\", {}),
        ("\\ann", {}),
    ],
)
def test_the_parts_of_a_name(name: str, more: dict[str, str]) -> None:
    (event,) = run([native(inbound(450, name))]).results
    assert event["user"] == {"name": name} | more
    assert event["related"]["user"] == [name]


def test_the_backslash_of_an_escaped_byte_ends_no_domain() -> None:
    (event,) = run([native(inbound(450, b"ann\xe9"))]).results
    assert event["user"] == {"name": "ann\\xe9"}
