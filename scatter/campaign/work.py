"""From a point's conditions and a number to a start, and from an ending to a row."""

from typing import Any

import numpy as np

from scatter.campaign.prepare import Prepared, Species, ThermalSlab
from scatter.config import Input, Point, stream
from scatter.dynamics.batch import Finished
from scatter.ebk import rovibrational
from scatter.initial.incidence import approach
from scatter.initial.slab import slab_masses
from scatter.outcomes import (
    MEASURES,
    OF_THE_SCATTERED,
    ROW,
    Outcome,
    departure,
    ledger,
    motion,
    orientation,
)
from scatter.potentials.base import Evaluator
from scatter.state import Start, diatomic
from scatter.units import degree, fs


class Trajectories:
    """The trajectories of one slab: how each begins, and the row that each becomes."""

    def __init__(self, input: Input, points: list[Point], prepared: Prepared, slab: ThermalSlab):
        self.input, self.points, self.prepared, self.slab = input, points, prepared, slab
        self.masses = slab_masses(slab.system)
        self.slab_alone = prepared.potential.bind(slab.system, 1)
        self.alone: dict[tuple[int, int], Evaluator] = {}
        self.underway: dict[int, tuple[Start, np.ndarray]] = {}

    def begin(self, trajectory: int, point: int, number: int) -> Start:
        """The start of trajectory `number` of a point; its row is begun and kept until it ends.

        It depends on the seed, the conditions of the point and the number alone.
        """
        conditions = self.points[point]
        species = self.prepared.species[conditions.molecule]
        state = self.prepared.states[conditions.molecule, conditions.v, conditions.J, conditions.mJ]
        rng = stream(self.input.run.seed, conditions.key, number)
        snapshots = self.slab.snapshots
        snapshot = int(rng.integers(len(snapshots)))
        molecule = state.sample(rng)
        polar, azimuth = conditions.polar_deg * degree, conditions.azimuth_deg
        path = approach(
            rng, conditions.energy_eV, polar, None if azimuth is None else azimuth * degree,
            self.input.incidence.height_A, self.slab.system.cell, float(species.masses.sum()),
        )  # fmt: skip
        ideal = snapshots.positions[snapshot]
        top = self.slab.system.top_plane(ideal)
        centre = path.centre + np.array([0.0, 0.0, top])
        momenta = molecule.momenta + species.masses[:, None] * path.velocity
        start = Start(
            trajectory=trajectory,
            positions=np.concatenate([ideal, centre + molecule.positions]),
            momenta=np.concatenate([snapshots.momenta[snapshot], momenta]),
            masses=np.concatenate([self.masses, species.masses]),
        )
        row = np.zeros((), ROW)
        row["point"], row["number"], row["snapshot"] = point, number, snapshot
        row["v"], row["J"], row["m_J"] = conditions.v, conditions.J, molecule.m_J
        row["bond_A"] = molecule.bond
        row["theta_deg"], row["phi_deg"] = molecule.theta / degree, molecule.phi / degree
        row["impact_x_A"], row["impact_y_A"] = path.impact
        row["initial_top_A"] = top
        self.underway[trajectory] = start, row
        return start

    def end(self, finished: Finished) -> np.ndarray:
        """The row of a finished trajectory (a record of `ROW`), but for what `complete` adds."""
        start, row = self.underway.pop(finished.trajectory)
        species = self.prepared.species[self.points[int(row["point"])].molecule]
        row["outcome"], row["reason"] = finished.outcome, finished.reason
        row["steps"] = finished.steps
        row["time_fs"] = finished.steps * self.input.dynamics.timestep_fs
        row["energy_error_eV"] = finished.watch["error"]
        for column, when in MEASURES.items():
            peak = finished.peaks.get(column)
            row[column] = peak.value if peak else np.nan
            row[when] = peak.time / fs if peak else np.nan
        _path(row, finished.watch, species.masses)
        row["final_top_A"] = self.slab.system.top_plane(finished.positions)
        self._energies(row, start, finished, species)
        motion(row, "initial", start.positions[-2:], start.momenta[-2:], species.masses)
        motion(row, "final", finished.positions[-2:], finished.momenta[-2:], species.masses)
        for name in OF_THE_SCATTERED:
            row[name] = np.nan
        if finished.outcome == Outcome.SCATTERED:
            departure(row, finished.momenta[-2:], species.masses)
        return row

    def _energies(
        self, row: np.ndarray, start: Start, finished: Finished, species: Species
    ) -> None:
        """The ledger at both ends: together, the molecule alone, the slab alone."""
        if species.numbers not in self.alone:
            alone = diatomic(*species.numbers)
            self.alone[species.numbers] = self.prepared.potential.bind(alone, 2)
        molecules = np.stack([start.positions[-2:], finished.positions[-2:]])
        initial, final = self.alone[species.numbers].begin(np.arange(2), molecules)[0]
        slab = self.slab.snapshots.energies[int(row["snapshot"])]
        total = finished.watch["potential"]
        ledger(row, "initial", start.momenta, start.masses, total, float(initial), float(slab))
        slab = self.slab_alone.begin(np.arange(1), finished.positions[None, :-2])[0][0]
        total = finished.potential
        ledger(row, "final", finished.momenta, start.masses, total, float(final), float(slab))


def _path(row: np.ndarray, watch: dict[str, Any], masses: np.ndarray) -> None:
    """Write the lowest point and the time near the surface."""
    atoms = watch["atoms"]
    bond = atoms[1] - atoms[0]
    row["lowest_x_A"], row["lowest_y_A"] = ((masses[:, None] * atoms).sum(axis=0) / masses.sum())[
        :2
    ]
    row["lowest_Z_A"] = watch["lowest"]
    row["lowest_r_A"] = np.sqrt((bond**2).sum())
    row["lowest_theta_deg"], row["lowest_phi_deg"] = orientation(bond)
    row["lowest_time_fs"] = watch["when"] / fs
    row["turning_points"] = watch["turns"]
    row["first_below_fs"], row["last_below_fs"] = (
        watch["first_below"] / fs,
        watch["last_below"] / fs,
    )


def complete(rows: np.ndarray, points: list[Point], species: dict[str, Species]) -> None:
    """Write the final v and J of the scattered into rows; many at once cost little more than one.

    What a trajectory gets depends on its own row alone.
    """
    scattered = rows["outcome"] == Outcome.SCATTERED
    formulas = np.array([points[point].molecule for point in rows["point"]])
    for formula, one in species.items():
        mine = np.flatnonzero(scattered & (formulas == formula))
        positions, velocities = (
            _vectors(rows[mine], name) for name in ("{}{}_A", "v{}{}_A_per_fs")
        )
        momenta = velocities / fs * one.masses[:, None]
        rows["final_v"][mine], rows["final_J"][mine] = rovibrational(
            positions, momenta, one.masses, one.curve
        )


def _vectors(rows: np.ndarray, name: str) -> np.ndarray:
    """Columns of both atoms' final vectors, shape (row, 2, 3)."""
    return np.stack(
        [
            np.stack([rows["final_" + name.format(axis, atom)] for axis in "xyz"], axis=-1)
            for atom in (1, 2)
        ],
        axis=1,
    )
