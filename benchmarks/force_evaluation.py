"""Time one force evaluation of a MACE model: our kernel beside ASE's MACECalculator, on one core.

    python benchmarks/force_evaluation.py MODEL.model [--symmetrix MODEL.json] [--nve]
    python benchmarks/force_evaluation.py POTENTIAL [--nve]

Both are measured in turns, and the least of each counts. One JSON line for each of our two
precisions: milliseconds, the calculator's in float32 and float64, machine, vector width, atoms,
pairs, batch. With --symmetrix, the calculator of symmetrix-xl too, on the same model as its own
`symmetrix_extract_mace` writes it. Any other potential, a file or a name, is timed alone. With
--nve, one more line for each: how well 2 ps at 0.25 fs of 64 replicas at 925 K conserve the energy.
"""

import argparse
import io
import json
import tempfile
import warnings
from contextlib import redirect_stdout
from pathlib import Path
from time import perf_counter

import numba
import numpy as np
from ase import Atoms
from ase.build import fcc111
from ase.calculators.calculator import Calculator

from scatter.kernels import kernel, vector_bits
from scatter.mace.convert import convert
from scatter.mace.cpu import MaceFused
from scatter.potentials.base import Potential
from scatter.potentials.table import potential_from_name
from scatter.state import System
from scatter.units import K, fs, ps

SLOTS, TURNS = 64, 12


def hydrogen_on_copper(replicas: int, height: float = 2.4) -> tuple[System, np.ndarray]:
    """H2 over Cu(111), 3x3x6, a = 3.71 Å, two layers frozen: 56 atoms, as in the H2/Cu study."""
    rng = np.random.default_rng(0)
    slab = fcc111("Cu", (3, 3, 6), a=3.71, vacuum=10.0)
    molecule = slab.positions[-1] + [[0.6, 0.1, height], [0.1, 0.7, height + 0.2]]
    ideal, moving = np.vstack([slab.positions, molecule]), np.arange(56) >= 18
    positions = ideal + rng.normal(0, 0.08, (replicas, 56, 3)) * moving[:, None]
    numbers = np.append(slab.numbers, [1, 1])
    system = System(numbers, slab.cell.array, (True, True, False), moving, projectile=2)
    return system, positions


def calculator(model: Path, precision: str):
    """ASE's calculator of mace-torch, on one thread."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        import torch
        from mace.calculators import MACECalculator

        torch.set_num_threads(1)
        return MACECalculator(str(model), device="cpu", default_dtype=precision)


def peers(model: Path, symmetrix: Path | None) -> dict[str, Calculator]:
    """Others' calculators of the same model, by name and precision."""
    precisions = "float32", "float64"
    found: dict[str, Calculator] = {
        f"mace_{precision}": calculator(model, precision) for precision in precisions
    }
    if symmetrix is not None:
        from symmetrix import Symmetrix  # pyright: ignore[reportMissingImports]

        for precision in precisions:
            found[f"symmetrix_{precision}"] = Symmetrix(str(symmetrix), dtype=precision)
    return found


def seconds(work) -> float:
    """Wall time of a call."""
    start = perf_counter()
    work()
    return perf_counter() - start


