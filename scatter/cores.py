"""How many cores a process may use: its affinity, the quota of its container, the user's limits.

Batch systems and launchers bind processes to cores, which the affinity shows. A container's quota
is CPU time per period of its nested control groups. Source: Linux kernel, admin-guide/cgroup-v2
(`cpu.max`) and, for version 1, scheduler/sched-bwc (`cpu.cfs_quota_us`).
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import ceil, inf
from pathlib import Path, PurePosixPath

from scatter.errors import UserError

LIMITS = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS")


def affinity() -> frozenset[int]:
    """Numbers of the cores on which the system lets this process run."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def automatic(everyone: Sequence[frozenset[int]] | None = None) -> int:
    """Threads for this process: its fair share of the host, within the limits of the environment.

    `everyone` holds the cores of each of our processes on this host, by default of this one alone.

    Raises:
        UserError: a limit in the environment is not a number.
    """
    own = affinity()
    return int(min(fair_share(own, everyone or [own], quota()), most_threads()))


def fair_share(own: frozenset[int], everyone: Sequence[frozenset[int]], quota: float) -> int:
    """Threads of one of several processes on a host, at least 1.

    Each core is divided among the processes that may run on it, so that processes bound to cores
    of their own get these, and unbound ones an equal part of all. The quota (infinite if there is
    none) is for all of them together; a fraction is rounded up, since two threads on 1.5 cores do
    more than one. `everyone` includes this process.
    """
    shares = sum(1 / sum(core in cores for cores in everyone) for core in own)
    return max(1, int(min(shares + 1e-9, ceil(quota) / len(everyone) if quota < inf else inf)))


def most_threads() -> int | float:
    """The smaller of OMP_NUM_THREADS and NUMBA_NUM_THREADS.

    Raises:
        UserError: one of them is not a whole number above 0.
    """
    return min((_number(name) for name in LIMITS), default=inf)


def _number(name: str) -> int | float:
    text = os.environ.get(name, "").split(",")[0].strip()  # OpenMP: a number for each level
    if not text:
        return inf
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise UserError(f"{name}={text}: must be a whole number above 0; unset or correct it")
    return int(text)


@contextmanager
def single_thread() -> Iterator[None]:
    """Run numba's kernels on one thread."""
    import numba

    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(threads)


def quota(root: Path = Path("/")) -> float:
    """Cores that the control groups of this process allow it; infinite where they set no limit."""
    process = root / "proc/self"
    try:
        groups = (process / "cgroup").read_text().splitlines()
        mounts = (process / "mountinfo").read_text().splitlines()
    except OSError:  # not Linux
        return inf
    folders = _folders(dict(_paths(groups)), mounts, root)
    return min((_allowed(folder) for folder in folders), default=inf)


def _paths(groups: Iterable[str]) -> Iterator[tuple[str, PurePosixPath]]:
    """The groups of this process: of version 2, and of version 1 the one that limits the CPU."""
    for line in groups:
        number, controllers, path = line.split(":", 2)
        if number == "0":
            yield "cgroup2", PurePosixPath(path)
        elif "cpu" in controllers.split(","):
            yield "cgroup", PurePosixPath(path)


def _folders(paths: dict[str, PurePosixPath], mounts: Iterable[str], root: Path) -> Iterator[Path]:
    """Folders of these groups and of those around them, as far as they are mounted."""
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
