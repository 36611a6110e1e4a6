"""From a point's conditions and a number to a start, and from an ending to a row."""

from collections.abc import Sequence

import numpy as np

from scatter.campaign.prepare import Prepared
from scatter.campaign.rows import departure, ledger, motion, write_part
from scatter.campaign.thermal import ThermalSlab
from scatter.config import Input, Point, stream
from scatter.dynamics.conditions import Finished
from scatter.dynamics.observers import Observer
from scatter.initial.incidence import approach
from scatter.initial.projectile import Projectile
from scatter.initial.slab import slab_masses
from scatter.outcomes import ADDED, BRANCH, OF_THE_SCATTERED, WEIGHT, Outcome, vectors
from scatter.potentials.base import Evaluator
from scatter.state import Key, Start, lone
from scatter.units import degree


class Trajectories:
    """The trajectories of one slab: how each begins, and the row that each becomes."""

    def __init__(self, input: Input, points: list[Point], prepared: Prepared, slab: ThermalSlab):
        self.input, self.points, self.prepared, self.slab = input, points, prepared, slab
        self.masses = slab_masses(slab.system)
        self.slab_alone = prepared.potential.bind(slab.system, 1)
        self.alone: dict[tuple[int, ...], Evaluator] = {}
        self.blank = np.zeros((), prepared.row)
        unknown = [column.name for column in vectors(prepared.atoms)]
        for name in (*ADDED, *OF_THE_SCATTERED, *unknown):
            self.blank[name] = np.nan
        self.underway: dict[int, tuple[Start, np.ndarray]] = {}

    def projectile(self, point: int) -> Projectile:
        """What is fired at a point."""
        return self.prepared.projectiles[self.points[point].molecule]

    def begin(self, trajectory: int, key: Key, weight: float = 1.0) -> Start:
        """The start of a trajectory; its row is begun and kept until it ends.

        It depends on the seed, the conditions of the point, the number and the branch alone.

        Args:
            trajectory: its index in the list of work.
            key: which one of the campaign it is.
            weight: that its sampler gave it.
        """
        point, number, branch = key
        conditions, projectile = self.points[point], self.projectile(point)
        rng = stream(self.input.run.seed, conditions.key, number, branch)
        snapshots = self.slab.snapshots
        pool = self.input.surface.thermalise.pool(number)
        snapshot = int(rng.integers(pool.start, pool.stop))
        drawn = projectile.sample(conditions, rng)
        polar, azimuth = conditions.polar_deg * degree, conditions.azimuth_deg
        ideal = snapshots.positions[snapshot]
        top = self.slab.system.top_plane(ideal)
        height = self.prepared.start_height(
            self.input, self.slab, pool, top, projectile.extent(conditions)
        )
        path = approach(
            rng,
            conditions.energy_eV,
            polar,
            None if azimuth is None else azimuth * degree,
            height,
            self.slab.system.cell,
            float(projectile.masses.sum()),
        )
        centre = path.centre + np.array([0.0, 0.0, top])
        momenta = drawn.momenta + projectile.masses[:, None] * path.velocity
        start = Start(
            trajectory=trajectory,
            positions=np.concatenate([ideal, centre + drawn.positions]),
            momenta=np.concatenate([snapshots.momenta[snapshot], momenta]),
            masses=np.concatenate([self.masses, projectile.masses]),
            key=key,
        )
        row = self.blank.copy()
        row["point"], row["number"], row["snapshot"] = point, number, snapshot
        sampled = {BRANCH.name: branch, WEIGHT.name: weight}
        declared = {name: sampled[name] for name in sampled if name in (row.dtype.names or ())}
        for name, value in (drawn.columns | declared).items():
            row[name] = value
        row["impact_x_A"], row["impact_y_A"] = path.impact
        row["initial_top_A"] = top
        self.underway[trajectory] = start, row
        return start

    def end(self, finished: Finished, parts: Sequence[Observer]) -> np.ndarray:
        """The row of a finished trajectory, but for what `complete` adds.

        Args:
            finished: the trajectory.
            parts: that watched it (`Conditions.parts`), each of which writes its own columns.
        """
        start, row = self.underway.pop(finished.trajectory)
        projectile = self.projectile(int(row["point"]))
        row["outcome"], row["reason"] = finished.outcome, finished.reason
        row["steps"] = finished.steps
        row["time_fs"] = finished.steps * self.input.dynamics.timestep_fs
        for part in parts:
            write_part(row, part, finished, projectile.masses)
        row["final_top_A"] = self.slab.system.top_plane(finished.positions)
        self._energies(row, start, finished, projectile)
        atoms, masses = len(projectile.numbers), projectile.masses
        motion(row, "initial", start.positions[-atoms:], start.momenta[-atoms:], masses)
        motion(row, "final", finished.positions[-atoms:], finished.momenta[-atoms:], masses)
        if finished.outcome == Outcome.SCATTERED:
            departure(row, finished.momenta[-atoms:], masses)
        return row

    def _energies(
        self, row: np.ndarray, start: Start, finished: Finished, projectile: Projectile
    ) -> None:
        """The ledger at both ends: together, the projectile alone, the slab alone."""
        numbers, atoms = projectile.numbers, len(projectile.numbers)
        if numbers not in self.alone:
            self.alone[numbers] = self.prepared.potential.bind(lone(*numbers), 2)
        ends = np.stack([start.positions[-atoms:], finished.positions[-atoms:]])
        initial, final = self.alone[numbers].begin(np.arange(2), ends)[0]
        slab = self.slab.snapshots.energies[int(row["snapshot"])]
        total = finished.memories["faults"]["potential"]
        ledger(
            row, "initial", start.momenta, start.masses, total, float(initial), float(slab), atoms
        )
        slab = self.slab_alone.begin(np.arange(1), finished.positions[None, :-atoms])[0][0]
        total = finished.potential
        ledger(
            row, "final", finished.momenta, start.masses, total, float(final), float(slab), atoms
        )
