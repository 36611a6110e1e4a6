"""Trajectories that begin on the surface, in thermal equilibrium with it."""

import numpy as np

from scatter.campaign.work import Trajectories
from scatter.config import stream, words_on_the_way
from scatter.state import Key, Start


class OnTheSurface(Trajectories):
    """The trajectories of one slab that carries the projectile from the start on."""

    def begin(self, trajectory: int, key: Key, weight: float = 1.0) -> Start:
        """A thermal state of the slab with the projectile on it; see `Trajectories.begin`."""
        point, number, branch = key
        conditions = self.points[point]
        rng = stream(self.input.run.seed, conditions.key, number, branch)
        states = self.prepared.laden[self.slab.name, conditions.molecule]
        pool = self.input.surface.laden_pool(number, conditions.T_K)
        snapshot = int(rng.integers(pool.start, pool.stop))
        start = Start(
            trajectory=trajectory,
            positions=states.positions[snapshot],
            momenta=states.momenta[snapshot],
            masses=np.concatenate([self.masses, self.projectile(point).masses]),
            key=key,
            stream=words_on_the_way(self.input.run.seed, conditions.key, number, branch),
        )
        self.keep(start, {"snapshot": snapshot}, weight)
        return start

    def _slab_energy(self, row: np.ndarray, start: Start) -> float:
        """Potential energy of the slab alone at the start, eV."""
        atoms = len(self.projectile(start.key.point).numbers)
        return self._slab_alone(start.positions[:-atoms])
