"""What a pipeline remembers, as plain data: a restart goes on where the last run was.

The same data is saved in a checkpoint and, in parts, in Kafka's changelog. What is
saved of one appliance stands in `pipeline.entries`.
"""

from collections.abc import Callable
from typing import Any

from esa_auth.errors import StateVersionError
from esa_auth.fields import reader
from esa_auth.pipeline.appliance import looks_in
from esa_auth.pipeline.entries import VERSION, all_entries
from esa_auth.pipeline.loading import load
from esa_auth.pipeline.migration import entries_of_snapshot
from esa_auth.pipeline.registry import ApplianceRegistry
from esa_auth.privacy import Pseudonymizer
from esa_auth.rows import Rows, taken

# How the entries of an appliance are given: as they are made, or as a list.
Give = Callable[[Rows], Any]


class OtherPrivacyError(ValueError):
    """What is saved has names that were covered in another way, or not at all."""


def about(
    registry: ApplianceRegistry, pseudonymizer: Pseudonymizer | None
) -> dict[str, Any]:
    """Return what is saved of a pipeline beside its appliances."""
    saved: dict[str, Any] = {
        "version": VERSION,
        "until_look": registry.until_look,
    }
    if pseudonymizer is not None:
        saved["privacy"] = pseudonymizer.about
    return saved


def snapshot(
    registry: ApplianceRegistry, pseudonymizer: Pseudonymizer | None, give: Give
) -> dict[str, Any]:
    """Return all that the next lines depend on."""
    appliances = registry.appliances.items()
    entries = {name: give(all_entries(appliance)) for name, appliance in appliances}
    return {**about(registry, pseudonymizer), "appliances": entries}


def restore(
    registry: ApplianceRegistry,
    pseudonymizer: Pseudonymizer | None,
    saved: dict[str, Any],
) -> None:
    """Take up what `snapshot` returned, here or in an earlier version.

    Raises:
        StateVersionError: a newer version wrote it.
        OtherPrivacyError: it was written with other settings of privacy.
        ValueError: it is not a snapshot.
    """
    try:
        version = check(saved, pseudonymizer)
        appliances = reader(dict[str, Any])(saved["appliances"])
        for name, held in appliances.items():
            entries = entries_of_snapshot(held) if version == 1 else taken(held)
            load(registry.named(name), entries)
        saved_look = reader(int)(saved["until_look"])
        registry.until_look = looks_in(saved_look, registry.settings.look_every)
    except (TypeError, LookupError, AttributeError) as error:
        raise ValueError(f"not a snapshot: {error!r}") from error


def check(saved: dict[str, Any], pseudonymizer: Pseudonymizer | None) -> int:
    """Return the format of ``saved``, which `about` began.

    Raises:
        StateVersionError, OtherPrivacyError: see `restore`.
        ValueError: its version is no number.
    """
    version: int = reader(int)(saved.get("version", 1))
    if version > VERSION:
        raise StateVersionError(
            f"the saved state is of format {version}; this program knows {VERSION}"
        )
    if saved.get("privacy") != (pseudonymizer and pseudonymizer.about):
        raise OtherPrivacyError("it was saved with other settings of privacy")
    return version
