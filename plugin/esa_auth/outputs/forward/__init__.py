"""The destination ``--forward``: Fluentd's forward protocol, with acknowledgement.

Read by Fluentd, Fluent Bit, Vector and the OpenTelemetry collector. `send` returns
when the receiver has acknowledged every event. For Fluentd that means "in its
buffer": safe from a crash of Fluentd only with ``<buffer> @type file``, and worth
nothing if a ``<label @ERROR>`` section swallows what cannot be stored. No receiver
drops repeated chunks, so an event can arrive twice: the index must be keyed by
``event.id``.

Format: "Forward Protocol Specification v1" in the wiki of fluent/fluentd.
"""

from esa_auth.outputs.forward.counters import ForwardCounters
from esa_auth.outputs.forward.output import ForwardOutput
from esa_auth.outputs.forward.packing import Entry, pack_entry
from esa_auth.outputs.forward.settings import ForwardSettings, TlsSettings
from esa_auth.outputs.forward.timing import Timing

__all__ = [
    "Entry",
    "ForwardCounters",
    "ForwardOutput",
    "ForwardSettings",
    "Timing",
    "TlsSettings",
    "pack_entry",
]
