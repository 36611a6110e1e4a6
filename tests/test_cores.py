"""How many cores a process may use, on machines that are folders."""

import os
import sys
from math import inf

import pytest
from processes import finished

from scatter import cores
from scatter.errors import UserError

MOUNTS_2 = "30 23 0:26 {top} /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
MOUNTS_1 = (
    "31 23 0:27 {top} /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "32 23 0:28 {top} /sys/fs/cgroup/memory rw,nosuid shared:10 - cgroup cgroup rw,memory\n"
)


def machine(root, groups, mounts, files):
    """A file system with the groups of a process, and what the groups say."""
    for name, text in {"cgroup": groups, "mountinfo": mounts}.items():
        files = {f"proc/self/{name}": text, **files}
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


V2 = "0::/system.slice/job.scope\n"
V1 = "12:memory:/kube/pod/box\n4:cpu,cpuacct:/kube/pod/box\n1:name=systemd:/kube\n"
FS = "sys/fs/cgroup"


@pytest.mark.parametrize(
    ("groups", "top", "mounts", "files", "quota"),
    [
        (V2, "/", MOUNTS_2, {f"{FS}/system.slice/job.scope/cpu.max": "200000 100000\n"}, 2.0),
        (V2, "/", MOUNTS_2, {f"{FS}/system.slice/job.scope/cpu.max": "max 100000\n"}, inf),
        (
            V2, "/", MOUNTS_2,
            {
                f"{FS}/system.slice/job.scope/cpu.max": "max 100000\n",
                f"{FS}/system.slice/cpu.max": "150000 100000\n",
            },
            1.5,
        ),
        ("0::/\n", "/", MOUNTS_2, {f"{FS}/cpu.max": "50000 100000\n"}, 0.5),
        # a container that sees its own group as the whole, but is told the path on the host
        ("0::/docker/1a\n", "/docker/1a", MOUNTS_2, {f"{FS}/cpu.max": "300000 100000\n"}, 3.0),
        ("0::/docker/1a/b\n", "/docker/1a", MOUNTS_2, {f"{FS}/b/cpu.max": "300000 100000\n"}, 3.0),
        ("0::/../../a\n", "/", MOUNTS_2, {f"{FS}/cpu.max": "300000 100000\n"}, 3.0),
        (
            V1, "/", MOUNTS_1,
            {
                f"{FS}/cpu,cpuacct/kube/pod/box/cpu.cfs_quota_us": "-1\n",
                f"{FS}/cpu,cpuacct/kube/pod/box/cpu.cfs_period_us": "100000\n",
                f"{FS}/cpu,cpuacct/kube/pod/cpu.cfs_quota_us": "400000\n",
                f"{FS}/cpu,cpuacct/kube/pod/cpu.cfs_period_us": "100000\n",
            },
            4.0,
        ),
        (
            V1, "/kube/pod/box", MOUNTS_1,
            {
                f"{FS}/cpu,cpuacct/cpu.cfs_quota_us": "25000\n",
                f"{FS}/cpu,cpuacct/cpu.cfs_period_us": "50000\n",
            },
            0.5,
        ),
        (V1, "/", MOUNTS_1, {}, inf),
    ],
    ids=[
        "own", "none", "above", "namespace", "container", "within", "outside", "version 1 above",
        "version 1 container", "version 1 none",
    ],
)  # fmt: skip
def test_the_least_quota_of_a_control_group_and_those_around_it_counts(
    tmp_path, groups, top, mounts, files, quota
):
    assert cores.quota(machine(tmp_path, groups, mounts.format(top=top), files)) == quota


def test_where_there_are_no_control_groups_there_is_no_quota(tmp_path):
    assert cores.quota(tmp_path) == inf


A, B = frozenset({0, 1, 2, 3}), frozenset({4, 5})


@pytest.mark.parametrize(
    ("own", "everyone", "quota", "threads"),
    [
        (A, [A], inf, 4),
        (A, [A, A], inf, 2),  # not bound
        (A, [A, A, A], inf, 1),
        (A, [A] * 9, inf, 1),
        (A, [A, B], inf, 4),  # bound to cores of their own
        (B, [A, B], inf, 2),
        (A | B, [A | B, B], inf, 5),
        (A, [A], 2.0, 2),
        (A, [A], 1.5, 2),
        (A, [A], 0.2, 1),
        (A, [A, A], 3.0, 1),
        (A, [A], 64.0, 4),
    ],
)
def test_a_process_has_its_fair_share_of_the_cores_of_its_host(own, everyone, quota, threads):
    assert cores.fair_share(own, everyone, quota) == threads


def allowed(monkeypatch, **environment):
    for name in cores.LIMITS:
        monkeypatch.delenv(name, raising=False)
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    monkeypatch.setattr(cores, "affinity", lambda: A)
    monkeypatch.setattr(cores, "quota", lambda: inf)
    return cores.automatic()


def test_what_openmp_may_use_is_the_most_that_is_used_unasked(monkeypatch):
    assert allowed(monkeypatch) == 4
    assert allowed(monkeypatch, OMP_NUM_THREADS="3") == 3
    assert allowed(monkeypatch, OMP_NUM_THREADS="3,1") == 3
    assert allowed(monkeypatch, OMP_NUM_THREADS="64") == 4
    assert allowed(monkeypatch, OMP_NUM_THREADS="3", NUMBA_NUM_THREADS="2") == 2
    assert allowed(monkeypatch, OMP_NUM_THREADS="") == 4


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "٣"])
def test_a_limit_that_is_no_number_is_refused(monkeypatch, text):
    with pytest.raises(UserError, match=f"OMP_NUM_THREADS={text}: must be a whole number above 0"):
        allowed(monkeypatch, OMP_NUM_THREADS=text)


LOADED = """
import os
import numba  # as a notebook would
import scatter
numba.set_num_threads(1)  # starts its threads
print(os.environ["OMP_WAIT_POLICY"], numba.threading_layer())
"""


@pytest.mark.parametrize(("own", "policy"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_threads_do_not_spin_while_they_wait_unless_the_user_wants_it(own, policy):
    rest = {name: text for name, text in os.environ.items() if name != "OMP_WAIT_POLICY"}
    told = {**rest, "OMP_DISPLAY_ENV": "TRUE"} | ({"OMP_WAIT_POLICY": own} if own else {})
    ended = finished([sys.executable, "-c", LOADED], env=told)
    set_to, layer = ended.stdout.split()
    assert set_to == policy
    if layer == "omp":  # what the library has understood
        assert f"OMP_WAIT_POLICY = '{policy}'" in ended.stderr
