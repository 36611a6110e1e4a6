"""Projectiles that begin on the surface: where they are put, and what is measured when they leave.

The slab with one of them is thermalised as a covered slab is. Lengths in Å.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from scatter.columns import Column
from scatter.initial.covered import cell_vectors, let_down, standing
from scatter.initial.internal import internal_energies
from scatter.initial.lone_molecule import LoneMolecule
from scatter.initial.normal_modes import NormalModes
from scatter.initial.polyatomic import AVERAGE_FS, measured_columns
from scatter.initial.projectile import Draws, Phase, Quantum
from scatter.initial.relax import relaxed
from scatter.initial.slab import slab_masses
from scatter.initial.surface import Surface
from scatter.potentials.base import Potential
from scatter.state import System

Positions = Float[np.ndarray, "atom 3"]
Place = Float[np.ndarray, "2"]


@dataclass(frozen=True)
class Adsorbed:
    """An atom or molecule that begins on the surface, in thermal equilibrium with it.

    Attributes:
        molecule: at rest in no cell.
        modes: normal modes of the molecule, by which it is measured in the gas; None of an atom.
        potential: that final energies are measured on.
        average_fs: of free flight, over which final energies are averaged.
    """

    molecule: LoneMolecule
    modes: NormalModes | None
    potential: Potential
    average_fs: float = AVERAGE_FS
    columns: tuple[Column, ...] = ()
    reference: None = None

    @property
    def numbers(self) -> tuple[int, ...]:
        """Atomic numbers."""
        return self.molecule.numbers

    @property
    def masses(self) -> Float[np.ndarray, " atom"]:
        """Of the atoms, amu."""
        return self.molecule.masses

    @property
    def geometry(self) -> Positions:
        """At rest, from the centre of mass."""
        shares = (self.masses / self.masses.sum())[:, None]
        return self.molecule.positions - (shares * self.molecule.positions).sum(axis=0)

    @property
    def measured(self) -> tuple[Column, ...]:
        """What `measure` answers."""
        return measured_columns(len(self.modes)) if self.modes else ()

    def extent(self, point: Quantum) -> float:
        """How far an atom of it is from its centre of mass at rest."""
        return float(np.linalg.norm(self.geometry, axis=1).max())

    @property
    def draws(self) -> Draws:
        """No numbers: it is not drawn about its centre of mass, but with the slab."""
        return Draws()

    def sample(self, point: Quantum, rng: np.random.Generator) -> Phase:
        """It is not drawn about its centre of mass, but with the slab.

        Raises:
            TypeError: always.
        """
        raise TypeError("what begins adsorbed is drawn together with the slab")

    def made(
        self,
        point: Quantum,
        uniform: Float[np.ndarray, " uniform"],
        normal: Float[np.ndarray, " normal"],
    ) -> Phase:
        """As `sample`.

        Raises:
            TypeError: always.
        """
        raise TypeError("what begins adsorbed is drawn together with the slab")

    def measure(
        self, positions: Float[np.ndarray, "row atom 3"], momenta: Float[np.ndarray, "row atom 3"]
    ) -> Mapping[str, Float[np.ndarray, " row"]]:
        """Rotational and vibrational energies of those that have left, and J; none of atoms."""
        if self.modes is None:
            return {}
        final = internal_energies(self.modes, self.potential, positions, momenta, self.average_fs)
        return final.columns


def laden(system: System, molecule: LoneMolecule) -> System:
    """The slab with a projectile that is one of its adsorbates, all with masses of their own."""
    count = len(molecule.numbers)
    return replace(
        system,
        numbers=np.append(system.numbers, molecule.numbers),
        moving=np.append(system.moving, np.ones(count, bool)),
        adsorbates=np.append(system.adsorbates, np.arange(len(system), len(system) + count)),
        slab_masses=np.append(slab_masses(system), molecule.masses),
        projectile=count,
    )


def places(
    surface: Surface, facet: str, lattice_constant: float, system: System, ideal: Positions
) -> dict[str, Place]:
    """A place on each kind of site, by its name: the one that is farthest from all adsorbates."""
    freest = {}
    for name, fractions in surface.sites(facet).items():
        n1, n2, _ = surface.size
        cells = np.array([(i, j) for j in range(n2) for i in range(n1)])
        sites = (cells[:, None] + np.array(fractions)).reshape(-1, 2)
        every = sites @ cell_vectors(surface, facet, lattice_constant)
        free = [_free(system, ideal, place) for place in every]
        freest[name] = every[int(np.argmax(np.round(free, 6)))]
    return freest


def _free(system: System, ideal: Positions, place: Place) -> float:
    """How far the nearest adsorbate is from a place, along the surface; 0 where there are none."""
    apart = ideal[system.adsorbates, :2] - place
    turns = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    images = apart[:, None] + np.array(turns) @ system.cell[:2, :2]
    return float(np.sqrt((images**2).sum(axis=2)).min(initial=1e9)) if len(apart) else 0.0


def put_down(
    system: System,
    ideal: Float[np.ndarray, "slab 3"],
    molecule: LoneMolecule,
    place: Place,
    potential: Potential,
) -> Float[np.ndarray, "whole 3"]:
    """Slab and projectile, which relaxes on the slab at rest; its first atom moves along z only.

    Args:
        system: the slab.
        ideal: where its atoms are at rest.
        molecule: the projectile.
        place: x and y of its first atom.
        potential: that it relaxes on.

    Raises:
        UserError: it does not come to rest.
    """
    z = let_down(system, ideal, place, molecule.numbers[0])
    own = standing(molecule) + np.append(place, z)
    whole, count = laden(system, molecule), len(own)
    free = np.arange(len(whole)) >= len(whole) - count
    upright = np.array([len(whole) - count])
    return relaxed(whole, np.concatenate([ideal, own]), potential, free, upright)
