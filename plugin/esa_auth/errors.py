"""What can go wrong, by whose fault and with which exit code.

* EsaAuthError
    * ConfigError          the configuration: exit 2, before a line is read
        * MissingExtraError    it asks for what is not installed
    * StateLockedError     another process holds the state directory: exit 3
    * OutputGoneError      nobody reads our output any more: exit 74
    * TemporaryError       may work at the next try: exit 75
    * StateVersionError    the state was written by a newer version: exit 78

A line that cannot be read is not an exception but a value, see `facts.Unread`.
"""


class EsaAuthError(Exception):
    """Base of all errors of this package; ``exit_code`` is the process's answer."""

    exit_code = 1

    @property
    def texts(self) -> tuple[str, ...]:
        """What is to be said, a line each."""
        return (str(self),)


class ConfigError(EsaAuthError):
    """The configuration or the command line is wrong; each text names its key."""

    exit_code = 2

    @property
    def texts(self) -> tuple[str, ...]:
        """What is wrong, one text for each mistake."""
        return tuple(map(str, self.args))

    def __str__(self) -> str:
        """Return all of it."""
        return "; ".join(self.texts)


class MissingExtraError(ConfigError):
    """What is asked for needs a package that only an extra of ours brings."""

    def __init__(self, where: str, module: str | None, extra: str) -> None:
        """Say so of the key or command ``where``, with what to install."""
        # No name of the distribution: on no index is one of ours, so whoever takes
        # the name there would be installed.
        super().__init__(
            f"{where}: no module {module}; it comes with the extra {extra}:"
            f" pip install 'PATH[{extra}]', where PATH is our wheel or our sources"
        )


class StateLockedError(EsaAuthError):
    """Another process holds the state directory."""

    exit_code = 3


class OutputGoneError(EsaAuthError):
    """The reader of our output is gone (EPIPE)."""

    exit_code = 74


class TemporaryError(EsaAuthError):
    """Something outside failed that may work at the next try."""

    exit_code = 75


class StateVersionError(EsaAuthError):
    """The saved state is of a newer version than this program."""

    exit_code = 78
