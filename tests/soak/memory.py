"""The memory and the descriptors of a process, as the kernel counts them."""

from pathlib import Path


def rss(pid: int) -> int:
    """Return the resident set in KiB."""
    return status(pid, "VmRSS")


def peak(pid: int) -> int:
    """Return the largest that the resident set was, in KiB."""
    return status(pid, "VmHWM")


def status(pid: int, name: str) -> int:
    """Return what the kernel says of a process under ``name``, in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise ProcessLookupError(pid)


def descriptors(pid: int) -> int:
    """Return how many files it has open."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def slope(points: list[tuple[float, float]]) -> float:
    """Return the slope of the line that fits the points best."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    across = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / across
