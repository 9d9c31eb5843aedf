"""Numbers as people write them."""


def counted(number: int, what: str) -> str:
    """Return ``1 file`` or ``3 files``."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
