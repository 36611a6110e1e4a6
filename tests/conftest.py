"""Check annotated shapes and types while the tests run; and a tiny campaign to test with.

`scatter.kernels` is left out: numba cannot compile a function the hook has wrapped.
"""

import os
import sys

import pytest
import type_checks
from drafts import drafts, whole_figures
from numba_threads import threads_as_before
from tiny_runs import run_in, write_tiny_input

ROOMS = [
    *(
        "config",
        "dynamics",
        "ebk",
        "initial",
        "outcomes",
        "potentials",
        "slots",
        "state",
        "friction",
    ),
    *("analysis", "mace.file", "mace.cpu", "mace.mace_torch", "mace.device", "mace.family"),
    *("ace.file", "ace.cpu", "ace.leverage", "ace.program", "ace.sum", "ace.values", "ace.yace"),
    *("ace.device", "ace.family"),
]
type_checks.install([f"scatter.{room}" for room in ROOMS])


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    """One thread, but where a test asks for more: those that wait for one another at every step of
    few atoms are slower than one, and on a busy machine fifty times slower.
    """
    with threads_as_before(1):
        yield


@pytest.fixture(autouse=True)
def _one_thread_of_torch():
    """Numba's first parallel loop undoes OMP_NUM_THREADS for all that shares its OpenMP."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _drafts():
    with drafts():
        yield


@pytest.fixture(name="whole_figures")
def _whole_figures():
    """Figures are whole in this test."""
    with whole_figures():
        yield


@pytest.fixture(scope="session")
def write_tiny(tmp_path_factory):
    """A function that writes the input of a tiny campaign, some keys changed, and answers its path.

    Slabs are kept in one cache for the whole session, all workers of which share it.
    """
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCATTER_CACHE", str(shared / "slabs"))
        yield write_tiny_input


@pytest.fixture
def run_tiny(write_tiny):
    """A function that runs a tiny campaign in a folder and answers the folder of its results."""
    return lambda folder, **changes: run_in(write_tiny(folder, **changes).parent)


@pytest.fixture(scope="session")
def undisturbed(write_tiny, tmp_path_factory):
    """The folder of the tiny campaign as it is written above; tests leave it as it is."""
    return run_in(write_tiny(tmp_path_factory.mktemp("undisturbed")).parent)
