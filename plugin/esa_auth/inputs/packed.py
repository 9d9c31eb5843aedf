"""The framing msgpack: a stream of maps, as log shippers hand them to a child."""

from collections.abc import Iterator
from itertools import islice, pairwise
from typing import Any

import msgpack

from esa_auth.inputs.records import TOGETHER, Broken, Record, RecordReader, Terms


class MsgpackReader:
    """A stream of msgpack maps -> records."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._reader = RecordReader(terms)
        self._unpacker = msgpack.Unpacker(
            raw=False,
            unicode_errors="surrogateescape",
            strict_map_key=False,
            max_buffer_size=max(terms.max_line * 4, 1 << 21),
        )
        # Bytes of the record that is not complete yet, and where it begins.
        self._rest = b""
        self._start = 0

    def feed(self, block: bytes) -> Iterator[list[Record] | Broken]:
        """Read the records that ``block`` completes.

        Yields a `Broken` and stops for good when the stream is no msgpack: without
        its framing nothing after that point can be told apart.
        """
        data, at, why = self._rest + block, 0, ""
        try:
            self._unpacker.feed(block)
        except msgpack.UnpackException as error:
            why = _said(error)
        while not why:
            documents, ends, why = self._some(at)
            plain = self._reader.plain(documents)
            if plain is not None:
                yield plain
                at = ends[-1]
            else:
                for document, (begun, at) in zip(
                    documents, pairwise(ends), strict=True
                ):
                    if not isinstance(document, dict | list):
                        # What text looks like: a small number for each letter.
                        why = f"a record is {type(document).__name__}, no map"
                        break
                    yield self._reader.document(document, data[begun:at])
            if len(documents) < TOGETHER:
                break
        self._rest, self._start = data[at:], self._start + at
        if why:
            self._rest = b""
            yield Broken(data[at : at + 4096], f"not msgpack: {why}")
            raise EOFError(why)

    def finish(self) -> Iterator[Broken]:
        """Give up the record that the end of the stream cut."""
        if self._rest:
            yield Broken(self._rest[:4096], "not msgpack: cut in the middle")
        self._rest = b""

    def cut_off(self) -> Iterator[Broken]:
        """Refuse the record that the stream broke off in."""
        for broken in self.finish():
            yield Broken.cut(broken.raw)

    def message(self, value: bytes) -> Iterator[list[Record] | Broken]:
        """Read the records of a message, which ends with its last one."""
        whole = MsgpackReader(self._terms)
        try:
            yield from whole.feed(value)
        except EOFError:
            return
        yield from whole.finish()

    def _some(self, at: int) -> tuple[list[Any], list[int], str]:
        """Return what comes next, where each of it ends behind ``at``, and an error."""
        documents: list[Any] = []
        ends = [at]
        try:
            for document in islice(self._unpacker, TOGETHER):
                documents.append(document)
                ends.append(self._unpacker.tell() - self._start)
        except (msgpack.UnpackException, ValueError, TypeError) as error:
            # TypeError: a list or a map as the key of a map.
            return documents, ends, _said(error)
        return documents, ends, ""


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
