"""What valgrind counts: every run a fork of one process that is already started.

Started as a script of its own, under valgrind, which counts each fork by itself. The
start of the program under valgrind is eight seconds; so it is paid once.
"""

import hashlib
import hmac
import os
import re
import sys
from collections.abc import Callable
from functools import partial

import esa_auth.commands.cli  # noqa: F401 - loaded once, before the forks
from esa_auth.__main__ import main

# Instead of the words of the program.
REFERENCE, FLOOR = "reference", "floor"
_LINE = re.compile(rb"(?P<stamp>.{24}) (?P<level>\w+): (?P<verb>\w+) (?P<number>\d+) ")
_LINES = [
    b"Tue Mar 17 17:00:%02d 2026 Info: %s %d ICID %d From: <alice@example.com>"
    % (number % 60, (b"MID", b"ICID", b"DCID", b"Start")[number % 4], number, number)
    for number in range(64)
]


def reference(rounds: int) -> None:
    """Do what programs like ours do: bytes, dicts, a regular expression, a digest.

    One round is 64 short lines. It stands for the interpreter and its C library, so
    it is never to change: every figure of the gate is a multiple of it.
    """
    kept: dict[bytes, list[bytes]] = {}
    seen: dict[str, object] = {}
    for _ in range(rounds):
        for line in _LINES:
            verb = line[31 : line.find(b" ", 31)]
            held = kept.get(verb)
            if held is None:
                held = kept[verb] = []
            held.append(line)
            if len(held) > 8:
                match = _LINE.match(held[0])
                if match:
                    stamp, level, word, number = match.groups()
                    name = f"{word.decode()}:{int(number)}"
                    seen[name] = {"level": level.decode(), "stamp": stamp.split()}
                held.clear()
        digest = hmac.new(b"key", b"".join(_LINES[:8]), hashlib.sha256).hexdigest()
        seen[digest] = sorted(seen)
        seen.clear()


def floor() -> None:
    """Read standard input to its end: the least that any Python program can do."""
    for _line in sys.stdin.buffer:
        pass


def work_of(words: list[str]) -> Callable[[], int | None]:
    """Return what the words ask for; one that is a variable is set before."""
    name, is_set, value = words[0].partition("=")
    if is_set:
        os.environ[name] = value
        return work_of(words[1:])
    if words[0] == REFERENCE:
        return partial(reference, int(words[1]))
    return floor if words[0] == FLOOR else partial(main, words)


def fork(corpus: str, words: list[str]) -> None:
    """Run ``words`` on ``corpus`` in a fork, and print its process id.

    Raises:
        SystemExit: it failed.
    """
    child = os.fork()
    if not child:
        for number, path, mode in (
            (0, corpus, os.O_RDONLY),
            (1, os.devnull, os.O_WRONLY),
        ):
            os.dup2(os.open(path, mode), number)
        os._exit(int(work_of(words)() or 0))
    _, status = os.waitpid(child, 0)
    if status:
        sys.exit(f"{words}: exit {os.waitstatus_to_exitcode(status)}")
    print(child, flush=True)


if __name__ == "__main__":
    for order in sys.stdin.read().splitlines():
        path, *rest = order.split("\t")
        fork(path, rest)
