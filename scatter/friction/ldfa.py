"""The local density friction approximation: each atom alone in a gas of the surface's density."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from scatter.arrays import array_namespace
from scatter.friction.motion import Friction
from scatter.friction.tabled import Curve
from scatter.shapes import Float
from scatter.state import Array


@runtime_checkable
class Density(Protocol):
    """The density of the bare surface's electrons at the projectile's atoms."""

    identity: str

    def __call__(self, positions: Float[Array, "slot atom 3"]) -> Float[Array, "slot own"]:
        """n, 1/Å³, of each slot from its own positions alone; may be below 0."""
        ...


class Ldfa:
    """Λ of the local density friction approximation: η(n) of each atom, along all axes alike.

    What atoms of a molecule share of their electrons is left out.
    """

    def __init__(self, density: Density, curves: Sequence[Curve], gas: str):
        """Take the density, η of each atom of the projectile, and what identifies the latter."""
        self.density, self.curves = density, tuple(curves)
        self.identity = f"ldfa {gas} of {density.identity}"

    def __call__(self, positions: Float[Array, "slot atom 3"]) -> Friction:
        """η of every atom, and how many densities were below 0."""
        n = self.density(positions)
        xp = array_namespace(n)
        clipped = xp.sum(n < 0, axis=1)
        n = xp.where(n < 0, 0.0, n)
        if all(curve is self.curves[0] for curve in self.curves):
            return Friction(self.curves[0](n), clipped)
        each = [curve(n[:, atom]) for atom, curve in enumerate(self.curves)]
        return Friction(xp.stack(each, 1), clipped)
