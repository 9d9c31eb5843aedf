"""Which of the administrator's networks a peer is in: `network.name`, and the side.

Internal or external is `cisco_esa.zone`. ECS has words for it in `network.direction`,
which says here what the appliance did, and in `observer.ingress` and `egress`, which
name an interface in all our events and are not there when none is known.
"""

from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from esa_auth.enrich import Table, TableError, added, lines_of
from esa_auth.enrich.peer import Address, AddressTable, peer_place

MOST_NETWORKS = 100_000
_SIDES = ("internal", "external")
_LONGEST_NAME = 256

# (version, bits of the prefix) -> prefix as a number -> what is said of it.
_Networks = dict[tuple[int, int], dict[int, dict[str, Any]]]


class Zones:
    """Adds the network that the peer is in; the longest prefix wins."""

    of_context = True

    def __init__(self) -> None:
        self.table: Table | None = None

    def __call__(self, event: dict[str, Any]) -> None:
        """See `Enricher`."""
        part = event.get(peer_place(event))
        if part is None or self.table is None or "ip" not in part:
            return
        found = self.table.find(part["ip"])
        if found is None:
            return
        for name, more in found.items():
            event[name] = added(event[name], more)


def parse(data: bytes) -> AddressTable:
    """Return the table of a list: on each line a CIDR, its side, perhaps a name.

    Raises:
        TableError: the data is no such table.
    """
    networks: _Networks = {}
    for number, line in enumerate(lines_of(data), start=1):
        words = line.split(maxsplit=2)
        if not words or words[0].startswith("#"):
            continue
        if number > 2 * MOST_NETWORKS:
            raise TableError(f"line {number}: more than {2 * MOST_NETWORKS} lines")
        try:
            _add(networks, words)
        except ValueError as error:
            raise TableError(f"line {number}: {str(error)[:200]}") from error
    _check_number(networks)
    order = sorted(networks, reverse=True)
    levels = {v: [(b, networks[v, b]) for w, b in order if w == v] for v in (4, 6)}
    return AddressTable(partial(_longest, levels))


def _check_number(networks: _Networks) -> None:
    count = sum(map(len, networks.values()))
    if count == 0:
        raise TableError("no network in it")
    if count > MOST_NETWORKS:
        raise TableError(f"{count} networks, more than {MOST_NETWORKS}")


def _add(networks: _Networks, words: list[str]) -> None:
    network: IPv4Network | IPv6Network = ip_network(words[0])
    side = words[1] if len(words) > 1 else ""
    if side not in _SIDES:
        raise ValueError(f"{side!r} is neither internal nor external")
    if isinstance(network, IPv6Network) and network[0].ipv4_mapped:
        raise ValueError(f"{words[0]} is IPv4: write it so")
    name = words[2].strip() if len(words) > 2 else ""
    if len(name) > _LONGEST_NAME:
        raise ValueError(f"a name longer than {_LONGEST_NAME} letters")
    bits = network.prefixlen
    level = networks.setdefault((network.version, bits), {})
    prefix = int(network[0]) >> (network.max_prefixlen - bits)
    if prefix in level:
        raise ValueError(f"{words[0]} stands there twice")
    level[prefix] = {"cisco_esa": {"zone": side}}
    if name:
        level[prefix]["network"] = {"name": name}


def _longest(
    levels: dict[int, list[tuple[int, dict[int, dict[str, Any]]]]], address: Address
) -> dict[str, Any] | None:
    number, size = int(address), address.max_prefixlen
    for bits, level in levels[address.version]:
        if found := level.get(number >> (size - bits)):
            return found
    return None
