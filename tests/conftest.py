"""Check every annotated shape and type while the tests run; and a tiny campaign to test with.

`scatter.kernels` is left out: numba cannot compile a function the hook has wrapped.
"""

import json
from copy import deepcopy

import pytest
from jaxtyping import install_import_hook
from tiny_runs import run_in

ROOMS = ["config", "dynamics", "ebk", "initial", "outcomes", "potentials", "state", "statistics"]
install_import_hook(
    [f"scatter.{room}" for room in ROOMS],
    "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))",
)

# Fast hydrogen on a small slab: both outcomes at each energy, in a second on one core.
TINY = {
    "run": {"seed": 7, "threads": 1, "slots": 8},
    "molecule": {"formula": "H2", "v": 0, "j": 1},
    "incidence": {"energy_eV": [0.9, 1.2]},
    "surface": {
        "size": [2, 2, 4], "frozen_layers": 2, "temperature_K": 600, "lattice_constant_A": 3.68,
    },
    "surface.thermalise": {
        "equilibrate_fs": 600, "decorrelate_fs": 100, "replicas": 4, "snapshots": 8,
    },
    "potential": {"kind": "analytic"},
    "dynamics": {"timestep_fs": 0.5},
    "sampling": {"trajectories": 12},
    "frames": {"trajectories": 1, "every": 20},
}  # fmt: skip


def toml(value):
    """A value as TOML writes it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    return json.dumps(value)


@pytest.fixture(scope="session")
def write_tiny(tmp_path_factory):
    """A function that writes the input of a tiny campaign, some keys changed, and answers its path.

    Slabs are kept in one cache for the whole session.
    """

    def write(folder, **changes):
        tables = deepcopy(TINY)
        for key, value in changes.items():
            table, name = key.split("__")
            tables.setdefault(table.replace("thermalise", "surface.thermalise"), {})[name] = value
        tables["run"].setdefault("output", str(folder / "out"))
        lines = []
        for table, keys in tables.items():
            lines += [f"[{table}]", *(f"{name} = {toml(v)}" for name, v in keys.items())]
        path = folder / "in.toml"
        path.write_text("\n".join(lines) + "\n")
        return path

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCATTER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield write


@pytest.fixture
def run_tiny(write_tiny):
    """A function that runs a tiny campaign in a folder and answers the folder of its results."""
    return lambda folder, **changes: run_in(write_tiny(folder, **changes).parent)


@pytest.fixture(scope="session")
def undisturbed(write_tiny, tmp_path_factory):
    """The folder of the tiny campaign as it is written above; tests leave it as it is."""
    return run_in(write_tiny(tmp_path_factory.mktemp("undisturbed")).parent)
