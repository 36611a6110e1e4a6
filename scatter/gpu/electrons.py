"""The electrons that a prepared batch feels, as tables, and what is made of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scatter.dynamics.motions import Motion
from scatter.friction.course import Course
from scatter.friction.ldfa import Ldfa
from scatter.friction.motion import ElectronicFriction
from scatter.friction.tabled import Curve, Superposition
from scatter.gpu.checks import MOST, demand
from scatter.saved import Saved
from scatter.shapes import Float, Int
from scatter.state import System


@dataclass(frozen=True)
class PreparedElectrons(Saved):
    """Densities of free atoms, η by density, and the temperature of the electrons.

    Attributes:
        tables: see `Superposition`, as the next.
        species: of each atom of the slab.
        knots: see `Curve`, as the next two; of each atom of the projectile, the last repeated.
        pieces: of each atom.
        bohr_A: Å.
        time_fs: see `Course`, as the next.
        T_K: K.
    """

    noun = "table of electrons"

    tables: Float[np.ndarray, "element place 4"]
    species: Int[np.ndarray, " slab"]
    knots: Float[np.ndarray, "own knot"]
    pieces: Float[np.ndarray, "own 4 piece"]
    bohr_A: float
    time_fs: Float[np.ndarray, " time"]
    T_K: Float[np.ndarray, " time"]

    def felt(self, motion: Motion, system: System) -> ElectronicFriction:
        """A motion with their friction."""
        density = Superposition(system, self.tables, self.species)
        curves = [
            Curve(knots, pieces, self.bohr_A)
            for knots, pieces in zip(self.knots, self.pieces, strict=True)
        ]
        friction = Ldfa(density, curves, "prepared")
        return ElectronicFriction(motion, system, friction, Course(self.time_fs, self.T_K))

    def refuse(self, sizes: Mapping[str, int]) -> None:
        """Raise Misfit unless friction can be computed from these arrays."""
        demand("tables", sizes["element"] > 0, sizes["place"] > 600, (self.tables[:, -1] == 0))
        demand("species", self.species >= 0, self.species < sizes["element"])
        demand("pieces", sizes["piece"] == sizes["knot"] - 1, sizes["piece"] > 0)
        demand("knots", self.knots > 0, np.diff(self.knots, axis=1) >= 0)
        demand("bohr_A", 0 < self.bohr_A < MOST)
        demand("time_fs", sizes["time"] > 1, np.diff(self.time_fs) > 0)
        demand("T_K", self.T_K >= 0, self.T_K < MOST)
