"""Text for people: of hostile bytes harmless on a terminal, and of numbers."""

LONGEST = 120


def visible(text: str, longest: int = LONGEST) -> str:
    r"""Return ``text`` with what does not print written out, ``\u202e`` for one.

    That is control characters, escape sequences' first byte, and marks that turn the
    direction of writing. More than ``longest`` characters are cut, and it is said how
    many there were.
    """
    cut = text if len(text) <= longest else text[:longest]
    shown = cut if cut.isprintable() else "".join(map(_written, cut))
    return shown if cut is text else f"{shown}… ({len(text)} characters)"


def _written(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")


def counted(number: int, what: str) -> str:
    """Return ``1 file`` or ``3 files``."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
