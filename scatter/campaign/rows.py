"""What stands in a row of `/trajectories`: vectors, energies, and what each part answers."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from scatter.config import Point
from scatter.dynamics.conditions import Finished
from scatter.dynamics.observers import Observer
from scatter.dynamics.sight import orientation
from scatter.initial.projectile import Projectile
from scatter.units import fs


def write_part(row: np.ndarray, part: Observer, finished: Finished, masses: np.ndarray) -> None:
    """Write the columns of one part into a row.

    Raises:
        ValueError: it answers other columns than it declares.
    """
    values = part.row(finished.memories.get(part.name, {}), masses)
    if values.keys() != {column.name for column in part.columns}:
        raise ValueError(
            f"{type(part).__name__}.row answers {sorted(values)}, and its columns are "
            f"{sorted(column.name for column in part.columns)}; both must name the same"
        )
    for name, value in values.items():
        row[name] = value


def complete(
    rows: np.ndarray, points: Sequence[Point], projectiles: Mapping[str, Projectile]
) -> None:
    """Write the final states of the scattered into rows; many at once cost little more than one.

    What a trajectory gets depends on its own row alone.
    """
    departed = np.isfinite(rows["final_translational_eV"])
    formulas = np.array([points[point].molecule for point in rows["point"]])
    for formula, projectile in projectiles.items():
        mine = np.flatnonzero(departed & (formulas == formula))
        positions, velocities = (
            _vectors(rows[mine], name, len(projectile.numbers))
            for name in ("{}{}_A", "v{}{}_A_per_fs")
        )
        momenta = velocities / fs * projectile.masses[:, None]
        for name, values in projectile.measure(positions, momenta).items():
            rows[name][mine] = values


def _vectors(rows: np.ndarray, name: str, atoms: int) -> np.ndarray:
    """Columns of all atoms' final vectors, shape (row, atom, 3)."""
    return np.stack(
        [
            np.stack([rows["final_" + name.format(axis, atom + 1)] for axis in "xyz"], axis=-1)
            for atom in range(atoms)
        ],
        axis=1,
    )


def motion(
    row: np.ndarray,
    when: str,
    positions: Float[np.ndarray, "atom 3"],
    momenta: Float[np.ndarray, "atom 3"],
    masses: Float[np.ndarray, " atom"],
) -> None:
    """Write where the molecule's atoms are and how fast they move into a row.

    Args:
        row: a record of `ROW`.
        when: "initial" or "final".
        positions: Å.
        momenta: amu Å / time unit.
        masses: amu.
    """
    for atom in range(len(masses)):
        for axis, letter in enumerate("xyz"):
            row[f"{when}_{letter}{atom + 1}_A"] = positions[atom, axis]
            velocity = momenta[atom, axis] / masses[atom] * fs
            row[f"{when}_v{letter}{atom + 1}_A_per_fs"] = velocity


def ledger(
    row: np.ndarray,
    when: str,
    momenta: Float[np.ndarray, "atom 3"],
    masses: Float[np.ndarray, " atom"],
    total: float,
    molecule: float,
    slab: float,
    projectile: int,
) -> None:
    """Write the kinetic and potential energies of molecule, slab and coupling into a row.

    The coupling is the potential energy of both together less that of each alone; all three are
    evaluated, and no term is what is left over from the conservation of energy.

    Args:
        row: a record of `ROW`.
        when: "initial" or "final".
        momenta: of all atoms, the molecule's last, amu Å / time unit.
        masses: amu.
        total: potential energy of all atoms, eV.
        molecule: potential energy of the molecule alone, eV.
        slab: potential energy of the slab alone, eV.
        projectile: how many of the atoms are the molecule's.
    """
    kinetic = (momenta**2).sum(axis=1) / (2 * masses)
    row[f"{when}_kinetic_molecule_eV"] = kinetic[-projectile:].sum()
    row[f"{when}_kinetic_slab_eV"] = kinetic[:-projectile].sum()
    row[f"{when}_potential_molecule_eV"] = molecule
    row[f"{when}_potential_slab_eV"] = slab
    row[f"{when}_coupling_eV"] = total - molecule - slab


def departure(
    row: np.ndarray, momenta: Float[np.ndarray, "atom 3"], masses: Float[np.ndarray, " atom"]
) -> None:
    """Write translational energy and direction of a scattered molecule into a row."""
    momentum = momenta.sum(axis=0)
    row["final_translational_eV"] = (momentum**2).sum() / (2 * masses.sum())
    row["final_polar_deg"], row["final_azimuth_deg"] = orientation(momentum)
