"""Opening a file to write to only when it is our own.

Names and, typed into the wrong field, passwords of users are written there: who may put
a link or a file of his under the name beforehand must get none of it.
"""

import errno
import os
import stat
from contextlib import suppress

OWNER_ONLY = 0o600


def open_own(path: str, flags: int, mode: int = OWNER_ONLY) -> int:
    """Return a descriptor of ``path``; a device or a pipe may be anybody's.

    Args:
        path: Whose last part is no link; folders may be.
        flags: As for `os.open`; not following a link is added here.
        mode: Permissions of a new file.

    Raises:
        OSError: it is a link, or another user's file, or cannot be opened.
    """
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    except OSError as error:
        if error.errno == errno.ELOOP and os.path.islink(path):
            raise OSError(errno.ELOOP, "is a symbolic link", path) from error
        raise
    status = os.fstat(descriptor)
    # The administrator's may be given to a service to write to.
    if stat.S_ISREG(status.st_mode) and status.st_uid not in (os.geteuid(), 0):
        os.close(descriptor)
        why = f"belongs to user {status.st_uid}, not to {os.geteuid()}"
        raise OSError(errno.EPERM, why, path)
    return descriptor


def open_new(path: str) -> int:
    """Return a descriptor of a new file of that name, for its owner only.

    What has the name goes: the rest of a run that was killed, or a link.

    Raises:
        OSError: it cannot be made, or somebody was quicker.
    """
    with suppress(FileNotFoundError):
        os.unlink(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(path, flags, OWNER_ONLY)


def check_replaceable(path: str) -> None:
    """Look whether a new file may take the place of what ``path`` is.

    Raises:
        OSError: it is a link, a device, a pipe or a directory. Root could replace
            /dev/null and /dev/stdout.
    """
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(mode):
        raise OSError(errno.ELOOP, "is a symbolic link", path)
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "not a regular file", path)
