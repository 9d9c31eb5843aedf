"""A file of MaxMind's format, whole in memory.

Not mapped, for one who truncates a mapped file kills us by SIGBUS. And not read by the
package `maxminddb`: of changed bytes in a file its reader in C (3.2.0) died by SIGSEGV,
and its reader in Python takes ten times as long for an address.
"""

from collections.abc import Callable
from io import BytesIO
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import maxminddb_rust

from esa_auth.enrich import TableError


def open_mmdb(data: bytes) -> Callable[[IPv4Address | IPv6Address], Any]:
    """Return what finds the record of an address, None if there is none.

    It raises `TableError` where the file is damaged inside.

    Raises:
        TableError: it is no such file.
    """
    try:
        reader = maxminddb_rust.open_database(BytesIO(data), maxminddb_rust.MODE_FD)
        only_ipv4 = reader.metadata().ip_version == 4
    except maxminddb_rust.InvalidDatabaseError as error:
        raise TableError(f"no MaxMind DB: {error}") from error

    def record(address: IPv4Address | IPv6Address) -> Any:
        if only_ipv4 and address.version == 6:
            return None
        try:
            return reader.get(address)
        except maxminddb_rust.InvalidDatabaseError as error:
            raise TableError(f"damaged: {error}") from error

    return record