def timed(model: Path, folded: Path, symmetrix: Path | None) -> None:
    """Print a line for each precision of ours."""
    system, positions = hydrogen_on_copper(SLOTS)
    atoms = Atoms(system.numbers, positions[0], cell=system.cell, pbc=system.pbc)
    theirs, ours = peers(model, symmetrix), {}
    for precision in ("float32", "float64"):
        ours[precision] = MaceFused.read(folded, precision).bind(system, SLOTS)
        ours[precision].begin(np.arange(SLOTS), positions)
    for each in theirs.values():  # compiles
        each.calculate(atoms, ["energy", "forces"])
    least = dict.fromkeys([*ours, *theirs], np.inf)
    for turn in range(TURNS):
        for precision, evaluator in ours.items():
            taken = seconds(lambda evaluator=evaluator: evaluator(positions)) / SLOTS
            least[precision] = min(least[precision], taken)
        atoms.positions = positions[turn % SLOTS]
        for name, each in theirs.items():
            taken = seconds(lambda each=each: each.calculate(atoms, ["energy", "forces"]))
            least[name] = min(least[name], taken)
    for precision, evaluator in ours.items():
        line = {
            "benchmark": "force evaluation", "model": model.name, "precision": precision,
            "ms": round(1e3 * least[precision], 4),
            **{f"{name}_ms": round(1e3 * least[name], 2) for name in theirs},
            **{f"{name}_times": round(least[name] / least[precision], 1) for name in theirs},
            "atoms": len(system), "pairs_listed": round(float(evaluator.lists.counts.mean()), 1),
            "batch": SLOTS, "threads": 1, "vector_bits": vector_bits(), "machine": kernel(),
        }  # fmt: skip
        print(json.dumps(line), flush=True)


def timed_alone(potential: Potential) -> None:
    """Print a line for a potential that has no other to be compared with."""
    system, positions = hydrogen_on_copper(SLOTS)
    evaluator = potential.bind(system, SLOTS)
    evaluator.begin(np.arange(SLOTS), positions)
    taken = min(seconds(lambda: evaluator(positions)) for _ in range(TURNS)) / SLOTS
    line = {
        "benchmark": "force evaluation", "potential": potential.description,
        "ms": round(1e3 * taken, 4), "atoms": len(system), "batch": SLOTS, "threads": 1,
        "vector_bits": vector_bits(), "machine": kernel(),
    }  # fmt: skip
    print(json.dumps(line), flush=True)


def conserved(potential: Potential) -> None:
    """Print how the total energy of 64 slabs at 925 K wanders in 2 ps."""
    system, positions = hydrogen_on_copper(SLOTS)
    rng = np.random.default_rng(1)
    masses = np.where(system.numbers == 1, 1.00782503, 63.546)[:, None]
    momenta = rng.normal(size=positions.shape) * np.sqrt(masses * 925 * K)
    momenta *= system.moving[:, None]
    evaluator, step = potential.bind(system, SLOTS), 0.25 * fs
    energies, forces = evaluator.begin(np.arange(SLOTS), positions)
    total = []
    for _ in range(round(2 * ps / step)):
        momenta += 0.5 * step * forces
        positions = positions + step * momenta / masses
        energies, forces = evaluator(positions)
        momenta += 0.5 * step * forces
        total.append(energies + (momenta**2 / (2 * masses)).sum(axis=(1, 2)))
    wander, time = np.array(total) - total[0], np.arange(len(total)) * step / ps
    slopes = np.polyfit(time, wander, 1)[0]
    line = {
        "benchmark": "energy conservation", "potential": potential.description, "replicas": SLOTS,
        "rms_meV": round(1e3 * float(np.sqrt(wander.var(axis=0).mean())), 5),
        "slope_meV_per_ps": round(1e3 * float(slopes.mean()), 5),
        "largest_slope_meV_per_ps": round(1e3 * float(abs(slopes).max()), 5),
    }  # fmt: skip
    print(json.dumps(line), flush=True)


def main() -> None:
    """Convert the model, and measure."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("model", help="a .model of mace-torch, whose code is run; or a potential")
    reader.add_argument("--symmetrix", type=Path, help="the same model for symmetrix-xl")
    reader.add_argument("--nve", action="store_true", help="measure the energy conservation too")
    given = reader.parse_args()
    numba.set_num_threads(1)
    if not given.model.endswith(".model"):
        potential = potential_from_name(given.model)
        timed_alone(potential)
        if given.nve:
            conserved(potential)
        return
    with tempfile.TemporaryDirectory() as folder:
        folded = Path(folder) / "folded.npz"
        convert(Path(given.model), folded, ["H", "Cu"], trust_pickle=True)
        timed(Path(given.model), folded, given.symmetrix)
        for precision in ("float32", "float64") if given.nve else ():
            conserved(MaceFused.read(folded, precision))


if __name__ == "__main__":
    main()
