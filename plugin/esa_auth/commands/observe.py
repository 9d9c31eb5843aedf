"""Metrics for those who want them; nobody else waits for what they need."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from esa_auth.commands.delivery import Run
from esa_auth.config import Config

if TYPE_CHECKING:
    from esa_auth.inputs.follow import Follower


def observed(
    run: Run[Any], config: Config, follower: "Follower | None" = None
) -> AbstractContextManager[None]:
    """Return what offers the metrics that ``config`` asks for, if it asks for any.

    Raises:
        ConfigError: when entered, if nobody may listen at the address.
    """
    if config.metrics.address is None and config.metrics.file is None:
        return nullcontext()
    from esa_auth.commands.monitor import monitored

    return monitored(run, config, follower)
