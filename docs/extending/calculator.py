"""An ASE calculator as it is: effective-medium theory for hydrogen on copper."""

from ase.calculators.emt import EMT

import scatter

SETTINGS = {
    "molecule": {"formula": "H2", "v": 0, "j": 0},
    "surface": {
        "facet": "111",
        "size": [2, 2, 3],
        "frozen_layers": 2,
        "images": True,
        "temperature_K": 100,
        "lattice_constant_A": 3.61,
        "thermalise": {"equilibrate_fs": 100, "decorrelate_fs": 10, "replicas": 2, "snapshots": 4},
    },
    "incidence": {"energy_eV": 1.0},
    "dynamics": {"timestep_fs": 0.5, "max_time_fs": 500},
    "sampling": {"trajectories": 2},
}


def run():
    """Two trajectories; every slot gets a copy of the calculator."""
    return scatter.run(SETTINGS, potential=EMT())
