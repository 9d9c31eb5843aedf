"""Says of an event in another schema that it is one, to whom reads ECS only."""

from esa_auth.errors import ConfigError
from esa_auth.formats import foreign


def refuse_foreign(record: object, where: str) -> None:
    """Return if ``record`` is anything but an event that `--format` made.

    Raises:
        ConfigError: it is one.
    """
    if schema := foreign(record):
        raise ConfigError(
            f"{where}: events of --format {schema}; only those of --format ecs are read"
        )
