"""Molecules that come back to the dividing surface that they began on."""

from scatter.arrays import array_namespace
from scatter.dynamics.endings import Ending
from scatter.dynamics.sight import Sight
from scatter.rows import RECROSSED
from scatter.slots import Tree
from scatter.state import Array


class Recrossed(Ending):
    """The bond of a molecule that began to shrink is as long as the dividing surface again.

    Molecules whose bond grows at the start never end so: they may cross as often as they like.
    """

    name, sticks = RECROSSED

    def __init__(self, bond_A: float, ceiling_A: float):
        """Take bond and largest height z of the surface, Å."""
        self.bond_A, self.ceiling_A = bond_A, ceiling_A

    def begin(self, sight: Sight) -> Tree:
        """Whether the bond shrinks, by the sign of p·s with s the bond and p = μ ds/dt."""
        first, second = sight.masses[:, 0, None], sight.masses[:, 1, None]
        momenta, bond = sight.momenta, sight.atoms[:, 1] - sight.atoms[:, 0]
        stretching = bond * (first * momenta[:, 1] - second * momenta[:, 0])
        return {"inwards": array_namespace(bond).sum(stretching, axis=1) < 0}

    def met(self, memory: Tree, sight: Sight) -> Array:
        """Whether it is back on the surface."""
        return memory["inwards"] & (sight.bond >= self.bond_A) & self._below(sight)

    def _below(self, sight: Sight) -> Array:
        return sight.Z + sight.top < self.ceiling_A
