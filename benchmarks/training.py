"""A step of training, beside mace-torch's, in one run: milliseconds of a thread a structure.

    python benchmarks/training.py [--channels 128] [--correlation 3] [--cutoff 6] [--turns 6]

H2 above 3x3x6 Cu(111), 56 atoms, rattled, labelled by the potential that ships. A step of ours is
that of `scatter distil` (double precision): gradients of energies and forces of a batch, Adam. One
of mace-torch is forward, the loss of energies and forces, backward and Adam, of a model of the same
shape, in either precision. Both in turns, the least of each; one thread, and the time of the
processor, so that a busy machine does not matter much.
"""

import argparse
import io
import os
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
from ase import Atoms
from ase.build import fcc111
from ase.calculators.singlepoint import SinglePointCalculator

from scatter.fitting.sets import read_set
from scatter.labels import STANDARD
from scatter.mace.training.learning import Lessons, Training
from scatter.mace.training.student import Student
from scatter.potentials.table import potential_from_name
from scatter.structures import extxyz
from scatter.validation.labels import labels_by

Step = Callable[[], object]


def structures(number: int) -> list[Atoms]:
    """So many labelled structures."""
    draw, found = np.random.default_rng(0), []
    for _ in range(number):
        slab = fcc111("Cu", (3, 3, 6), a=3.66, vacuum=7.0, periodic=True)
        middle = slab.positions[-1] + [*draw.uniform(0, 3, 2), draw.uniform(1.2, 4)]
        half = draw.normal(size=3)
        half *= draw.uniform(0.35, 0.6) / np.linalg.norm(half)
        frame = slab + Atoms("H2", [middle - half, middle + half])
        frame.info = {}
        frame.rattle(0.05, rng=draw)
        found.append(frame)
    labels = labels_by(potential_from_name("default"), found, Path("structures"))
    for frame, energy, forces in zip(found, labels.energies, labels.forces, strict=True):
        frame.calc = SinglePointCalculator(frame, energy=float(energy), forces=forces)
    return found


def ours(frames: Sequence[Atoms], student: Student) -> Step:
    """An epoch, which is one step, of the trainer of `distil`."""
    with TemporaryDirectory() as folder:
        for part in ("train", "valid"):
            some = frames if part == "train" else frames[:1]
            (Path(folder) / f"{part}.extxyz").write_bytes(extxyz(some))
        labelled = read_set(Path(folder), len(frames), STANDARD)
    lessons = Lessons(epochs=1000, batch=len(frames), threads=1)
    return Training(student, lessons, labelled).run_epoch


def theirs(frames: Sequence[Atoms], student: Student, precision: str) -> Step:
    """A step of mace-torch, on a batch that is made before."""
    import torch

    data, modules, tools = (import_module(f"mace.{name}") for name in ("data", "modules", "tools"))
    Irreps = import_module("e3nn.o3").Irreps  # after mace, which lets torch read its files

    torch.set_num_threads(1)
    kind = {"float32": torch.float32, "float64": torch.float64}[precision]
    torch.set_default_dtype(kind)
    table = tools.AtomicNumberTable([1, 29])
    model = modules.ScaleShiftMACE(
        num_elements=2, atomic_numbers=[1, 29], atomic_energies=np.zeros(2), num_bessel=8,
        num_polynomial_cutoff=5, max_ell=student.l_max, num_interactions=2,
        hidden_irreps=Irreps(f"{student.channels}x0e"), MLP_irreps=Irreps("16x0e"),
        gate=torch.nn.functional.silu, avg_num_neighbors=60.0, atomic_inter_scale=1.0,
        atomic_inter_shift=0.0, r_max=student.cutoff_A, correlation=student.correlation,
        interaction_cls_first=modules.RealAgnosticResidualInteractionBlock,
        interaction_cls=modules.RealAgnosticResidualInteractionBlock,
    )  # fmt: skip
    keys = data.KeySpecification(info_keys={"energy": "energy"}, arrays_keys={"forces": "forces"})
    configs = [data.config_from_atoms(told(frame), key_specification=keys) for frame in frames]
    made = [
        data.AtomicData.from_config(one, z_table=table, cutoff=student.cutoff_A) for one in configs
    ]
    loader = import_module("mace.tools.torch_geometric.dataloader").DataLoader(
        made, batch_size=len(made)
    )
    (batch,) = loader
    loss = modules.WeightedEnergyForcesLoss(energy_weight=1.0, forces_weight=100.0)
    adam = torch.optim.Adam(model.parameters(), lr=0.01)

    def step() -> None:
        torch.set_default_dtype(kind)
        adam.zero_grad()
        answer = model(batch.to_dict(), training=True, compute_force=True)
        loss(pred=answer, ref=batch).backward()
        adam.step()

    return step


def told(frame: Atoms) -> Atoms:
    """A structure whose labels stand where mace-torch looks for them."""
    plain = frame.copy()
    plain.info["energy"] = frame.get_potential_energy()
    plain.arrays["forces"] = frame.get_forces()
    return plain


def main() -> None:
    """Time steps in turns."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--channels", type=int, default=128)
    parser.add_argument("--l-max", type=int, default=3)
    parser.add_argument("--correlation", type=int, default=3)
    parser.add_argument("--cutoff", type=float, default=6.0, help="Å")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--turns", type=int, default=6)
    given = parser.parse_args()
    student = Student(given.channels, given.l_max, given.correlation, given.cutoff)
    frames = structures(given.batch)
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        steps = {
            "scatter distil, float64": ours(frames, student),
            "mace-torch, float32": theirs(frames, student, "float32"),
            "mace-torch, float64": theirs(frames, student, "float64"),
        }
        least = dict.fromkeys(steps, np.inf)
        for turn in range(given.turns + 1):  # the first compiles
            for name, step in steps.items():
                began = time.process_time()
                step()
                if turn:
                    least[name] = min(least[name], time.process_time() - began)
    best = least["scatter distil, float64"]
    for name, took in least.items():
        print(f"{name:24} {1e3 * took / given.batch:8.2f} ms a structure {took / best:6.1f} times")


if __name__ == "__main__":
    main()
