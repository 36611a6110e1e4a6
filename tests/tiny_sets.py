"""Small labelled sets of structures to train on."""

import numpy as np
from ase import Atoms
from ase.build import fcc111
from ase.io import read, write

from scatter.potentials.analytic import Analytic
from scatter.potentials.evaluate import evaluate


def tiny_set(folder, label=True):
    """H2 above rattled 2x2x2 slabs: 12 frames to train with, 4 to validate."""
    rng = np.random.default_rng(0)
    frames = []
    for _ in range(16):
        slab = fcc111("Cu", (2, 2, 2), a=3.68, vacuum=8.0, periodic=True)
        slab.info = {}
        slab.rattle(0.05, rng=rng)
        place = slab.positions[-1] + [*rng.uniform(0, 2, 2), rng.uniform(1, 3)]
        frames.append(slab + Atoms("H2", [place, place + [rng.uniform(0.7, 1.2), 0, 0]]))
    folder.mkdir()
    write(folder / "all.extxyz", frames)
    if label:
        evaluate(Analytic(), folder / "all.extxyz", folder / "labelled.extxyz")
        frames = read(folder / "labelled.extxyz", ":")
    write(folder / "train.extxyz", frames[:12])
    write(folder / "valid.extxyz", frames[12:])
    return folder
