"""What the keys of `watch` ask for. Pure: bytes of a terminal in, wishes out."""

import codecs
import re
from dataclasses import dataclass, field

# Arrows and the like: what a terminal sends for a key that is no letter.
_SEQUENCE = re.compile(rb"\x1b[\[O][0-9;]*[A-Za-z~]")
_ESCAPE, _RUBOUT = "\x1b", ("\x7f", "\b")
_LONGEST = 60


def _decoder() -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder("utf-8")("ignore")


@dataclass(slots=True)
class Wishes:
    """``typing`` is the filter that is being typed; None if none is."""

    quit: bool = False
    paused: bool = False
    help: bool = False
    filter: str = ""
    typing: str | None = None
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=_decoder, compare=False, repr=False
    )

    def press(self, keys: bytes) -> None:
        """Take what was pressed."""
        for key in self._decoder.decode(_SEQUENCE.sub(b"", keys)):
            if self.typing is None:
                self._command(key)
            else:
                self._type(key, self.typing)

    def _command(self, key: str) -> None:
        if key in "qQ":
            self.quit = True
        elif key in "pP ":
            self.paused = not self.paused
        elif key in "?hH":
            self.help = not self.help
        elif key in "/fF":
            self.typing = self.filter
        elif key == _ESCAPE:
            self.filter, self.help, self.paused = "", False, False

    def _type(self, key: str, typed: str) -> None:
        if key in "\r\n":
            self.filter, self.typing = typed.strip(), None
        elif key == _ESCAPE:
            self.typing = None
        elif key in _RUBOUT:
            self.typing = typed[:-1]
        elif key.isprintable() and len(typed) < _LONGEST:
            self.typing = typed + key
