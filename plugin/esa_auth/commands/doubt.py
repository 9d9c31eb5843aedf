"""Says once that an input is no log of an ESA, and when that can be said."""

from collections.abc import Callable
from typing import NamedTuple

from esa_auth.config import Config
from esa_auth.envelope import has_prefix
from esa_auth.inputs.decode import Decoder
from esa_auth.inputs.framings import among
from esa_auth.model.counters import Counters
from esa_auth.pipeline import Pipeline

# Bytes of the beginning that are looked at.
_SAMPLE = 1 << 16
# Of an input that does not end, it is said after so many lines.
ENOUGH = 1000
# Lines that begin as those of an ESA in a file that is none: somebody quotes them.
_QUOTED = 0.1
_NAMES = {"json": "JSON", "msgpack": "msgpack"}


class Tally(NamedTuple):
    """Lines, and what became of them."""

    lines: int = 0
    useful: int = 0
    unknown: int = 0
    rejected: int = 0

    @classmethod
    def of(cls, counters: Counters) -> "Tally":
        """Take the counts at this moment."""
        useful = counters.results + counters.ancillary + counters.context
        return cls(counters.lines, useful, counters.unknown_heads, counters.rejected)


class Doubt:
    """What is known of one input until it is decided what it is."""

    def __init__(self, form: str, say: Callable[[str], None]) -> None:
        """``form`` is how it is to be read; ``say`` takes the sentence, if any."""
        self.over = False
        self._form, self._say = form, say
        self._sample = b""
        self._seen = Tally()

    def add(self, data: bytes, before: Tally, after: Tally) -> None:
        """Take a piece of the input and the counts around its reading."""
        self._sample += data[: _SAMPLE - len(self._sample)]
        self._seen = Tally(
            *(x + b - a for x, a, b in zip(self._seen, before, after, strict=True))
        )
        if self._seen.useful:
            self.over, self._sample = True, b""

    def decide(self, broken: int = 0, *, ended: bool = False) -> None:
        """Say what it is if that can be said; ``broken`` pieces were not even lines."""
        lines, _, unknown, rejected = self._seen
        if self.over or not lines or (lines < ENOUGH and not ended):
            return
        self.over = True
        sample, self._sample = self._sample, b""
        if not sample.strip():
            return
        # Here, because nearly no run has anything to say.
        from esa_auth.commands.looks import holds

        if max(unknown, broken) >= (1 - _QUOTED) * _filled(sample) * lines:
            self._say(_sentence(sample, self._form, lines, broken))
        elif (found := holds(sample, refused=rejected > broken)) is not None:
            self._say(f"none of its first {lines} lines is that of a mail log: {found}")


def _filled(sample: bytes) -> float:
    """Return the share of lines that are not blank, which have no head at all."""
    lines = sample.strip().split(b"\n")
    return sum(map(bool, map(bytes.strip, lines))) / len(lines)


def _sentence(sample: bytes, form: str, lines: int, broken: int) -> str:
    if broken:
        found = f"none of its first {lines} records can be read"
        if form == "sender":
            return f"{found}: no address before the lines; try --input auto"
        if form in _NAMES and not sample.lstrip().startswith(b"{"):
            return f"{found}: the input is not {_NAMES[form]}; try --input auto"
    else:
        found = f"none of its first {lines} lines is that of an ESA log"
    from esa_auth.commands.looks import looks_like

    return f"{found}: {looks_like(sample)}"


class DoubtingDecoder(Decoder):
    """A decoder that says so when what it reads is no log of an ESA."""

    def __init__(
        self,
        pipeline: Pipeline,
        config: Config,
        say: Callable[[str], None],
        *,
        lines: bool = False,
    ) -> None:
        """As `Decoder`; ``say`` takes the sentence, if there is one to say."""
        super().__init__(
            pipeline,
            among(config.input_format),
            config.terms,
            begins_record=has_prefix if config.join_wrapped else None,
            lines=lines,
        )
        self._counters = pipeline.counters
        self._doubt = Doubt(config.input_format, say)

    def feed(self, block: bytes) -> bool:
        """See `Decoder.feed`."""
        if self._doubt.over:
            return super().feed(block)
        before = Tally.of(self._counters)
        readable = super().feed(block)
        self._doubt.add(block, before, Tally.of(self._counters))
        self._doubt.decide(self.broken, ended=not readable)
        return readable

    def finish(self) -> None:
        """See `Decoder.finish`."""
        before = Tally.of(self._counters)
        super().finish()
        self._doubt.add(b"", before, Tally.of(self._counters))
        self._doubt.decide(self.broken, ended=True)
