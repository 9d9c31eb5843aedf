"""Run one command on some cores, and print what it cost as JSON: CPU and time.

``launch.py CORE,... LIMIT STDIN STDOUT STDERR [WATCH... --] COMMAND...``; a command
that never ends by itself is told to when WATCH, which is not measured, has ended.

Started as a script of its own: Linux counts the memory of the process that spawns
towards the peak of the spawned one, so the spawner has to be smaller than anything
that is measured. For the same reason it imports next to nothing.
"""

import json
import os
import signal
import sys
import time
from types import FrameType

WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


def launch(
    limit: int, streams: list[str], command: list[str], watch: list[str]
) -> dict[str, object]:
    """Run ``command`` with its standard streams on files, for ``limit`` s at most."""
    modes = (os.O_RDONLY, WRITE, WRITE)
    actions = [
        (os.POSIX_SPAWN_OPEN, number, path, mode, 0o600)
        for number, (path, mode) in enumerate(zip(streams, modes, strict=True))
    ]
    nowhere = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, WRITE, 0o600)]
    begin = time.perf_counter()
    children = [os.posix_spawnp(command[0], command, os.environ, file_actions=actions)]
    if watch:
        children.append(
            os.posix_spawnp(watch[0], watch, os.environ, file_actions=nowhere)
        )

    def stop(_signal: int, _frame: FrameType | None) -> None:
        for child in children:
            os.kill(child, signal.SIGKILL)

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(limit)
    if watch:
        os.waitpid(children.pop(), 0)
        os.kill(children[0], signal.SIGTERM)
    _, status, usage = os.wait4(children[0], 0)
    return {
        # Of the processes that it waited for, too.
        "cpu": usage.ru_utime + usage.ru_stime,
        "elapsed": time.perf_counter() - begin,
        "peak_kib": usage.ru_maxrss,
        "status": os.waitstatus_to_exitcode(status),
    }


def main(words: list[str]) -> None:
    """Run what the words say."""
    os.sched_setaffinity(0, {int(core) for core in words[0].split(",")})
    command, watch = words[5:], []
    if "--" in command:
        at = command.index("--")
        watch, command = command[:at], command[at + 1 :]
    print(json.dumps(launch(int(words[1]), words[2:5], command, watch)))


if __name__ == "__main__":
    main(sys.argv[1:])
