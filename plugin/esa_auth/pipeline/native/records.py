"""Records of JSON and msgpack as lines, where they say no more than one sender."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

# As in `Pipeline.feed_records`.
Record: TypeAlias = tuple[bytes, str | None, str | None]

# With fewer, what it costs to begin and to end is more than what is saved.
_ENOUGH = 32


def runs(
    records: Sequence[Record],
) -> Iterator[tuple[str | None, list[bytes], list[Record]]]:
    """Yield the host and the lines of records in a row that differ in their line alone.

    Those that have to be read one by one come as records, without lines.
    """
    for (host, time), found in groupby(records, itemgetter(1, 2)):
        run = list(found)
        lines = [record[0] for record in run]
        # A message may have a line feed in it, and a line of a file has none.
        if time is not None or len(run) < _ENOUGH or b"\n" in b"".join(lines):
            yield host, [], run
        else:
            yield host, lines, []
