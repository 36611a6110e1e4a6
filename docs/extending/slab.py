"""A slab of your own: Cu(111) with a vacancy in its top layer and heavy copper at the bottom."""

from ase.build import fcc111
from ase.constraints import FixAtoms

import scatter


def slab():
    """Atoms with constraints and masses, which scatter respects."""
    atoms = fcc111("Cu", (3, 3, 4), a=3.68, vacuum=12.0, periodic=True)
    atoms.info = {}
    del atoms[-1]
    held = atoms.positions[:, 2] < atoms.positions[:, 2].min() + 3.0
    atoms.set_masses([64.93 if bottom else 63.546 for bottom in held])
    atoms.set_constraint(FixAtoms(mask=held))
    return atoms


def run():
    """Ten trajectories on the qualitative potential."""
    return scatter.run(
        {
            "molecule": {"formula": "H2", "v": 0, "j": 1},
            "surface": {
                "temperature_K": 300,
                "thermalise": {"equilibrate_fs": 200, "replicas": 2, "snapshots": 4},
            },
            "incidence": {"energy_eV": 1.0},
            "potential": {"kind": "analytic"},
            "dynamics": {"timestep_fs": 0.5},
            "sampling": {"trajectories": 10},
        },
        surface=slab(),
    )
