"""`esa-auth receive`: shows what ``--forward`` sends, to try a set-up with."""

import argparse
import logging
import ssl
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson

from esa_auth.config.values import read_secret
from esa_auth.errors import ConfigError, OutputGoneError, TemporaryError
from esa_auth.outputs.forward.receiver import ForwardReceiver
from esa_auth.outputs.stdout import check_reader, write_all

if TYPE_CHECKING:
    from esa_auth.commands.options import Subcommands

_WAIT_SECONDS = 0.25

log = logging.getLogger("esa_auth")

_ABOUT = """Listen for the forward protocol and write each record that arrives to
stdout, a JSON line each. A chunk is acknowledged when its records are written. It is
there to try a set-up without a shipper; it keeps nothing. Exit codes: 0 stopped by a
signal; 2 nobody may listen there, or a file cannot be used; 74 nobody reads stdout."""


def add_parser(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    text = "print what --forward sends"
    parser = subcommands.add_parser("receive", help=text, description=_ABOUT)
    add = parser.add_argument
    add("address", metavar="HOST:PORT", help="where to listen")
    add("--shared-key-file", metavar="FILE", help="file with the shared key")
    add("--cert-file", metavar="FILE", help="PEM certificate: TLS only")
    add("--key-file", metavar="FILE", help="PEM key, if not in --cert-file")
    parser.set_defaults(run=run, stops_in_order=True)


def run(args: argparse.Namespace) -> int:
    """Receive until a stop signal; return the exit code."""
    # Imported here, because only live commands take signals.
    from esa_auth.inputs.stream import StopSignal

    stop = StopSignal()
    printer = _Printer()
    key = read_secret("--shared-key-file", args.shared_key_file)
    tls = _tls(args.cert_file, args.key_file)
    host, _, port = args.address.rpartition(":")
    address = host.strip("[]") or "127.0.0.1", port
    try:
        server = ForwardReceiver(
            (address[0], int(port)), printer.take, log.warning, key, tls
        )
    except (OSError, ValueError, OverflowError) as error:
        raise ConfigError(f"{args.address}: {error}") from error
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    log.info("listening at %s:%d", *server.server_address[:2])
    try:
        while not stop():
            printer.over.wait(_WAIT_SECONDS)
            if printer.failure:
                raise printer.failure
            check_reader(sys.stdout.fileno())
    finally:
        server.shutdown()
        server.server_close()
    return 0


def _tls(cert_file: str | None, key_file: str | None) -> ssl.SSLContext | None:
    if cert_file is None:
        if key_file is not None:
            raise ConfigError("--key-file: needs --cert-file")
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # Without a password OpenSSL would ask for one on the terminal.
        context.load_cert_chain(cert_file, key_file, password="")
    except OSError as error:
        raise ConfigError(f"--cert-file: {cert_file}: {error}") from error
    return context


class _Printer:
    """Writes records of several connections, whole lines at a time."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.failure: OutputGoneError | TemporaryError | None = None
        self._lock = threading.Lock()

    def take(self, tag: str, records: Sequence[Any]) -> None:
        """Write the records; the sender learns of it when this returns."""
        option = orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
        data = b"".join([orjson.dumps(record, repr, option) for record in records])
        with self._lock:
            try:
                write_all(sys.stdout.fileno(), data, self.over.is_set)
            except (OutputGoneError, TemporaryError) as error:
                self.failure = error
                self.over.set()
                raise ConnectionResetError(str(error)) from error
