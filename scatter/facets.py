"""The facets that can be built; to add a facet, write its entry here.

Lengths are in lattice constants unless stated otherwise.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

Vectors = tuple[tuple[float, float], tuple[float, float]]
Fractions = tuple[tuple[float, float], ...]
Cleaver = Callable[[str, tuple[int, int, int], float], Any]  # -> ase.Atoms


@dataclass(frozen=True)
class Route:
    """Where a molecule dissociates, and the direction of its bond there."""

    # from one of the highest atoms, along x and y, in nearest-neighbour distances
    offset: tuple[float, float]
    azimuth_deg: float  # of the bond, from the x axis of the slab


@dataclass(frozen=True)
class Facet:
    """A surface of a crystal."""

    cleaved: Cleaver  # builds a slab: (symbol, size, lattice constant) -> `ase.Atoms`
    # vectors of the surface unit cell, with an atom of the top layer (on a stepped surface, of the
    # top row) at the origin
    cell: Vectors
    # high-symmetry sites in fractions of that cell; none on a stepped surface
    sites: Mapping[str, Fractions] = field(default_factory=dict)
    routes: Mapping[str, Route] = field(default_factory=dict)  # of dissociation, by site
    usual: tuple[int, int, int] = (3, 3, 6)  # usual size of a slab
    rows: int = 1  # of a terrace; the first number of a size must be a multiple of it
    turned: bool = False  # whether `cleaved` numbers the atoms from the top down


def _fcc(indices: str) -> Cleaver:
    """A facet that `ase.build` cleaves; ASE is imported when a slab is built."""

    def cleaved(symbol: str, size: tuple[int, int, int], a: float) -> Any:
        from ase import build

        return getattr(build, f"fcc{indices}")(symbol, size, a=a)

    return cleaved


_ROW = sqrt(0.5)  # nearest-neighbour distance
# An hcp hollow lies above an atom of the second layer. Routes end with the atoms in the hollows on
# either side, or in the bridges (110 top, 211 edge top).
FACETS: dict[str, Facet] = {
    "111": Facet(
        cleaved=_fcc("111"),
        cell=((_ROW, 0.0), (_ROW / 2, _ROW * sqrt(0.75))),
        sites={
            "top": ((0.0, 0.0),),
            "bridge": ((0.5, 0.0), (0.0, 0.5), (0.5, 0.5)),
            "fcc": ((1 / 3, 1 / 3),),
            "hcp": ((2 / 3, 2 / 3),),
        },
        routes={"bridge": Route((0.5, 0.0), 90.0)},
    ),
    "100": Facet(
        cleaved=_fcc("100"),
        cell=((_ROW, 0.0), (0.0, _ROW)),
        sites={"top": ((0.0, 0.0),), "bridge": ((0.5, 0.0), (0.0, 0.5)), "hollow": ((0.5, 0.5),)},
        routes={"bridge": Route((0.5, 0.0), 90.0)},
    ),
    "110": Facet(
        cleaved=_fcc("110"),
        cell=((1.0, 0.0), (0.0, _ROW)),
        sites={
            "top": ((0.0, 0.0),),
            "long bridge": ((0.5, 0.0),),
            "short bridge": ((0.0, 0.5),),
            "hollow": ((0.5, 0.5),),
        },
        routes={"short bridge": Route((0.0, 0.5), 0.0), "top": Route((0.0, 0.0), 90.0)},
    ),
    "211": Facet(
        cleaved=_fcc("211"),
        cell=((sqrt(3), 0.0), (0.0, _ROW)),
        routes={"edge top": Route((0.0, 0.0), 90.0), "edge bridge": Route((0.0, 0.5), 0.0)},
        usual=(3, 4, 6),
        rows=3,
        turned=True,
    ),
}
