"""Lines that a document wrapped -> the records that they were."""

from collections.abc import Callable


class Joiner:
    """Puts lines together that a document wrapped: no prefix means continuation.

    For wrapped copies of logs only (Cisco's note and its PDF wrap at a blank): in a
    live log a line without prefix is somebody's text.
    """

    def __init__(self, begins_record: Callable[[bytes], bool], max_line: int) -> None:
        self._begins_record = begins_record
        self._keep = max_line + 1
        # The parts of the record in hand, and their length with blanks between.
        self._held: list[bytes] = []
        self._length = 0
        self.joined = 0

    def feed(self, lines: list[bytes]) -> list[bytes]:
        """Return the records known to be complete."""
        done = []
        for line in lines:
            text = line.strip()
            if not self._held or self._begins_record(line):
                done += self.finish()
                self._held, self._length = [text], len(text)
            elif text:
                self.joined += 1
                # A record that is too long already is cut as a line would be.
                if self._length <= self._keep:
                    self._held.append(text)
                    self._length += 1 + len(text)
        return done

    def finish(self) -> list[bytes]:
        """Return the last record."""
        held, self._held = self._held, []
        return [b" ".join(held)[: self._keep]] if held else []
