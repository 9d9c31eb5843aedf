"""What the compiled build has to be told of a class; nothing to the others."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

Class = TypeVar("Class")

if TYPE_CHECKING:
    from mypy_extensions import mypyc_attr as mypyc_attr
else:

    def mypyc_attr(**_said: bool) -> Callable[[Class], Class]:
        """Return the class as it is."""
        return lambda kind: kind
