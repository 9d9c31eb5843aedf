"""Values of a configuration that name something: a zone, a file with a secret."""

import os
import re
import stat
from ipaddress import ip_address
from zoneinfo import ZoneInfo, available_timezones

from esa_auth.errors import ConfigError
from esa_auth.suggest import did_you_mean

_MIN_KEY = 32
_MOST_SECRET = 1 << 16
# Reading by a group is what a service needs whose key is root's.
_OTHERS = stat.S_IWGRP | stat.S_IRWXO
_OFFSET = re.compile(r"(?:UTC|GMT|Z)?[+-]?[0-9]{1,2}:?[0-9]{0,2}")


def check_utf8(where: str, text: str) -> None:
    """Refuse what cannot be written.

    Raises:
        ConfigError: half of a surrogate pair is in it.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(f"{where}: not UTF-8 text") from error


def wrong_zone(where: str, zone: str | None) -> str:
    """Return what is wrong with the name of a time zone, "" if it is one."""
    if zone is None:
        return ""
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        said = f"{where}: no such time zone: {zone!r:.80}"
    else:
        return ""
    if _OFFSET.fullmatch(zone):
        return f"{said}; a name is wanted, as Europe/Berlin, for clocks that change"
    return f"{said}{did_you_mean(zone, available_timezones())}"


def read_address(where: str, text: str) -> str:
    """Return an IP address as it is written elsewhere.

    Raises:
        ConfigError: it is not an IP address.
    """
    try:
        return str(ip_address(text))
    except ValueError as error:
        raise ConfigError(f"{where}: {text!r:.60} is no IP address") from error


def read_secret(where: str, path: str | None) -> str | None:
    """Return the text of a file; ``where`` is the key that names it.

    Raises:
        ConfigError: it cannot be read, is empty, or is not for us alone.
    """
    if path is None:
        return None
    try:
        text = _private(where, path).decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{where}: {path}: is not UTF-8 text") from error
    if not text:
        raise ConfigError(f"{where}: {path}: is empty")
    return text


def read_key(where: str, path: str | None) -> bytes | None:
    """Return the bytes of a file, less the blanks around them.

    Raises:
        ConfigError: it cannot be read, is too short to be a secret, or is not for us
            alone.
    """
    if not path:
        return None
    found = _private(where, path).strip()
    if len(found) < _MIN_KEY:
        raise ConfigError(f"{where}: {path}: shorter than {_MIN_KEY} bytes")
    return found


def _private(where: str, path: str) -> bytes:
    """Return what is in a file that only its owner, and a group, may read.

    A name without a slash is that of a credential if systemd gave us any.
    """
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials and "/" not in path:
        path = os.path.join(credentials, path)
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            found = file.read(_MOST_SECRET)
    except OSError as error:
        raise ConfigError(f"{where}: {path}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{where}: has a NUL character in it") from error
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISREG(status.st_mode):
        if status.st_uid not in (0, os.geteuid()):
            raise ConfigError(f"{where}: {path}: belongs to user {status.st_uid}")
        if mode & _OTHERS:
            raise ConfigError(
                f"{where}: {path}: open to others (mode {mode:04o}): chmod 600"
            )
    return found
