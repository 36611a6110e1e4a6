"""What flies off a surface after a reaction: energies and angle of a fragment in the gas.

    E_trans = P²/2M
    E_rot   = ½ Σ (L·e_k)²/I_k over its principal axes, averaged over some time of free flight
    E_vib   = the rest of the energy in the frame of its centre of mass, above the minimum of V

An axis along which all atoms lie, whose I_k is almost 0, carries no rotation. What is answered for
a fragment depends on itself alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import nan, pi, sqrt

import numpy as np
from ase.data import chemical_symbols
from jaxtyping import Float

from scatter.columns import Column
from scatter.dynamics.fragments import formula
from scatter.dynamics.integrators import velocity_verlet
from scatter.dynamics.sight import orientation
from scatter.initial.internal import centred, number_of
from scatter.initial.lone_molecule import from_formula
from scatter.initial.normal_modes import evaluated, inertia, minimum
from scatter.initial.polyatomic import AVERAGE_FS
from scatter.potentials.base import Potential
from scatter.settings import UserError
from scatter.state import State, lone
from scatter.units import fs, isotope, lightest

STIFF, STEPS, EVERY = 36.0, 40, 4  # eV/Å² of the stiffest bond; steps in its period; between looks
LINE = 1e-3  # of the largest moment of inertia: a smaller one is that of a line

GAS = (
    Column("gas", "S16", "", "after a reaction: the largest fragment in the gas; empty if none"),
    Column("gas_translational_eV", "f8", "eV", "of that fragment: kinetic energy of its centre"),
    Column("gas_rotational_eV", "f8", "eV", "of that fragment: rotational energy; NaN of an atom"),
    Column(
        "gas_vibrational_eV",
        "f8",
        "eV",
        "of that fragment: vibrational energy; NaN of an atom, or where its minimum is not known",
    ),
    Column("gas_J", "f8", "", "of that fragment: real-valued rotational quantum number"),
    Column("gas_polar_deg", "f8", "°", "of that fragment: angle of its velocity to the normal"),
)


@dataclass(frozen=True)
class Piece:
    """A fragment in the gas, its atoms near one another.

    Attributes:
        numbers: atomic numbers.
        masses: amu.
        positions: Å.
        momenta: amu Å / time unit.
    """

    numbers: tuple[int, ...]
    masses: Float[np.ndarray, " atom"]
    positions: Float[np.ndarray, "atom 3"]
    momenta: Float[np.ndarray, "atom 3"]

    @property
    def symbols(self) -> list[str]:
        """Isotopes of its atoms."""
        elements = [chemical_symbols[number] for number in self.numbers]
        return [*map(isotope, elements, self.masses.tolist())]


def measured(
    piece: Piece, potential: Potential, average_fs: float = AVERAGE_FS
) -> dict[str, object]:
    """The columns `GAS` of a fragment.

    Args:
        piece: the fragment.
        potential: that it goes on moving on.
        average_fs: time over which its rotational energy is averaged.
    """
    total = piece.momenta.sum(axis=0)
    row: dict[str, object] = {
        "gas": formula(piece.symbols).encode(),
        "gas_translational_eV": float((total**2).sum() / (2 * piece.masses.sum())),
        "gas_polar_deg": orientation(total)[0],
    }
    if len(piece.numbers) == 1:
        return row
    x, p = centred(piece.positions[None], piece.momenta[None], piece.masses)
    L = np.cross(x, p).sum(axis=1)
    rotational = _rotation(piece, potential, x, p, average_fs * fs)
    inner = float((p[0] ** 2 / (2 * piece.masses[:, None])).sum())
    inner += float(evaluated(potential.host, piece.numbers, x)[0][0])
    row |= {"gas_J": float(number_of(L)[0]), "gas_rotational_eV": rotational}
    row["gas_vibrational_eV"] = (
        inner - rotational - lowest(tuple(sorted(piece.numbers)), potential.host)
    )
    return row


@lru_cache(maxsize=64)
def lowest(numbers: tuple[int, ...], potential: Potential) -> float:
    """Energy of the molecule of some atoms at rest, eV; NaN where none is known.

    It is relaxed from ASE's geometry of that formula, so that it is the same for all fragments.

    Args:
        numbers: atomic numbers, in increasing order.
        potential: that it is at rest on.
    """
    try:
        molecule = from_formula(formula([chemical_symbols[number] for number in numbers]))
        return minimum(molecule, potential)
    except UserError:
        return nan


def _rotation(
    piece: Piece,
    potential: Potential,
    x: Float[np.ndarray, "1 atom 3"],
    p: Float[np.ndarray, "1 atom 3"],
    time: float,
) -> float:
    """The rotational energy averaged over some time of free flight, eV."""
    evaluator = potential.host.bind(lone(*piece.numbers), 1)
    energies, forces = evaluator.begin(np.arange(1), x)
    masses = piece.masses[None, :, None]
    state = State(x.copy(), p.copy(), forces, energies, masses, np.zeros(1), np.arange(1))
    period = 2 * pi * sqrt(min(map(lightest, piece.numbers)) / STIFF)
    steps = EVERY * max(0, round(time / period * STEPS / EVERY))
    looks = [_now(x[0], p[0], piece.masses)]
    for step in range(steps):
        velocity_verlet(state, evaluator, time / steps)
        if (step + 1) % EVERY == 0:
            looks.append(_now(state.positions[0], state.momenta[0], piece.masses))
    return float(np.mean(looks))


def _now(
    x: Float[np.ndarray, "atom 3"],
    p: Float[np.ndarray, "atom 3"],
    masses: Float[np.ndarray, " atom"],
) -> float:
    """The rotational energy of the moment, eV."""
    L = np.cross(x, p).sum(axis=0)
    moments, axes = np.linalg.eigh(inertia(x, masses))
    along = (axes * L[:, None]).sum(axis=0)
    turning = moments > LINE * moments[-1]
    return float((along[turning] ** 2 / (2 * moments[turning])).sum())


def piece_of(
    atoms: Sequence[int],
    numbers: np.ndarray,
    masses: Float[np.ndarray, " whole"],
    positions: Float[np.ndarray, "whole 3"],
    momenta: Float[np.ndarray, "whole 3"],
    cell: Float[np.ndarray, "3 3"],
) -> Piece:
    """A fragment of some of the atoms, each at the image that is nearest to the first."""
    chosen = np.array(atoms)
    apart = positions[chosen] - positions[chosen[0]]
    turns = np.round(np.linalg.solve(cell.T, apart.T).T)
    turns[:, 2] = 0
    near = positions[chosen] - (turns[:, :, None] * cell).sum(axis=1)
    return Piece(tuple(numbers[chosen].tolist()), masses[chosen], near, momenta[chosen])
