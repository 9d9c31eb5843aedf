"""Files that hold what was read from another file: its copy, or its archive.

``copytruncate`` copies the log and empties it; ``compress`` archives it and removes it.
Both have another inode than what was read. An heir goes on where the reading of the
other stopped: nothing is read twice, and what the follower had not read before the
truncation or removal is read from the heir.
"""

from esa_auth.inputs.follow.fingerprint import WINDOW, Fingerprint
from esa_auth.inputs.follow.followed import Followed
from esa_auth.inputs.follow.record import Record
from esa_auth.inputs.follow.source import Archive, Source


def inherits(source: Source, gone: Record) -> bool:
    """Say whether the file holds all that was read of one that is gone.

    Raises:
        OSError: it cannot be read.
    """
    if gone.head.blank and gone.tail.blank:
        return False
    if not gone.head.begins(source.read(0, WINDOW)):
        return False
    if gone.ignored or gone.position.offset == 0:
        return True
    size = gone.position.offset
    if isinstance(source, Archive) and source.uncompressed_size() == size % 2**32:
        # The archive's own word for it, so that a large one need not be uncompressed
        # only to learn that all of it has been read.
        return True
    length = gone.tail.length
    found = source.read(size - length, length)
    return len(found) == length and gone.tail.begins(found)


def is_copy(source: Source, of: Followed) -> bool:
    """Say whether the file holds a beginning of what ``of``, still there, holds.

    Raises:
        OSError: one of the two cannot be read.
    """
    original = of.open()
    head = source.read(0, WINDOW)
    if Fingerprint.of(head).blank or original.read(0, len(head)) != head:
        return False
    if isinstance(source, Archive) or isinstance(original, Archive):
        return True
    common = min(source.status().st_size, original.status().st_size)
    start = max(0, common - WINDOW)
    length = common - start
    return source.read(start, length) == original.read(start, length)
