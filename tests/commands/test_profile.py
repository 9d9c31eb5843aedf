"""What all property tests share."""

from hypothesis import settings


def test_no_example_has_a_deadline() -> None:
    """A busy machine makes any example long."""
    assert settings.default is not None
    assert settings.default.deadline is None
