"""Dead letters through the pipeline again."""

from esa_auth.identity import DEFAULT_KEY, Identity, Recalled
from esa_auth.model.dead_letter import WHOLE_LINE, DeadLetter
from esa_auth.model.session import Observer
from esa_auth.pipeline import Pipeline
from esa_auth.pipeline.appliance import Appliance


class Replay:
    """Reads each letter's line on its own.

    So its event depends on nothing but the letter: not on the others, not on their
    order, and not on how often they are replayed.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        """Use ``pipeline``, which reads nothing else."""
        self._pipeline = pipeline
        # Counts the lines that were refused before they could be counted.
        self._identities: dict[str, Identity] = {}

    def feed(self, letter: DeadLetter) -> None:
        """Read a line again, or keep a letter that no reading can give an event."""
        hints = letter.hints
        lost = hints.session_end or hints.withheld
        if letter.why not in WHOLE_LINE or lost:
            self._pipeline.reject_letter(letter)
            return
        known = self._pipeline.registry.appliances
        known[letter.appliance] = self._appliance(letter)
        time = hints.time
        self._pipeline.feed_records([(letter.raw, letter.appliance, time)])
        known.clear()

    def _appliance(self, letter: DeadLetter) -> Appliance:
        """Return the appliance as the letter knew it, without any session."""
        name, hints = letter.appliance, letter.hints
        settings = self._pipeline.settings
        appliance = Appliance(name, settings)
        appliance.observer = Observer(name, hints.version, hints.serial)
        appliance.clock.recall(hints.offset, hints.last, hints.implausible)
        if hints.ordinal is None:
            appliance.identity = self._identities.setdefault(name, appliance.identity)
        else:
            key = settings.id_key or DEFAULT_KEY
            appliance.identity = Recalled(name, hints.ordinal, key)
        return appliance
