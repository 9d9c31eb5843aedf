r"""The lines of a connection as they are stored until somebody reads them.

One bytes object, ``<epoch> <body>\n<body>...``; the epoch is the time of the first
line. It has a sign, ``+``, while the line that opens the connection was not seen. Most
connections never authenticate, and then none of this is ever read.
"""

# Stands for the lines of a number that two appliances have open under one name. No line
# begins so.
CONFLICT = b"\0conflict"
# A connection's opening lines take some 300 bytes; the rest would be a flood.
MAX_KEPT = 4096


def opened_at(at: int, body: bytes) -> bytes:
    """Return what is stored of a connection; ``at`` is in epoch seconds."""
    return b"%d %b" % (at, body)


def seen_at(at: int, body: bytes) -> bytes:
    """Return the same of a connection whose opening line was not seen."""
    return b"%+d %b" % (at, body)


def began_at(kept: bytes) -> int:
    """Return when the first line was written, epoch seconds."""
    return int(kept.partition(b" ")[0])


def lacks_opening(kept: bytes) -> bool:
    """Return whether the opening line was not seen."""
    return kept.startswith(b"+")


def read_kept(kept: bytes) -> tuple[int, list[bytes]]:
    """Return when the first line was written, and the bodies of all."""
    began, _, bodies = kept.partition(b" ")
    return int(began), bodies.split(b"\n")
