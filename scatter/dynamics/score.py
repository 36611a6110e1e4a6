"""How near a trajectory came to an event that may be rare; array code, slots first."""

from math import inf

import numpy as np

from scatter.arrays import array_namespace, beside
from scatter.dynamics.endings import Ending
from scatter.dynamics.sight import Sight
from scatter.outcomes import Outcome
from scatter.shapes import Float, Int
from scatter.slots import Tree
from scatter.state import Array
from scatter.units import fs

ESCAPES_eV = 0.1  # along the normal, so that a molecule that leaves does not come back


class Score(Ending):
    """The largest score reached while the centre of mass is below a height, zero at first.

    It is an ending too: where a threshold is not reached, what rises out of that height and has
    more than 0.1 eV along the normal has scattered, and nothing is computed of its way home.
    """

    name, code = "score", int(Outcome.SCATTERED)

    def __init__(self, near_A: float, threshold: float = -inf):
        """Take `[stop] near_A` (Å), above which nothing is scored, and the threshold."""
        self.below_A, self.threshold = near_A, threshold

    def value(self, memory: Tree, sight: Sight) -> Array:
        """The score at one instant, shape (slot,)."""
        raise NotImplementedError

    def begin(self, sight: Sight) -> Tree:
        """Nothing is reached yet."""
        return {"best": 0 * sight.time, "since": sight.time + 0}

    def see(self, memory: Tree, sight: Sight) -> Tree:
        """Take the present instant where it is higher, and low enough above the surface."""
        xp, best = array_namespace(sight.time), memory["best"]
        value = xp.where(sight.Z < self.below_A, self.value(memory, sight), best)
        return {"best": xp.maximum(best, value), "since": sight.time + 0}

    def met(self, memory: Tree, sight: Sight) -> Array:
        """Whether it leaves for good, and has not reached the threshold."""
        mass = sight.masses[:, 0]
        for atom in range(1, sight.system.projectile):
            mass = mass + sight.masses[:, atom]
        leaves = (sight.Z > self.below_A) & (sight.rising > 0)
        escapes = sight.rising * sight.rising > 2 * mass * ESCAPES_eV
        return leaves & escapes & (memory["best"] < self.threshold)


class Stretch(Score):
    """The largest stretch of a bond, max (r - r_rest) / (r_broken - r_rest)."""

    def __init__(
        self,
        near_A: float,
        threshold: float,
        pairs: Int[np.ndarray, "bond 2"],
        rest: Float[np.ndarray, " bond"],
        broken: Float[np.ndarray, " bond"],
    ):
        """Take the bonds (indices in the projectile), and their lengths at rest and broken, Å."""
        super().__init__(near_A, threshold)
        self.pairs, self.rest, self.span = pairs, rest, broken - rest

    def value(self, memory: Tree, sight: Sight) -> Array:
        """The largest of all bonds."""
        xp, atoms = array_namespace(sight.time), sight.atoms
        first, second = (beside(self.pairs[:, end], sight.time) for end in (0, 1))
        along = atoms[:, second, :] - atoms[:, first, :]
        r = xp.sqrt(xp.sum(along * along, axis=2))
        return xp.max((r - beside(self.rest, r)) / beside(self.span, r), axis=1)


class Stay(Score):
    """The time spent low above the surface, fs: of atoms, which have no bond to stretch."""

    def value(self, memory: Tree, sight: Sight) -> Array:
        """So long, with the step that has just been made."""
        return memory["best"] + (sight.time - memory["since"]) / fs
