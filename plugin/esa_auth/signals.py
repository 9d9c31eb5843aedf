"""Holds SIGTERM and SIGINT back while nobody could end in an orderly way.

A signal that comes in the first tenths of a second, while modules are loaded, would end
the process as if it had been killed. Held back, it comes the moment handlers are set.
One that comes when all is done would do the same: Python takes the handlers away before
it ends.
"""

import signal

_STOPS = (signal.SIGTERM, signal.SIGINT)

# What was blocked before `hold`; None if nothing is held.
_before: set[int] | None = None


def hold() -> None:
    """Let both wait until `release`."""
    global _before
    if _before is None:
        _before = set(signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS))


def release() -> None:
    """Let both come that wait, and those that follow; does nothing twice.

    Raises:
        KeyboardInterrupt: SIGINT had waited, and nobody had asked to be told of it.
    """
    global _before
    if _before is not None:
        before, _before = _before, None
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def over() -> None:
    """Ignore both from now on, where something was done in order when they came."""
    for number in _STOPS:
        handler = signal.getsignal(number)
        if callable(handler) and handler is not signal.default_int_handler:
            signal.signal(number, signal.SIG_IGN)
