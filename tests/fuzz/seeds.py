"""Writes the seeds: `python -m tests.fuzz.seeds`. A finding is added beside them."""

from collections.abc import Iterator
from dataclasses import replace

import msgpack

from esa_auth.grammar import RULES
from esa_auth.resources import conf_text
from esa_auth.state.generation import Generation, header
from tests.fuzz.targets import CORPUS
from tests.support.harness import SETTINGS, inbound, made, native, opened, syslog


def seeds() -> Iterator[tuple[str, str, bytes]]:
    """Yield target, name and bytes."""
    session = [*opened(), inbound(), b"ICID 450 close"]
    for name, frame in (("native", native), ("syslog", syslog)):
        yield "envelope", name, frame(inbound())
        yield "log", name, b"\n".join(frame(line) for line in session)
    rfc5424 = b"<22>1 2009-04-22T11:00:00Z esa01 mail_logs - - - Info: "
    yield "envelope", "rfc5424", rfc5424 + inbound()
    # Its priority is none: it must not be read by the header of the line before.
    broken = syslog(inbound()).replace(b"<22>", b"<2x>")
    yield "log", "priority", syslog(inbound()) + b"\n" + broken
    for rule in RULES:
        yield "body", rule.name.replace(" ", "_"), rule.sample.encode()
    record = {"message": native(inbound()).decode(), "host": "esa01", "time": 1}
    yield "records", "msgpack", msgpack.packb(record)
    yield "records", "json", b'{"message": "x", "host": "esa01"}\n{"message"'
    yield "records", "lines", native(inbound()) + b"\n" + syslog(inbound())
    defaults = conf_text("default.yaml")
    plain = [line for line in defaults.splitlines() if line.strip()[:1] != "#"]
    yield "configuration", "defaults", "\n".join(filter(None, plain)).encode()
    yield "configuration", "bomb", b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    yield "configuration", "tag", b"appliance: !!python/object/apply:os.system [id]\n"
    pipeline = made()
    pipeline.feed([native(line) for line in session[:-1]])
    saved: bytes = msgpack.packb(pipeline.snapshot())
    yield "checkpoint", "payload", saved
    waiting = made(replace(SETTINGS, wait=60))
    waiting.feed([native(line) for line in session[:-1]])
    yield "checkpoint", "held", msgpack.packb(waiting.snapshot())
    yield "checkpoint", "file", header(Generation(1, saved)) + saved
    helo = ["HELO", {"nonce": b"n" * 16, "auth": b"", "keepalive": True}]
    for name, message in (
        ("helo", helo),
        ("pong", ["PONG", True, "", "receiver", "0" * 128]),
        ("ack", {"ack": "0" * 24}),
    ):
        yield "handshake", name, msgpack.packb(message)


def main() -> None:
    """Write them all."""
    for target, name, data in seeds():
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
