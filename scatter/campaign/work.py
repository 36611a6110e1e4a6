"""From a point's conditions and a number to a start, and from an ending to a row."""

from collections import deque
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int

from scatter.campaign.prepare import Prepared
from scatter.campaign.projectiles import of_molecules
from scatter.campaign.rows import departure, ledger, motion, write_part
from scatter.campaign.thermal import ThermalSlab
from scatter.columns import BRANCH, WEIGHT, vectors
from scatter.config import Input, Point, stream, words_on_the_way
from scatter.dynamics.conditions import Finished
from scatter.dynamics.observers import Observer
from scatter.dynamics.reactions import Reaction
from scatter.initial.incidence import Approach, approach
from scatter.initial.pieces import GAS, measured, piece_of
from scatter.initial.projectile import Phase, Projectile
from scatter.initial.slab import slab_masses
from scatter.outcomes import Outcome
from scatter.potentials.base import Evaluator
from scatter.rows import OF_THE_SCATTERED
from scatter.state import Key, Start, lone
from scatter.store.earlier import ADDED
from scatter.units import degree

LOSS = "energy_loss_eV"


class Trajectories:
    """The trajectories of one slab: how each begins, and the row that each becomes."""

    def __init__(self, input: Input, points: list[Point], prepared: Prepared, slab: ThermalSlab):
        self.input, self.points, self.prepared, self.slab = input, points, prepared, slab
        self.masses = slab_masses(slab.system)
        self.slab_alone = prepared.potential.bind(slab.system, 1)
        self.alone: dict[tuple[int, ...], Evaluator] = {}
        self.blank = np.zeros((), prepared.row)
        unknown = [column.name for column in vectors(prepared.atoms)]
        final = [column.name for column in (*of_molecules(prepared.projectiles), *GAS)]
        missing = {*ADDED, *OF_THE_SCATTERED, *unknown, *final}
        for name in missing & {*(self.blank.dtype.names or ())}:
            if self.blank.dtype[name].kind == "f":
                self.blank[name] = np.nan
        self.underway: dict[int, tuple[Start, np.ndarray]] = {}
        self.waiting: deque[Start] = deque()  # parts of trajectories that are to be run next

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
        pool = self.input.surface.pool(number, conditions.T_K)
        snapshot = int(rng.integers(pool.start, pool.stop))
        drawn = projectile.sample(conditions, rng)
        at = snapshots.positions[snapshot], snapshots.momenta[snapshot]
        height = self.prepared.start_height(
            *(self.input, self.slab, pool, self.slab.system.top_plane(at[0])),
            projectile.extent(conditions),
        )
        path = self.path(point, rng.random(3), height)
        words = words_on_the_way(self.input.run.seed, conditions.key, number, branch)
        start = self.start(trajectory, key, drawn, path, at, words)
        x, y = path.impact
        own = {"snapshot": snapshot, "impact_x_A": x, "impact_y_A": y}
        self.keep(start, drawn.columns | own, weight)
        return start

    def keep(self, start: Start, columns: Mapping[str, object], weight: float) -> None:
        """Begin the row of a start with what is known by now."""
        point, number, branch = start.key
        row = self.blank.copy()
        row["point"], row["number"] = point, number
        sampled = {BRANCH.name: branch, WEIGHT.name: weight}
        declared = {name: sampled[name] for name in sampled if name in (row.dtype.names or ())}
        for name, value in {**columns, **declared}.items():
            row[name] = value
        row["initial_top_A"] = self.slab.system.top_plane(start.positions)
        self.underway[start.trajectory] = start, row

    def path(self, point: int, draws: Float[np.ndarray, "3"], height: float) -> Approach:
        """The approach at a point of three numbers in [0, 1), from a height (Å)."""
        conditions, azimuth = self.points[point], self.points[point].azimuth_deg
        return approach(
            draws,
            conditions.energy_eV,
            conditions.polar_deg * degree,
            None if azimuth is None else azimuth * degree,
            height,
            self.slab.system.cell,
            float(self.projectile(point).masses.sum()),
            self.input.incidence.disc(self.slab.ideal),
        )

    def start(
        self,
        trajectory: int,
        key: Key,
        drawn: Phase,
        path: Approach,
        slab: tuple[Float[np.ndarray, "atom 3"], Float[np.ndarray, "atom 3"]],
        words: Int[np.ndarray, "3"],
    ) -> Start:
        """The start of a projectile as it was drawn, on its approach to a slab.

        Args:
            trajectory: its index in the list of work.
            key: which one of the campaign it is.
            drawn: the projectile.
            path: its approach.
            slab: positions and momenta of the slab's atoms.
            words: that name the random numbers which it draws on its way.
        """
        masses = self.projectile(key.point).masses
        centre = path.centre + np.array([0.0, 0.0, self.slab.system.top_plane(slab[0])])
        momenta = drawn.momenta + masses[:, None] * path.velocity
        return Start(
            trajectory=trajectory,
            positions=np.concatenate([slab[0], centre + drawn.positions]),
            momenta=np.concatenate([slab[1], momenta]),
            masses=np.concatenate([self.masses, masses]),
            key=key,
            stream=words,
        )

    def end(self, finished: Finished, parts: Sequence[Observer]) -> np.ndarray:
        """The row of a finished trajectory, but for what `complete` adds.

        Its outcome is RUNNING where a further part of the trajectory waits to be run.

        Args:
            finished: the trajectory.
            parts: that watched it (`Conditions.parts`), each of which writes its own columns.
        """
        start, row = self.underway.pop(finished.trajectory)
        projectile = self.projectile(int(row["point"]))
        row["outcome"], row["reason"] = finished.outcome, finished.reason
        row["steps"] = finished.steps
        row["time_fs"] = finished.steps * self.input.dynamics.step_fs
        for part in parts:
            write_part(row, part, finished, projectile.masses)
        row["final_top_A"] = self.slab.system.top_plane(finished.positions)
        self._energies(row, start, finished, projectile)
        atoms, masses = len(projectile.numbers), projectile.masses
        motion(row, "initial", start.positions[-atoms:], start.momenta[-atoms:], masses)
        motion(row, "final", finished.positions[-atoms:], finished.momenta[-atoms:], masses)
        if self.prepared.react:
            self._fragment(row, start, finished, parts)
        if finished.outcome == Outcome.SCATTERED:
            departure(row, finished.momenta[-atoms:], masses)
            if LOSS in (row.dtype.names or ()):
                row[LOSS] = self.points[int(row["point"])].energy_eV - row["final_translational_eV"]
        return row

    def _fragment(
        self, row: np.ndarray, start: Start, finished: Finished, parts: Sequence[Observer]
    ) -> None:
        """What has flown off after a reaction."""
        reaction = next(part for part in parts if isinstance(part, Reaction))
        atoms = reaction.flown(finished.memories[reaction.name])
        if not atoms or not np.isfinite(finished.positions).all():
            return
        system = self.slab.system
        numbers = np.append(system.numbers, self.projectile(start.key.point).numbers)
        ends = finished.positions, finished.momenta
        piece = piece_of(atoms, numbers, start.masses, *ends, system.cell)
        for name, value in measured(piece, self.prepared.potential).items():
            row[name] = value

    def _energies(
        self, row: np.ndarray, start: Start, finished: Finished, projectile: Projectile
    ) -> None:
        """The ledger at both ends: together, the projectile alone, the slab alone."""
        numbers, atoms = projectile.numbers, len(projectile.numbers)
        if numbers not in self.alone:
            self.alone[numbers] = self.prepared.potential.bind(lone(*numbers), 2)
        ends = np.stack([start.positions[-atoms:], finished.positions[-atoms:]])
        initial, final = self.alone[numbers].begin(np.arange(2), ends)[0]
        slab = self._slab_energy(row, start)
        total = finished.memories["faults"]["potential"]
        ledger(
            row, "initial", start.momenta, start.masses, total, float(initial), float(slab), atoms
        )
        slab = self._slab_alone(finished.positions[:-atoms])
        total = finished.potential
        ledger(
            row, "final", finished.momenta, start.masses, total, float(final), float(slab), atoms
        )

    def _slab_energy(self, row: np.ndarray, start: Start) -> float:
        """Potential energy of the slab alone at the start, eV."""
        return float(self.slab.snapshots.energies[int(row["snapshot"])])

    def _slab_alone(self, positions: Float[np.ndarray, "atom 3"]) -> float:
        """Potential energy of the slab without the projectile, eV."""
        return float(self.slab_alone.begin(np.arange(1), positions[None])[0][0])
