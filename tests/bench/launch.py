"""Run one command on one core, and print what it cost as JSON.

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


def launch(limit: int, streams: list[str], command: list[str]) -> dict[str, object]:
    """Run ``command`` with its standard streams on files, for ``limit`` s at most."""
    modes = (os.O_RDONLY, WRITE, WRITE)
    actions = [
        (os.POSIX_SPAWN_OPEN, number, path, mode, 0o600)
        for number, (path, mode) in enumerate(zip(streams, modes, strict=True))
    ]
    begin = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        os.kill(child, signal.SIGKILL)

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(limit)
    _, status, usage = os.wait4(child, 0)
    return {
        "seconds": time.perf_counter() - begin,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak_kib": usage.ru_maxrss,
        "status": os.waitstatus_to_exitcode(status),
    }


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[1])})
    print(json.dumps(launch(int(sys.argv[2]), sys.argv[3:6], sys.argv[6:])))
