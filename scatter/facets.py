"""The facets that can be built: those with an entry here, and any other plane by its indices.

To add a facet, write its entry here. Lengths are in lattice constants a unless stated otherwise.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import gcd, sqrt
from typing import Any

Vectors = tuple[tuple[float, float], tuple[float, float]]
Fractions = tuple[tuple[float, float], ...]
Indices = tuple[int, int, int]
Cleaver = Callable[[str, tuple[int, int, int], float, float], Any]  # -> ase.Atoms


@dataclass(frozen=True)
class Route:
    """Where a molecule dissociates, and the direction of its bond there."""

    # from one of the highest atoms, along x and y, in nearest-neighbour distances
    offset: tuple[float, float]
    azimuth_deg: float  # of the bond, from the x axis of the slab


@dataclass(frozen=True)
class Facet:
    """A surface of a crystal."""

    # builds a slab: (symbol, size, a, c) -> `ase.Atoms`; c in Å, which only hcp crystals look at
    cleaved: Cleaver
    # vectors of the surface unit cell, with an atom of the top layer (on a stepped surface, of the
    # top row) at the origin
    cell: Vectors
    # high-symmetry sites in fractions of that cell; none on a stepped surface
    sites: Mapping[str, Fractions] = field(default_factory=dict)
    routes: Mapping[str, Route] = field(default_factory=dict)  # of dissociation, by site
    usual: tuple[int, int, int] = (3, 3, 6)  # usual size of a slab
    rows: int = 1  # of a terrace; the first number of a size must be a multiple of it
    planes: int = 1  # that `cleaved` counts as layers, in one layer of ours
    turned: bool = False  # whether `cleaved` numbers the atoms from the top down


def _cubic(builder: str) -> Cleaver:
    """A facet that this function of `ase.build` cleaves; ASE is imported when a slab is built."""

    def cleaved(symbol: str, size: tuple[int, int, int], a: float, c: float) -> Any:
        from ase import build

        return getattr(build, builder)(symbol, size, a=a)

    return cleaved


def _hcp0001(symbol: str, size: tuple[int, int, int], a: float, c: float) -> Any:
    from ase.build import hcp0001

    return hcp0001(symbol, size, a=a, c=c)


_ROW = sqrt(0.5)  # nearest-neighbour distance
# An hcp hollow lies above an atom of the second layer. Routes end with the atoms in the hollows on
# either side, or in the bridges (110 top, 211 edge top).
FACETS: dict[str, Facet] = {
    "111": Facet(
        cleaved=_cubic("fcc111"),
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
        cleaved=_cubic("fcc100"),
        cell=((_ROW, 0.0), (0.0, _ROW)),
        sites={"top": ((0.0, 0.0),), "bridge": ((0.5, 0.0), (0.0, 0.5)), "hollow": ((0.5, 0.5),)},
        routes={"bridge": Route((0.5, 0.0), 90.0)},
    ),
    "110": Facet(
        cleaved=_cubic("fcc110"),
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
        cleaved=_cubic("fcc211"),
        cell=((sqrt(3), 0.0), (0.0, _ROW)),
        routes={"edge top": Route((0.0, 0.0), 90.0), "edge bridge": Route((0.0, 0.5), 0.0)},
        usual=(3, 4, 6),
        rows=3,
        turned=True,
    ),
}

# On (110) a hollow has three neighbours: two atoms of a long bridge, and one across.
BCC: dict[str, Facet] = {
    "110": Facet(
        cleaved=_cubic("bcc110"),
        cell=((1.0, 0.0), (0.5, sqrt(0.5))),
        sites={
            "top": ((0.0, 0.0),),
            "long bridge": ((0.5, 0.0),),
            "short bridge": ((0.0, 0.5), (0.5, 0.5)),
            "hollow": ((0.375, 0.25), (0.625, 0.75)),
        },
    ),
    "100": Facet(
        cleaved=_cubic("bcc100"),
        cell=((1.0, 0.0), (0.0, 1.0)),
        sites={"top": ((0.0, 0.0),), "bridge": ((0.5, 0.0), (0.0, 0.5)), "hollow": ((0.5, 0.5),)},
    ),
    "111": Facet(
        cleaved=_cubic("bcc111"),
        cell=((sqrt(2), 0.0), (sqrt(0.5), sqrt(1.5))),
        # hollows above an atom of the second and of the third layer
        sites={
            "top": ((0.0, 0.0),),
            "shallow hollow": ((2 / 3, 2 / 3),),
            "deep hollow": ((1 / 3, 1 / 3),),
        },
        planes=2,  # as thick as those of other facets
    ),
}
HCP: dict[str, Facet] = {
    "0001": Facet(
        cleaved=_hcp0001,
        cell=((1.0, 0.0), (0.5, sqrt(0.75))),
        sites=FACETS["111"].sites,
    ),
}
CRYSTALS: dict[str, Mapping[str, Facet]] = {"fcc": FACETS, "bcc": BCC, "hcp": HCP, "diamond": {}}


def miller(label: str, crystal: str) -> Indices:
    """Indices (h, k, l) of the plane that a facet is named by.

    Of a cubic crystal three whole numbers, which refer to the cubic cell: "310", "1-10",
    "1,0,12". Of an hcp one the four of Bravais, (h k i l) with i = -h - k: "10-10", "11-21".

    Raises:
        ValueError: these are not the indices of a plane.
    """
    index = r"-?\d+" if "," in label else r"-?\d"
    commas = "," if "," in label else ""
    count, kind = (4, "four indices h k i l") if crystal == "hcp" else (3, "three indices h k l")
    if not re.fullmatch(commas.join([index] * count), label):
        example = '"10-11" or "1,0,-1,1"' if crystal == "hcp" else '"310" or "1,0,-12"'
        raise ValueError(
            f"facet = {label!r} is not a plane of a {crystal} crystal, which has {kind}, "
            f"such as {example}"
        )
    numbers = [int(number) for number in re.findall(index, label)]
    if crystal == "hcp":
        h, k, i, _ = numbers
        if h + k + i:
            raise ValueError(
                f"facet = {label!r}: the third of four indices is minus the sum of the first two, "
                f"so here {-h - k}, not {i}"
            )
        del numbers[2]
    first, second, third = numbers
    if (common := gcd(first, second, third)) != 1:
        reason = f"its indices share the factor {common}" if common else "its indices are all 0"
        raise ValueError(f"facet = {label!r} names no plane: {reason}; give the smallest ones")
    return first, second, third
