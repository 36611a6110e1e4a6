"""Shots from a dividing surface, both ways in time: one trajectory, one row.

The forward part must reach the gas without meeting the surface again; only then is the part
backwards in time run, from the same place with all momenta reversed, to see where the molecule came
from.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from scatter.campaign.on_the_surface import OnTheSurface
from scatter.campaign.prepare import Prepared
from scatter.campaign.thermal import ThermalSlab
from scatter.campaign.work import Trajectories
from scatter.columns import GUARDED
from scatter.config import Input, Point, stream, words_on_the_way
from scatter.dynamics.conditions import Finished
from scatter.dynamics.observers import Observer
from scatter.dynamics.sight import orientation
from scatter.initial.crossings import crossing_momenta
from scatter.outcomes import Outcome
from scatter.rows import DESORBED
from scatter.state import Key, Start
from scatter.units import K

BACKWARDS = 2**31  # added to the branch: what is drawn on the way back is not drawn forwards


class Shots(Trajectories):
    """The shots of one slab: how each begins, goes on backwards, and the row that it becomes."""

    def __init__(self, input: Input, points: list[Point], prepared: Prepared, slab: ThermalSlab):
        super().__init__(input, points, prepared, slab)
        names = [ending.name for ending in prepared.parts.own]
        self.desorbed = len(Outcome) + names.index(DESORBED.name)
        self.blank["back_time_fs"] = np.nan
        self.forward: dict[int, np.ndarray] = {}

    def begin(self, trajectory: int, key: Key, weight: float = 1.0) -> Start:
        """The start of the forward part; see `Trajectories.begin`."""
        point, number, branch = key
        conditions, projectile = self.points[point], self.projectile(point)
        where = self.prepared.crossings[conditions.facet, conditions.T_K, conditions.molecule]
        rng = stream(self.input.run.seed, conditions.key, number, branch)
        positions = where.crossings.positions[number]
        masses = np.concatenate([self.masses, projectile.masses])
        moving = np.append(self.slab.system.moving, [True, True])
        momenta = crossing_momenta(positions, masses, moving, K * conditions.T_K, rng)
        words = words_on_the_way(self.input.run.seed, conditions.key, number, branch)
        start = Start(trajectory, positions, momenta, masses, key, words)
        own = {"chain": where.crossings.chain[number]}
        self.keep(start, own | self._placed(positions, projectile.masses), weight)
        return start

    def _placed(self, positions: np.ndarray, masses: np.ndarray) -> dict[str, float]:
        """Where on the surface it begins, by column."""
        bond, top = positions[-1] - positions[-2], self.slab.system.top_plane(positions)
        centre = (masses[:, None] * positions[-2:]).sum(axis=0) / masses.sum()
        theta, phi = orientation(bond)
        return {
            "bond_A": np.sqrt((bond * bond).sum()),
            "theta_deg": theta,
            "phi_deg": phi,
            "crossing_x_A": centre[0],
            "crossing_y_A": centre[1],
            "crossing_Z_A": centre[2] - top,
        }

    def end(self, finished: Finished, parts: Sequence[Observer]) -> np.ndarray:
        """The row of a shot; RUNNING where its backward part is to be run now."""
        start, begun = self.underway[finished.trajectory]
        begun = begun.copy()  # what is written into the row now is of this part alone
        row = super().end(finished, parts)
        forward = self.forward.pop(finished.trajectory, None)
        if forward is not None:
            return self._both(forward, row)
        if finished.outcome != Outcome.SCATTERED:
            return row
        self.forward[finished.trajectory] = row
        back = self._backwards(start)
        self.underway[finished.trajectory] = back, begun
        self.waiting.append(back)
        goes_on = row.copy()
        goes_on["outcome"] = Outcome.RUNNING
        return goes_on

    def _backwards(self, start: Start) -> Start:
        """The same with all momenta reversed."""
        point, number, branch = start.key
        words = words_on_the_way(
            self.input.run.seed, self.points[point].key, number, branch + BACKWARDS
        )
        return replace(start, momenta=-start.momenta, stream=words)

    def _both(self, row: np.ndarray, back: np.ndarray) -> np.ndarray:
        """The row of a shot from those of its parts: the forward one, and how the other ended."""
        outcome = int(back["outcome"])
        row["back_outcome"], row["back_time_fs"] = outcome, back["time_fs"]
        row["steps"] += back["steps"]
        row["outcome"] = self.desorbed if outcome == Outcome.DISSOCIATED else outcome
        row["reason"] = back["reason"]
        row["energy_error_eV"] = np.maximum(row["energy_error_eV"], back["energy_error_eV"])
        for value, time in GUARDED.values():
            if back[value.name] > row[value.name]:
                row[value.name], row[time.name] = back[value.name], back[time.name]
        return row

    def _slab_energy(self, row: np.ndarray, start: Start) -> float:
        """Potential energy of the slab alone where the molecule crosses, eV."""
        return self._slab_alone(start.positions[:-2])


KINDS: dict[str, type[Trajectories]] = {
    "beam": Trajectories,
    "adsorbed": OnTheSurface,
    "desorption": Shots,
}


def trajectories_of(
    input: Input, points: list[Point], prepared: Prepared, slab: ThermalSlab
) -> Trajectories:
    """The trajectories of one slab, of the kind of start that `[incidence]` says."""
    return KINDS[input.incidence.kind](input, points, prepared, slab)
