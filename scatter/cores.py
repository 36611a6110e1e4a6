"""How many cores a process may use: its affinity, the quota of its container, and the user's word.

Batch systems and launchers bind processes to cores, which the affinity tells. A container's quota
is CPU time by time of its control groups, of which each is within the one above it: Linux kernel,
admin-guide/cgroup-v2, `cpu.max`, and scheduler/sched-bwc for version 1, `cpu.cfs_quota_us`.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from math import ceil, inf
from pathlib import Path, PurePosixPath

from scatter.errors import UserError

LIMITS = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS")


def affinity() -> frozenset[int]:
    """The cores that the system lets this process run on, by number."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def automatic(everyone: Sequence[frozenset[int]] | None = None) -> int:
    """Threads for this process: its fair share of the host, within what the environment allows.

    Args:
        everyone: cores of every process of ours on this host, its own included; by default it is
            alone.

    Raises:
        UserError: the environment limits threads by what is no number.
    """
    own = affinity()
    return int(min(fair_share(own, everyone or [own], quota()), most_threads()))


def fair_share(own: frozenset[int], everyone: Sequence[frozenset[int]], quota: float) -> int:
    """Threads of one process of several on a host, 1 at least.

    Each core counts by how many processes may run on it, so that processes bound to cores of their
    own get these, and processes bound to none an equal part of all. A quota is for all of them
    together; a broken one is rounded up, since two threads with 1.5 cores do more than one.

    Args:
        own: cores of the process.
        everyone: cores of every process on the host, its own included.
        quota: cores; infinite where there is none.
    """
    shares = sum(1 / sum(core in cores for cores in everyone) for core in own)
    return max(1, int(min(shares + 1e-9, ceil(quota) / len(everyone) if quota < inf else inf)))


def most_threads() -> int | float:
    """What the environment allows: the least of OMP_NUM_THREADS and NUMBA_NUM_THREADS.

    Raises:
        UserError: one of them is no whole number above 0.
    """
    return min((_number(name) for name in LIMITS), default=inf)


def _number(name: str) -> int | float:
    text = os.environ.get(name, "").split(",")[0].strip()  # OpenMP: a number for each level
    if not text:
        return inf
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise UserError(f"{name}={text}: must be a whole number above 0; unset it, or mend it")
    return int(text)


def quota(root: Path = Path("/")) -> float:
    """Cores that the control groups of this process allow it; infinite where they do not say.

    Args:
        root: of the file system.
    """
    own = root / "proc/self"
    try:
        groups = (own / "cgroup").read_text().splitlines()
        mounts = (own / "mountinfo").read_text().splitlines()
    except OSError:  # no Linux
        return inf
    folders = _folders(dict(_paths(groups)), mounts, root)
    return min((_allowed(folder) for folder in folders), default=inf)


def _paths(groups: Iterable[str]) -> Iterator[tuple[str, PurePosixPath]]:
    """The group of this process in version 2, and in version 1 the one that rules the CPU."""
    for line in groups:
        number, controllers, path = line.split(":", 2)
        if number == "0":
            yield "cgroup2", PurePosixPath(path)
        elif "cpu" in controllers.split(","):
            yield "cgroup", PurePosixPath(path)


def _folders(paths: dict[str, PurePosixPath], mounts: Iterable[str], root: Path) -> Iterator[Path]:
    """Folders of the groups of this process, and of those around them, as far as they are seen."""
    for line in mounts:
        before, _, after = line.partition(" - ")
        _, _, _, top, point, *_ = before.split()
        kind, _, options = after.split()[:3]
        if kind not in paths or (kind == "cgroup" and "cpu" not in options.split(",")):
            continue
        place, path = root / point.lstrip("/"), paths[kind]
        inside = path.relative_to(top) if path.is_relative_to(top) else PurePosixPath()
        yield from (place / above for above in (inside, *inside.parents))


def _allowed(folder: Path) -> float:
    """Cores that one group allows."""
    try:
        if (folder / "cpu.max").exists():
            time, period = (folder / "cpu.max").read_text().split()
        else:
            time = (folder / "cpu.cfs_quota_us").read_text().strip()
            period = (folder / "cpu.cfs_period_us").read_text()
    except (OSError, ValueError):
        return inf
    return inf if time in ("max", "-1") else float(time) / float(period)
