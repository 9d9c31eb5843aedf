"""The emitter of those who look things up; nobody else pays for it."""

from collections.abc import Callable

from esa_auth.model.document import Document
from esa_auth.model.session import Source
from esa_auth.pipeline.appliance import Appliance, Settings
from esa_auth.pipeline.emitter import Emitter, Out


class EnrichingEmitter(Emitter[Out]):
    """Adds to an event before it is validated, so that what is added is, too."""

    def __init__(
        self,
        encode: Callable[[Document], Out],
        read_time: Callable[[], str],
        settings: Settings,
        enrich: Callable[[Document], Document],
    ) -> None:
        super().__init__(encode, read_time, settings.veil)
        self._enrich = enrich

    def _end(self, document: Document, source: Source, appliance: Appliance) -> None:
        super()._end(self._enrich(document), source, appliance)

    def _leave(self, document: Document, source: Source, appliance: Appliance) -> bool:
        return super()._leave(self._enrich(document), source, appliance)
