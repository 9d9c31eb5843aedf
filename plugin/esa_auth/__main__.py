"""Where the process begins: nothing is loaded before its signals are held back."""

import gc
import sys
from collections.abc import Sequence

from esa_auth.signals import hold, over, release


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line, that of the process by default; return the exit code."""
    hold()
    try:
        try:
            # What is loaded stays: to look for garbage in it delays the first event.
            gc.disable()
            from esa_auth.commands.cli import run

            gc.freeze()
            gc.enable()
            code = run(sys.argv[1:] if argv is None else argv)
            over()
            return code
        finally:
            release()
    except KeyboardInterrupt:
        # As a shell says of a command that SIGINT ended.
        return 130


if __name__ == "__main__":
    sys.exit(main())
