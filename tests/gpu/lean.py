"""`python -m scatter.gpu` where nothing but NumPy, torch and what they need is installed."""

import sys

from processes import finished

NEAR = """
[stop]
scattered_A = 2.9
dissociated_A = 1.5
"""
LEAN = """
import sys
OTHERS = {"scipy", "numba", "llvmlite", "ase", "pydantic", "jaxtyping", "array_api_compat", "h5py",
          "mpi4py", "typer", "rich", "matplotlib", "beartype"}

class Absent:
    def find_spec(name, path, target=None):
        if name.partition(".")[0] in OTHERS:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent)
from scatter.gpu.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def lean(*arguments):
    """Run it on the CPU."""
    command = [sys.executable, "-c", LEAN, *map(str, arguments), "--device", "cpu"]
    return finished(command)
