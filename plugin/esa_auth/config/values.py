"""Values of a configuration that name something: a zone, a file with a secret."""

from ipaddress import ip_address
from pathlib import Path
from zoneinfo import ZoneInfo

from esa_auth.errors import ConfigError

_MIN_KEY = 32


def check_utf8(where: str, text: str) -> None:
    """Refuse what cannot be written.

    Raises:
        ConfigError: half of a surrogate pair is in it.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(f"{where}: not UTF-8 text") from error


def check_zone(where: str, zone: str | None) -> None:
    """Refuse what is no time zone.

    Raises:
        ConfigError: there is none of that name.
    """
    if zone is None:
        return
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(f"{where}: no such time zone: {zone!r}") from error


def read_address(where: str, text: str) -> str:
    """Return an IP address as it is written elsewhere.

    Raises:
        ConfigError: it is none.
    """
    try:
        return str(ip_address(text))
    except ValueError as error:
        raise ConfigError(f"{where}: {text!r:.60} is no IP address") from error


def read_secret(where: str, path: str | None) -> str | None:
    """Return the text of a file; ``where`` is the key that names it.

    Raises:
        ConfigError: it cannot be read, or is empty.
    """
    if path is None:
        return None
    try:
        text = Path(path).read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{where}: {path}: cannot be read") from error
    if not text:
        raise ConfigError(f"{where}: {path}: is empty")
    return text


def read_key(where: str, path: str | None) -> bytes | None:
    """Return the bytes of a file, less the blanks around them.

    Raises:
        ConfigError: it cannot be read, or is too short to be a secret.
    """
    if not path:
        return None
    try:
        found = Path(path).read_bytes().strip()
    except OSError as error:
        raise ConfigError(f"{where}: {path}: {error.strerror}") from error
    if len(found) < _MIN_KEY:
        raise ConfigError(f"{where}: {path}: shorter than {_MIN_KEY} bytes")
    return found
