"""Built from `plugin/native`; not there without a compiler."""

from typing import Any

class Sieve:
    """Passes over lines, and keeps those of connections without AUTH."""

    def __init__(self, words: tuple[Any, ...], max_age: int, max_kept: int) -> None:
        """See `pipeline/native.py`."""
    def feed(self, lines: list[bytes], python: object) -> None:
        """Read lines in order; ``python`` reads what is not plain."""
    @property
    def handed_over(self) -> dict[str, int]:
        """Lines that ``python`` read, by reason."""
