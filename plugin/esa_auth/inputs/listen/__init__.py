"""Receives lines over TCP, TLS, UDP and Unix sockets; knows lines, not mail.

One thread, all sockets non-blocking. What is held of a connection is bounded, and so is
what one call reads: while its caller is busy nothing is read, the buffers of the system
fill, and TCP makes the senders wait. UDP makes nobody wait: what does not fit into the
buffer is dropped by the system, which counts it.
"""

from esa_auth.inputs.listen.connection import Arrival, Counters, Forms
from esa_auth.inputs.listen.endpoint import Endpoint, read_endpoint
from esa_auth.inputs.listen.server import ListenSettings, Server

__all__ = [
    "Arrival",
    "Counters",
    "Endpoint",
    "Forms",
    "ListenSettings",
    "Server",
    "read_endpoint",
]
