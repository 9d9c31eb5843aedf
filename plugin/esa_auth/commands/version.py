"""What `esa-auth --version` says."""

from esa_auth import __version__
from esa_auth.config import native_wanted
from esa_auth.pipeline.native import IS_BUILT


def version() -> str:
    """Return the version, with what reads the lines: native code, or Python alone."""
    reader = "native" if IS_BUILT and native_wanted() else "pure"
    return f"{__version__} ({reader})"
