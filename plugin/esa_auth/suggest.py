"""A word that is not known, and the one that was probably meant."""

from collections.abc import Iterable


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """Return ``"; did you mean 'NAME'?"`` with the nearest name, or ``""``."""
    # Here, because nearly no run makes a mistake.
    from difflib import get_close_matches

    by_small = {name.lower(): name for name in names}
    small = word.lower()
    begun = sorted(name for name in by_small if small and name.startswith(small))
    near = begun[:1] or get_close_matches(small, by_small, n=1, cutoff=0.6)
    return f"; did you mean {by_small[near[0]]!r}?" if near else ""
