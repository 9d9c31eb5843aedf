"""Which login to the appliance is flagged, and which is not."""

import pytest

from tests.support.harness import native, run


@pytest.mark.parametrize(
    ("body", "flags", "user"),
    [
        ("User joe failed authentication.", [], "joe"),
        (
            "User joe from 192.0.2.9 failed authentication.",
            ["ambiguous_address"],
            "joe",
        ),
        ("User  failed authentication.", ["empty_user"], None),
        ("User **** failed authentication.", ["masked_user"], None),
        ("logout:192.0.2.9 user:joe session:x", [], "joe"),
    ],
)
def test_a_login_has_the_flags_that_its_wording_asks_for(
    body: str, flags: list[str], user: str | None
) -> None:
    found = run([native(body)])
    found.assert_accounted()
    (event,) = found.events
    assert event["cisco_esa"].get("flags", []) == flags
    assert event.get("user", {}).get("name") == user
