"""When is an event poison, and when is only the receiver ill?

A receiver can refuse one chunk for ever, by silence (Fluentd's ``chunk_size_limit``)
or by dying of it. It must not hold up all events behind it. But silence and resets
are also how a full, stopping or broken receiver looks, and good events must never
pay for that. So nothing is poison without a witness:

* The *witness* is one event that this receiver acknowledged before, sent again; its
  id makes the repetition recognisable. An empty chunk would not do: Fluentd takes
  that even while its buffer is full and it resets every chunk with events
  (``Buffer#write`` returns before it looks), and others need not know it at all.
* A chunk that fails (silence, reset, wrong or unreadable reply) is *accused* only if
  it was the one chunk under way on a connection that had passed its handshake. After
  a failure with several under way, chunks go one at a time.
* An accused chunk waits until a new connection stands, and the witness goes first.
  Witness acknowledged: one *strike*. Witness not acknowledged: the receiver is to
  blame, the strikes are cleared. No connection: nothing is learned, the charge stands.
* Three strikes in a row: the chunk is split in half. A half of a chunk that was split
  is split at its first strike, since a split loses nothing and each silent try costs
  ``ack_timeout``. One event needs three strikes of its own; then it is *poison*.
* While the receiver has never acknowledged anything there is no witness, and nothing
  becomes poison. Chunks then take turns, and are split after three failures, so that
  one that can pass does pass and gives the witness.
* If all parts of a chunk that was split are acknowledged, its size was the trouble:
  chunks stay below it from then on, until the program ends.

A receiver that loses chunks by mere chance is the hardest case: a single event dies
if it fails three times in a row and the witness passes three times in between. Each
such event goes to ``on_poison``, which keeps it, so even then nothing is lost.
"""

from esa_auth.outputs.forward.chunks import Chunk, Entry, Split

STRIKES = 3
"""Failures that split a chunk, or make one event poison."""
SMALLEST_LIMIT = 64 * 1024
"""Bytes; chunks are never held below this because of their size."""


class Trial:
    """Keeps the witness and the largest size that passes; does no I/O."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        """Largest chunk to make, in bytes."""
        self._witness: Entry | None = None

    def witness(self) -> Chunk | None:
        """Return the witness as a chunk to send, if there is one."""
        if self._witness is None:
            return None
        return Chunk([self._witness], written=True, is_witness=True)

    def acknowledged(self, chunk: Chunk) -> bool:
        """Take note of an ack; return whether it lowered ``max_bytes``."""
        self._witness = chunk.entries[0]
        split = chunk.part_of
        if split is None:
            return False
        split.unsettled -= len(chunk)
        split.largest_acked = max(split.largest_acked, chunk.size)
        if split.unsettled or split.poisoned:
            return False
        limit = max(split.largest_acked, SMALLEST_LIMIT)
        lowered = limit < self.max_bytes
        self.max_bytes = min(limit, self.max_bytes)
        return lowered

    def unproven(self, chunk: Chunk) -> tuple[Chunk, ...]:
        """Return what to put at the end of the queue for a failure without witness."""
        chunk.accused = False
        chunk.unproven += 1
        if chunk.unproven >= STRIKES and len(chunk) > 1:
            return chunk.halves(chunk.part_of)
        return (chunk,)

    def strike(self, chunk: Chunk) -> tuple[Chunk, ...]:
        """Return what to try instead, in order, now that a witness has passed.

        Nothing means that the chunk is one event, and poison.
        """
        chunk.accused = False
        chunk.strikes += 1
        patience = 1 if chunk.part_of and len(chunk) > 1 else STRIKES
        if chunk.strikes < patience:
            return (chunk,)
        split = chunk.part_of or Split(unsettled=len(chunk))
        if len(chunk) > 1:
            return chunk.halves(split)
        split.poisoned = True
        split.unsettled -= 1
        return ()
