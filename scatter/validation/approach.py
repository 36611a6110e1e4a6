"""A diatomic above a facet: the slab, the site, the direction of the bond, first guesses."""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.constraints import FixAtoms
from jaxtyping import Float, Int

from scatter.facets import FACETS, Route
from scatter.initial.bond_curve import bond_curve
from scatter.initial.formulas import isotopes
from scatter.initial.lattice import static_lattice_constant
from scatter.initial.slab import build
from scatter.initial.surface import Surface
from scatter.potentials.base import Potential
from scatter.potentials.calculator import PotentialCalculator
from scatter.settings import UserError
from scatter.state import System
from scatter.units import degree


@dataclass(frozen=True)
class Approach:
    """A slab and a molecule approaching it; heights are measured from the highest atom."""

    potential: Potential  # of slab and molecule
    system: System  # slab and molecule
    slab: Float[np.ndarray, "atom 3"]  # positions of the slab's atoms, Å
    # the point of the slab's highest plane below the midpoint of the bond, Å
    below: Float[np.ndarray, "3"]
    along: Float[np.ndarray, "3"]  # unit vector of the bond
    bond: float  # equilibrium bond length, Å
    held: Int[np.ndarray, " held"]  # indices of the atoms that do not move

    @property
    def far(self) -> float:
        """Height in the middle of the vacuum, Å."""
        return 0.5 * float(self.system.cell[2, 2] - np.ptp(self.slab[:, 2]))

    def molecule(self, height: float, stretch: float = 1.0) -> Float[np.ndarray, "2 3"]:
        """Positions of the molecule lying flat at a height (Å), its bond times `stretch`."""
        middle = self.below + [0.0, 0.0, height]
        half = 0.5 * stretch * self.bond * self.along
        return np.stack([middle - half, middle + half])

    def frame(self, height: float, stretch: float = 1.0) -> Atoms:
        """The ideal slab and the flat molecule, with constraints and their own calculator."""
        positions = np.concatenate([self.slab, self.molecule(height, stretch)])
        system = self.system
        frame = Atoms(system.numbers, positions, cell=system.cell, pbc=system.pbc)
        frame.set_constraint(FixAtoms(indices=self.held))
        frame.calc = PotentialCalculator(self.potential)
        return frame


def route_to(facet: str, site: str | None) -> tuple[str, Route]:
    """A site of a facet (by default its first), and the route there.

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
    """Six layers at the potential's static lattice constant, and the molecule at equilibrium.

    With `relax_slab` all but the two lowest layers may move, otherwise none.

    Raises:
        UserError: unknown element or diatomic, or one that the potential does not bind.
    """
    try:
        surface = Surface.model_validate(
            {
                "element": element,
                "facet": facet,
                "size": [*FACETS[facet].usual],
                "temperature_K": 1.0,  # required by the table; an ideal slab has none
            }
        )
        (first, _), (second, _) = isotopes(formula, {})
    except ValueError as error:
        raise UserError(
            f"minimum-energy path of {formula} on {element}({facet}): {error}"
        ) from error
    if surface.crystal != "fcc":
        raise UserError(
            f"minimum-energy path of {formula} on {element}({facet}): {element} is "
            f"{surface.crystal}, and paths are those of fcc metals"
        )
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
