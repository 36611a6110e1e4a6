"""Compile the kernels that many tests need, one on each core: `python tests/compile_kernels.py`.

Otherwise two workers of pytest would compile the same kernel at the same time. What is not listed
here is compiled by the first test that needs it.
"""

import os
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

import numpy as np


def mace(precision):
    """The evaluation of a folded MACE."""
    from mace_models import hydrogen_on_copper

    from scatter.mace.cpu import MaceFused
    from scatter.mace.file import FoldedMace
    from scatter.potentials.families import SHIPPED

    system, positions = hydrogen_on_copper(1)
    MaceFused(FoldedMace.read(SHIPPED), precision).bind(system, 1).begin(np.arange(1), positions)


def mace_today(layout, precision):
    """The evaluation of one with densities (2) or with vectors (3)."""
    from dataclasses import asdict

    from mace_models import hydrogen_on_copper, with_vectors

    from scatter.mace.cpu import MaceFused
    from scatter.mace.file import DensityMace, FoldedMace
    from scatter.potentials.families import SHIPPED

    shipped = FoldedMace.read(SHIPPED)
    none = np.zeros(shipped.radial_2.shape[:2])
    dense = DensityMace(**asdict(shipped) | {"version": 2}, density_1=none, density_2=none)
    model = dense if layout == "2" else with_vectors(shipped)
    system, positions = hydrogen_on_copper(1)
    MaceFused(model, precision).bind(system, 1).begin(np.arange(1), positions)


def loss(vectors):
    """The loss of a student, and its gradient."""
    import tempfile
    from pathlib import Path

    from labelled_sets import rattled, write_set

    from scatter.mace.training.distil import Lessons, distil
    from scatter.mace.training.student import Student

    with tempfile.TemporaryDirectory() as folder:
        data = write_set(Path(folder) / "set", rattled(6))
        lessons = Lessons(epochs=1, batch=2)
        student = Student(vectors=vectors == "vectors")
        distil(data, Path(folder) / "s.npz", student, lessons, 1, lambda name, epoch: None)


def ace(kind):
    """The evaluation of a linear ACE, which is compiled for its numbers of n and l."""
    from ace_invariant import invariant_ace
    from ace_models import random_ace
    from mace_models import hydrogen_on_copper

    from scatter.ace.cpu import Ace
    from scatter.ace.fitting.basis import Degrees

    fitted = Degrees((5, 4, 3)), Degrees((5, 4, 3), most={0: 1})
    models = {
        "random": random_ace,
        "invariant": invariant_ace,
        "fitted": lambda: invariant_ace(fitted),
    }
    system, positions = hydrogen_on_copper(1)
    Ace(models[kind]()).bind(system, 1).begin(np.arange(1), positions)


def analytic():
    """The analytic potential."""
    from mace_models import hydrogen_on_copper

    from scatter.potentials.analytic import Analytic

    system, positions = hydrogen_on_copper(1)
    Analytic().bind(system, 1).begin(np.arange(1), positions)


# Those that take longest first.
KERNELS = [
    (loss, "vectors"), (loss, "scalars"), (mace, "float64"), (mace, "float32"), (ace, "random"),
    (ace, "invariant"), (ace, "fitted"), (mace_today, "3", "float64"), (mace_today, "3", "float32"),
    (mace_today, "2", "float64"), (mace_today, "2", "float32"), (analytic,),
]  # fmt: skip


def timed(kernel, *given):
    """How long a kernel took to be compiled or read, s."""
    began = time.monotonic()
    kernel(*given)
    return " ".join([kernel.__name__, *given]), time.monotonic() - began


def main():
    """Compile them all, and say how long each took."""
    with ProcessPoolExecutor(min(2, os.cpu_count() or 1), mp_context=get_context("spawn")) as pool:
        for ended in as_completed([pool.submit(timed, *kernel) for kernel in KERNELS]):
            print("{:20s}{:6.1f} s".format(*ended.result()), flush=True)


if __name__ == "__main__":
    main()
