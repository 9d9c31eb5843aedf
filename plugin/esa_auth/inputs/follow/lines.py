r"""Cutting bytes into lines: at ``\n`` and nowhere else, in bounded memory.

`bytes.splitlines` also cuts at a lone ``\r``, which a client can put into a user name.
"""

from dataclasses import dataclass

from esa_auth.inputs.follow.chunk import Mode


@dataclass(frozen=True, slots=True)
class Cut:
    """Lines cut from the start of a block of bytes.

    Attributes:
        lines: Without newline.
        truncated: Indexes of the lines that were cut at the cap.
        skipped: Bytes before the first line that belong to no line handed on.
        consumed: Bytes of the block that are dealt with; the rest is the beginning of
            a line, never longer than the cap.
        mode: What stands behind the consumed bytes.
    """

    lines: list[bytes]
    truncated: tuple[int, ...]
    skipped: int
    consumed: int
    mode: Mode


def cut(block: bytes, mode: Mode, cap: int) -> Cut:
    """Return the complete lines of ``block`` and how much of it they make up.

    Args:
        block: Bytes of a file, from where ``mode`` says.
        mode: What stands at the start of the block.
        cap: Longest line in bytes; of a longer one the first ``cap`` bytes are a line,
            marked as truncated, and the rest is passed over. It is never a line: a
            user name of 64 KiB could else begin one of its own.
    """
    skipped = _skipped(block, mode)
    if mode == "skip" and block[skipped - 1 : skipped] != b"\n":
        return Cut([], (), skipped, skipped, mode)
    end = block.rfind(b"\n", skipped)
    lines = block[skipped:end].split(b"\n") if end >= 0 else []
    consumed = end + 1 if end >= 0 else skipped
    if lines or mode == "skip":
        # The start lasts until a line is complete: if the file is truncated before
        # that, a larger hole can take the place of what was seen of the line.
        mode = "line"
    if len(block) - consumed > cap:
        lines.append(block[consumed:])
        consumed, mode = len(block), "skip"
    if not lines or max(map(len, lines)) <= cap:
        return Cut(lines, (), skipped, consumed, mode)
    truncated = tuple(i for i, line in enumerate(lines) if len(line) > cap)
    return Cut([line[:cap] for line in lines], truncated, skipped, consumed, mode)


def _skipped(block: bytes, mode: Mode) -> int:
    """Return how many bytes at the start of the block are no line's."""
    if mode == "start":
        # A writer without O_APPEND goes on at its old offset after copytruncate, and
        # the file begins with a hole (logrotate/logrotate#286: 22 MB of NULs).
        # Compared as a whole first: lstrip goes byte by byte.
        if block == bytes(len(block)):
            return len(block)
        return len(block) - len(block.lstrip(b"\0"))
    if mode == "skip":
        end = block.find(b"\n")
        return len(block) if end < 0 else end + 1
    return 0
