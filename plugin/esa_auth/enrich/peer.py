"""The other side of a connection, whose address tables are asked for."""

from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, TypeAlias

from esa_auth.enrich import TableError

Address: TypeAlias = IPv4Address | IPv6Address

# `network.direction` -> where ECS has the peer.
_PLACES = {"ingress": "source", "egress": "destination"}
# One attacker has few addresses and many attempts; a botnet must not fill the memory.
_MOST_KNOWN = 16_384


def peer_place(event: dict[str, Any]) -> str:
    """Return the key under which ``event`` has its peer, if it has one."""
    return _PLACES[event["network"]["direction"]]


class AddressTable:
    """Finds what is said of an address, and remembers it for the next event."""

    def __init__(self, look_up: Callable[[Address], dict[str, Any] | None]) -> None:
        """``look_up`` may raise `TableError`: then nothing is known."""
        self._look_up = look_up
        self._known: dict[str, dict[str, Any] | None] = {}
        self.damage = ""

    def find(self, ip: str) -> dict[str, Any] | None:
        """Return what is said of ``ip``; one mapped into IPv6 is an IPv4 address."""
        if ip in self._known:
            return self._known[ip]
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        try:
            found = self._look_up(_address(ip))
        except TableError as error:
            self.damage, found = str(error), None
        self._known[ip] = found
        return found


# Each table asks for the same address in turn.
@lru_cache(maxsize=64)
def _address(ip: str) -> Address:
    address = ip_address(ip)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
