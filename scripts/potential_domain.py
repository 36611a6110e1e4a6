"""Write into a converted potential the distances that files of structures span.

Usage: python scripts/potential_domain.py MODEL.npz FRAMES.extxyz...
"""

import sys
from pathlib import Path

from scatter.mace.training.domain import write_domain

if __name__ == "__main__":
    model, *sets = (Path(argument) for argument in sys.argv[1:])
    for name, bound in write_domain(model, sets).record().items():
        print(f"{name}: {bound:.4f} Å")
