"""Files -> groups by appliance, each in log order, each text once."""

import hashlib
import logging
import os
import re
from dataclasses import dataclass, replace

from esa_auth import __version__
from esa_auth.commands.owners import Opening, Owners, Place
from esa_auth.config import Config
from esa_auth.inputs.archives import Archive, beginning
from esa_auth.inputs.decode import Decoder
from esa_auth.inputs.framings import among
from esa_auth.inputs.records import Record
from esa_auth.pipeline import Settings
from esa_auth.pipeline.origin import Origin, origin

log = logging.getLogger("esa_auth")

_HEAD = 1 << 16
# `mail_logs.@20210602T033910.s`, as the appliance names a file that it has closed.
_STAMP = re.compile(r"\.@([0-9]{8}T[0-9]{6}|[0-9]+)\.")


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read; ``size`` is on the disk, ``mtime`` in epoch seconds."""

    path: str
    size: int
    mtime: int
    digest: bytes
    first_line: bytes
    origin: Origin


@dataclass(frozen=True, slots=True)
class Group:
    """The files of one appliance, in log order."""

    name: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is to be read, and how many files could not even be begun."""

    groups: tuple[Group, ...]
    unreadable: int
    config: Config

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        return sum(s.size for g in self.groups for s in g.sources)

    def digest(self, tables: bytes = b"") -> bytes:
        """Tell this plan from others: what decides the bytes of the output.

        ``tables`` tells what is looked up from other tables; empty: there are none.
        """
        settings = replace(self.config.pipeline, reference=0)
        config = self.config
        how = (config.input_format, config.join_wrapped, config.keys)
        parts = (__version__, settings, how, config.output_format, config.output_schema)
        files = [(g.name, s.size, s.mtime, s.digest) for g, s in self._files()]
        told = repr((parts, files)).encode() + tables
        return hashlib.blake2b(told, digest_size=16).digest()

    def _files(self) -> list[tuple[Group, Source]]:
        return [(group, s) for group in self.groups for s in group.sources]


def plan(paths: list[str], config: Config) -> Plan:
    """Return how to read ``paths``; says which are left out and why."""
    sources: list[Source] = []
    unreadable = 0
    for path in paths:
        try:
            source = _source(path, config)
        except OSError as error:
            log.warning("%s: cannot be read: %s", path, error.strerror or error)
            unreadable += 1
        else:
            sources += [source] if source else []
    return Plan(_grouped(_once(sources), config), unreadable, config)


class _Lines:
    """Takes what a decoder finds."""

    def __init__(self) -> None:
        self.found: list[tuple[bytes, str | None, str | None]] = []

    def feed(self, lines: list[bytes]) -> None:
        self.found += [(line, None, None) for line in lines]

    def feed_records(self, records: list[Record]) -> None:
        self.found += records

    def reject(self, raw: bytes, why: str, reason: str) -> None:
        self.found.append((raw, None, None))


def _source(path: str, config: Config) -> Source | None:
    """Return what ``path`` is, or None if it is empty.

    Raises:
        OSError: nothing of it can be read.
    """
    with Archive(path) as archive:
        head = archive.read()[:_HEAD]
        if not head and archive.broken:
            raise OSError(archive.broken)
        status = archive.status
    if not head:
        return None
    lines = _Lines()
    decoder = Decoder(lines, among(config.input_format), config.terms)
    decoder.feed(head)
    decoder.finish()
    return Source(
        path,
        status.st_size,
        int(status.st_mtime),
        hashlib.blake2b(head, digest_size=16).digest(),
        hashlib.blake2b(head.partition(b"\n")[0], digest_size=16).digest(),
        origin(lines.found),
    )


def _once(sources: list[Source]) -> list[Source]:
    """Leave out what another file holds: the same text, or a copy broken off."""
    kept: dict[bytes, list[Source]] = {}
    for source in sources:
        rivals = kept.setdefault(source.first_line, [])
        for at, rival in enumerate(rivals):
            how = _beginning(source, rival)
            if how is not None:
                less, more = (rival, source) if how == 1 else (source, rival)
                what = "the beginning of" if how else "the same text as"
                log.info("%s: left out, it is %s %s", less.path, what, more.path)
                rivals[at] = more
                break
        else:
            rivals.append(source)
    return [source for rivals in kept.values() for source in rivals]


def _beginning(one: Source, other: Source) -> int | None:
    if os.path.samefile(one.path, other.path):
        return 0
    return beginning(one.path, other.path)


def _grouped(sources: list[Source], config: Config) -> tuple[Group, ...]:
    """Group the files by appliance, as `tail` does with those that it follows."""
    default = config.pipeline.appliance
    owners = Owners(config.serials, default, said=default != Settings().appliance)
    # Those that say it themselves first: a file without a header is as those beside it.
    files = sorted(sources, key=lambda s: (s.origin.serial is None, s.path))
    told = [
        (source, Place(os.path.abspath(source.path)), _opening(source.origin))
        for source in files
    ]
    owners.foresee((place, opening) for _, place, opening in told)
    groups: dict[str, list[Source]] = {}
    for source, place, opening in told:
        groups.setdefault(owners.name(place, opening), []).append(source)
    return tuple(_group(name, groups[name], config) for name in sorted(groups))


def _opening(origin: Origin) -> Opening:
    return Opening(origin.serial, origin.named, known=True)


def _group(name: str, sources: list[Source], config: Config) -> Group:
    """Put the files in log order: time of the first line, then the name's stamp."""
    zone = dict(config.pipeline.zones).get(name, config.pipeline.zone)

    def place(source: Source) -> tuple[int, str, str]:
        begins = source.origin.begins(zone, source.mtime)
        stamp = _STAMP.search(os.path.basename(source.path))
        return (
            source.mtime if begins is None else begins,
            stamp[1] if stamp else "",
            source.path,
        )

    return Group(name, tuple(sorted(sources, key=place)))
