"""Cisco Secure Email Gateway mail logs in, ECS authentication events out.

What `__all__` names is public; examples/python/README.md says what is promised of it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from esa_auth.api import (
        ConfigError,
        EsaAuthError,
        Explanation,
        Joiner,
        events,
        explain,
        schema,
        validate,
    )

__version__ = "0.2.0"

__all__ = [
    "ConfigError",
    "EsaAuthError",
    "Explanation",
    "Joiner",
    "__version__",
    "events",
    "explain",
    "schema",
    "validate",
]


def __getattr__(name: str) -> Any:
    # Loaded when it is asked for: the commands do not wait for it.
    if name in __all__:
        from esa_auth import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
