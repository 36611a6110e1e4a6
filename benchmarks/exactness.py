"""How far our kernel is from ASE's MACECalculator in float64: energies and forces, at worst.

    python benchmarks/exactness.py MODEL.model [--count 100]

On each of Cu(111), (100), (110) and (211), H2 from 7 Å above the surface down to dissociated:
`--count` random structures, and as many from NVE trajectories at 300, 600 and 925 K, run by the
package itself on the converted model. One JSON line for each of our two precisions, with the
largest differences by facet, on atoms that move, in eV and eV/Å. A minute or two.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numba
import numpy as np
from ase import Atoms
from ase.geometry import get_distances
from force_evaluation import calculator

from scatter.dynamics.batch import propagate
from scatter.dynamics.conditions import Conditions
from scatter.dynamics.endings import Faults, of_a_diatomic
from scatter.dynamics.stop import Dynamics, Stop
from scatter.initial.bond_curve import bond_curve
from scatter.initial.incidence import approach
from scatter.initial.rovibrational import RovibrationalState
from scatter.initial.slab import build, slab_masses
from scatter.initial.surface import Surface
from scatter.kernels import kernel
from scatter.mace.convert import convert
from scatter.mace.cpu import MaceFused
from scatter.state import Start, State, System
from scatter.units import ISOTOPES, K

LATTICE_A = {300.0: 3.66, 600.0: 3.68, 925.0: 3.71}  # by temperature in K, as in the H2/Cu study
SIZES = {"111": [3, 3, 6], "100": [3, 3, 6], "110": [3, 3, 6], "211": [3, 4, 6]}
H = ISOTOPES["H"][1]
EVERY = 10  # steps of 0.5 fs between two structures of a trajectory


def slab(facet: str, kelvin: float) -> tuple[System, np.ndarray]:
    """A facet of the size of the H2/Cu study, two layers frozen; system and ideal positions."""
    surface = Surface(facet=[facet], size=SIZES[facet], temperature_K=[kelvin], vacuum_A=15.0)
    return build(surface, facet, LATTICE_A[kelvin])


def unit(rng: np.random.Generator) -> np.ndarray:
    """A direction, uniform on the sphere."""
    vector = rng.normal(size=3)
    return vector / np.linalg.norm(vector)


def random_structure(
    system: System, ideal: np.ndarray, rng: np.random.Generator
) -> np.ndarray | None:
    """Displaced by 0.1 Å, H2 of 0.6 to 2.5 Å anywhere up to 7 Å; None where it is in an atom."""
    atoms = ideal + rng.normal(0, 0.1, ideal.shape) * system.moving[:-2, None]
    centre = rng.random(2) @ system.cell[:2] + [0, 0, ideal[:, 2].max() + rng.uniform(0.6, 7)]
    half = 0.5 * rng.uniform(0.6, 2.5) * unit(rng)
    molecule = np.stack([centre - half, centre + half])
    apart = get_distances(molecule, atoms, cell=system.cell, pbc=system.pbc)[1]
    return np.concatenate([atoms, molecule]) if apart.min() > 1.4 else None


def random_structures(facet: str, count: int, rng: np.random.Generator) -> Iterator[tuple]:
    """System and positions of each structure."""
    bare, ideal = slab(facet, 300.0)
    system = bare.with_projectile(1, 1)
    while count:
        found = random_structure(system, ideal, rng)
        if found is not None:
            yield system, found
            count -= 1


def start(
    number: int, system: System, ideal: np.ndarray, kelvin: float, state: RovibrationalState,
    rng: np.random.Generator,
) -> Start:  # fmt: skip
    """H2 in a state, 2 to 7 Å above, with 0.1 to 1.0 eV; the slab with momenta of 2 T."""
    masses = np.append(slab_masses(system.slab), [H, H])
    momenta = rng.normal(size=(len(system), 3)) * np.sqrt(2 * kelvin * K * masses)[:, None]
    momenta *= system.moving[:, None]
    energy, height = rng.uniform(0.1, 1.0), rng.uniform(2, 7)
    path = approach(rng.random(3), energy, 0.0, None, height, system.cell, 2 * H)
    molecule = state.sample(rng)
    momenta[-2:] = molecule.momenta + H * path.velocity
    above = path.centre + [0, 0, ideal[system.top, 2].mean()] + molecule.positions
    return Start(number, np.concatenate([ideal, above]), momenta, masses)


class Album:
    """Keeps the positions of every slot, every so many steps."""

    def __init__(self):
        self.steps, self.seen = 0, list[np.ndarray]()

    def __call__(self, state: State) -> None:
        """Called after each step."""
        self.steps += 1
        if self.steps % EVERY == 0:
            self.seen.extend(state.positions.copy())


def dynamical_structures(
    facet: str, count: int, potential: MaceFused, rng: np.random.Generator
) -> Iterator[tuple]:
    """System and positions of structures of 300 fs of NVE, as many of each temperature."""
    state = RovibrationalState(1, 1, None, (H, H), bond_curve(potential, 1, 1))
    dynamics = Dynamics(timestep_fs=0.5, max_time_fs=300.0, energy_tolerance_eV=0.5)
    for n, kelvin in enumerate(LATTICE_A):
        wanted = (count + n) // len(LATTICE_A)
        runs = -(-wanted // 2)
        bare, ideal = slab(facet, kelvin)
        system, album = bare.with_projectile(1, 1), Album()
        starts = (start(i, system, ideal, kelvin, state, rng) for i in range(runs))
        conditions = Conditions(
            system,
            dynamics.step_fs,
            Faults(dynamics.energy_tolerance_eV, dynamics.step_fs),
            of_a_diatomic(dynamics, Stop(dissociated_A=2.5)),
            slots=runs,
        )
        for _ in propagate(starts, potential, conditions, album):
            pass
        for chosen in rng.choice(len(album.seen), wanted, replace=False):
            yield system, album.seen[chosen]


def structures(
    facet: str, count: int, potential: MaceFused, rng: np.random.Generator
) -> dict[str, list[tuple[System, np.ndarray]]]:
    """As many random and dynamical structures of a facet; see the top of this file."""
    return {
        "random": list(random_structures(facet, count, rng)),
        "dynamical": list(dynamical_structures(facet, count, potential, rng)),
    }


def evaluated(potential: MaceFused, system: System, positions: np.ndarray) -> tuple:
    """Energy and forces of one structure by our kernel."""
    energies, forces = potential.bind(system, 1).begin(np.arange(1), positions[None])
    return energies[0], forces[0]


def difference(ours: tuple, theirs: tuple, moving: np.ndarray) -> tuple[float, float]:
    """Of energy, and of the forces on atoms that move at worst."""
    return abs(ours[0] - theirs[0]), float(abs(ours[1] - theirs[1])[moving].max())


def measure(model: Path, folded: Path, count: int) -> Iterator[tuple[str, str, str, tuple]]:
    """Facet, kind of structure, precision and differences, structure by structure."""
    ours = {precision: MaceFused.read(folded, precision) for precision in ("float64", "float32")}
    theirs = calculator(model, "float64")
    for n, facet in enumerate(SIZES):
        both = structures(facet, count, ours["float64"], np.random.default_rng(n))
        every = [(kind, *each) for kind, some in both.items() for each in some]
        for kind, system, positions in every:
            atoms = Atoms(system.numbers, positions, cell=system.cell, pbc=system.pbc)
            forces = theirs.get_property("forces", atoms)
            expected = theirs.get_property("energy", atoms), forces
            for precision, potential in ours.items():
                found = evaluated(potential, system, positions)
                yield facet, kind, precision, difference(found, expected, system.moving)


def main() -> None:
    """Convert the model, and measure."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("model", type=Path, help="a .model of mace-torch; opening it runs its code")
    reader.add_argument("--count", type=int, default=100, help="of each kind, on each facet")
    given = reader.parse_args()
    numba.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        folded = Path(folder) / "folded.npz"
        convert(given.model, folded, ["H", "Cu"], trust_pickle=True)
        found = list(measure(given.model, folded, given.count))
    for precision in ("float64", "float32"):
        worst: dict[str, dict[str, list[float]]] = {}
        for facet, kind, which, each in found:
            if which == precision:
                here = worst.setdefault(facet, {}).setdefault(kind, [0.0, 0.0])
                here[:] = (float(f"{max(pair):.2g}") for pair in zip(here, each, strict=True))
        line = {
            "benchmark": "exactness", "model": given.model.name, "precision": precision,
            "structures": given.count, "largest_eV_and_eV_per_A": worst, "machine": kernel(),
        }  # fmt: skip
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
