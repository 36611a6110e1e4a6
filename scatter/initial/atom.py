"""A single atom as the projectile."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from scatter.columns import Column
from scatter.initial.projectile import Draws, Phase, Quantum


@dataclass(frozen=True)
class Atom:
    """An atom, which has no internal state.

    Attributes:
        numbers: its atomic number.
        masses: amu.
    """

    numbers: tuple[int, ...]
    masses: Float[np.ndarray, "1"]
    columns: tuple[Column, ...] = ()
    reference: None = None

    @property
    def geometry(self) -> Float[np.ndarray, "1 3"]:
        """It is its own centre of mass, Å."""
        return np.zeros((1, 3))

    def extent(self, point: Quantum) -> float:
        """Nothing of it is away from its centre of mass, Å."""
        return 0.0

    @property
    def draws(self) -> Draws:
        """There is nothing to draw."""
        return Draws()

    def sample(self, point: Quantum, rng: np.random.Generator) -> Phase:
        """The atom, where it is."""
        return Phase(np.zeros((1, 3)), np.zeros((1, 3)), {})

    def made(
        self,
        point: Quantum,
        uniform: Float[np.ndarray, " uniform"],
        normal: Float[np.ndarray, " normal"],
    ) -> Phase:
        """The atom, where it is."""
        return Phase(np.zeros((1, 3)), np.zeros((1, 3)), {})

    def measure(
        self, positions: Float[np.ndarray, "row 1 3"], momenta: Float[np.ndarray, "row 1 3"]
    ) -> Mapping[str, Float[np.ndarray, " row"]]:
        """It has no final state beyond its velocity."""
        return {}
