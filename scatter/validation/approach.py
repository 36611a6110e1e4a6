"""Where a diatomic meets a facet: the slab, the site, the way the bond points, first guesses."""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.constraints import FixAtoms
from jaxtyping import Float, Int

from scatter.facets import FACETS, Route
from scatter.initial.lattice import static_lattice_constant
from scatter.initial.molecule import bond_curve, isotopes
from scatter.initial.slab import build
from scatter.initial.surface import Surface
from scatter.potentials.base import Potential
from scatter.potentials.calculator import PotentialCalculator
from scatter.settings import UserError
from scatter.state import System
from scatter.units import degree


@dataclass(frozen=True)
class Approach:
    """A slab, and a molecule that comes down on it; heights count from the highest atom.

    Attributes:
        potential: of both.
        system: slab and molecule.
        slab: positions of the slab's atoms, Å.
        below: the point of the slab's highest plane under the middle of the bond, Å.
        along: unit vector of the bond.
        bond: at equilibrium, Å.
        held: indices of the atoms that never move.
    """

    potential: Potential
    system: System
    slab: Float[np.ndarray, "atom 3"]
    below: Float[np.ndarray, "3"]
    along: Float[np.ndarray, "3"]
    bond: float
    held: Int[np.ndarray, " held"]

    @property
    def far(self) -> float:
        """Height in the middle of the vacuum, Å."""
        return 0.5 * float(self.system.cell[2, 2] - np.ptp(self.slab[:, 2]))

    def molecule(self, height: float, stretch: float = 1.0) -> Float[np.ndarray, "2 3"]:
        """The molecule's atoms, flat at a height (Å), the bond in units of equilibrium."""
        middle = self.below + [0.0, 0.0, height]
        half = 0.5 * stretch * self.bond * self.along
        return np.stack([middle - half, middle + half])

    def frame(self, height: float, stretch: float = 1.0) -> Atoms:
        """Ideal slab and flat molecule, with constraints and a calculator of its own."""
        positions = np.concatenate([self.slab, self.molecule(height, stretch)])
        system = self.system
        frame = Atoms(system.numbers, positions, cell=system.cell, pbc=system.pbc)
        frame.set_constraint(FixAtoms(indices=self.held))
        frame.calc = PotentialCalculator(self.potential)
        return frame


def chosen(facet: str, site: str | None) -> tuple[str, Route]:
    """A site of a facet, by default its first, and the route there.

    Raises:
        UserError: no such facet or site.
    """
    if facet not in FACETS:
        raise UserError(
            f"minimum-energy path: there is no facet '{facet}'; known: {', '.join(FACETS)}"
        )
    routes = FACETS[facet].routes
    name = site or next(iter(routes))
    if name not in routes:
        raise UserError(
            f"minimum-energy path: ({facet}) has no site '{name}'; known: {', '.join(routes)}"
        )
    return name, routes[name]


def approach(
    potential: Potential, facet: str, route: Route, element: str, formula: str, relax_slab: bool
) -> Approach:
    """Six layers at the potential's own lattice constant at rest, and the molecule's own bond.

    Args:
        potential: must know both elements.
        facet: of `facets.FACETS`.
        route: of the molecule there.
        element: chemical symbol of a fcc metal.
        formula: of the diatomic.
        relax_slab: all but the two lowest layers may move, instead of none.

    Raises:
        UserError: no such element or diatomic, or the potential has no such crystal or molecule.
    """
    try:
        # An ideal slab has no temperature, but the table asks for one.
        made = {
            "element": element,
            "facet": facet,
            "size": [*FACETS[facet].usual],
            "temperature_K": 1.0,
        }
        surface = Surface.model_validate(made)
        (first, _), (second, _) = isotopes(formula, {})
    except ValueError as error:
        raise UserError(
            f"minimum-energy path of {formula} on {element}({facet}): {error}"
        ) from error
    a = static_lattice_constant(potential, element)
    system, slab = build(surface, facet, a)
    azimuth = route.azimuth_deg * degree
    return Approach(
        potential=potential,
        system=system.with_projectile(first, second),
        slab=slab,
        below=slab[np.argmax(slab[:, 2])] + a / np.sqrt(2) * np.array([*route.offset, 0.0]),
        along=np.array([np.cos(azimuth), np.sin(azimuth), 0.0]),
        bond=bond_curve(potential, first, second).r_e,
        held=np.flatnonzero(~system.moving if relax_slab else np.ones(len(slab), bool)),
    )
