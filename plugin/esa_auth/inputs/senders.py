r"""The framing sender: lines with the address of their sender before them.

``ADDRESS LINE``, a blank between them; a relay that does not know the sender leaves the
address out and keeps the blank. JSON would not do: rsyslog 8.2302 writes bytes that are
not UTF-8 into it as they are, syslog-ng 3.38 as ``\xff``, and `event.id` is of the raw
bytes. Here the line stays as the appliance sent it.
"""

from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from esa_auth.inputs.records import Broken, Record, Terms

# An IPv6 address with its zone, and the blank.
_LONGEST = 64


class SenderLines:
    """Takes address and line apart."""

    is_whole_by_itself = False

    def __init__(self, terms: Terms) -> None:
        # One byte more than a line may have tells the pipeline that it was cut.
        self._keep = terms.max_line + 1
        self.longest = terms.max_line + _LONGEST

    def read(self, lines: list[bytes]) -> Iterator[list[Record] | Broken]:
        """Read lines in order; one without an address is refused."""
        records: list[Record] = []
        for line in lines:
            sender, _, raw = line.partition(b" ")
            try:
                host = _named(sender) if sender else None
            except ValueError:
                if records:
                    yield records
                records = []
                yield Broken(line, "no address of a sender before the line")
            else:
                records.append((raw[: self._keep], host, None))
        if records:
            yield records


@lru_cache(maxsize=4096)
def _named(sender: bytes) -> str:
    """Return the address as it is written elsewhere.

    Raises:
        ValueError: it is no address.
    """
    address = ip_address(sender.decode("ascii"))
    # What listens for both kinds is told IPv4 senders so.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
