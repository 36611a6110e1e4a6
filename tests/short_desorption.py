"""A desorption campaign of seconds to test with."""

from scatter.initial import crossings

SETTINGS = {
    "run": {"seed": 3, "threads": 1, "slots": 8},
    "molecule": {"formula": "HD"},
    "incidence": {"kind": "desorption", "divide_A": 1.2, "every_fs": 20},
    "surface": {
        "size": [2, 2, 4], "temperature_K": 900, "lattice_constant_A": 3.68,
        "thermalise": {
            "equilibrate_fs": 600, "decorrelate_fs": 100, "replicas": 4, "snapshots": 8,
        },
    },
    "potential": {"kind": "analytic"},
    "dynamics": {"timestep_fs": 0.5},
    "stop": {"scattered_A": 5.5},
    "sampling": {"trajectories": 40},
}  # fmt: skip


def shorten(patch):
    """Let the chains on the dividing surface be short."""
    patch.setattr(crossings, "EQUILIBRATE_FS", 100.0)
    patch.setattr(crossings, "INSERTIONS", 256)
