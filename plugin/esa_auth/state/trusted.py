"""Opening the directory and its files only when nobody else can have made them.

A state file decides what is read again and what is passed over, so a file that
another user can write to is refused rather than repaired.
"""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from esa_auth.errors import ConfigError, TemporaryError

_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


def open_directory(path: Path) -> int:
    """Return a descriptor of the directory, which is made (0700) if it is missing.

    Raises:
        ConfigError: it is a symbolic link, another user's, writable by others, no
            directory, or cannot be made.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)
            _make_durable(path.parent)
        descriptor = os.open(path, flags)
    except OSError as error:
        raise ConfigError(f"state directory {path}: {_reason(error)}") from error
    try:
        _refuse_others(os.fstat(descriptor), f"state directory {path}")
    except ConfigError:
        os.close(descriptor)
        raise
    return descriptor


def open_file(name: str, flags: int, directory: int, path: Path) -> int:
    """Return a descriptor of the file ``name`` (0600 if made) in ``directory``.

    Args:
        name: File name without a folder.
        flags: As for `os.open`; not following links is added here.
        directory: Descriptor of the directory.
        path: Path of the directory, for the text of an error only.

    Raises:
        FileNotFoundError: there is none and ``flags`` do not make one.
        ConfigError: it is a symbolic link, another user's, writable by others, or
            no regular file.
        TemporaryError: the system refuses for another reason (disk full, too many
            open files).
    """
    # O_NONBLOCK: opening a FIFO that lies there would wait for its other end.
    flags |= os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    where = f"state file {path / name}"
    try:
        descriptor = os.open(name, flags, 0o600, dir_fd=directory)
    except FileNotFoundError:
        raise
    except OSError as error:
        lasting = error.errno in {errno.ELOOP, errno.EACCES, errno.EPERM, errno.EISDIR}
        kind = ConfigError if lasting or error.errno == errno.ENXIO else TemporaryError
        raise kind(f"{where}: {_reason(error)}") from error
    try:
        status = os.fstat(descriptor)
        _refuse_others(status, where)
        _refuse_devices(status, where)
    except ConfigError:
        os.close(descriptor)
        raise
    return descriptor


def _refuse_others(status: os.stat_result, where: str) -> None:
    if status.st_uid != os.geteuid():
        raise ConfigError(
            f"{where}: belongs to user {status.st_uid}, not to {os.geteuid()}"
        )
    if status.st_mode & _OTHERS_MAY_WRITE:
        mode = stat.S_IMODE(status.st_mode)
        raise ConfigError(f"{where}: writable by others (mode {mode:04o})")


def _refuse_devices(status: os.stat_result, where: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(f"{where}: not a regular file")


def _reason(error: OSError) -> str:
    # Linux answers ELOOP to O_NOFOLLOW, and ENOTDIR if O_DIRECTORY is given too.
    if error.errno == errno.ELOOP:
        return "is a symbolic link"
    if error.errno == errno.ENOTDIR:
        return "is a symbolic link or not a directory"
    return error.strerror or str(error)


def _make_durable(parent: Path) -> None:
    # A parent that may be searched but not read cannot be opened, hence not synced;
    # the directory then survives a power cut as soon as the system writes it back.
    with suppress(PermissionError):
        descriptor = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
