"""Where on the surface: impact sites folded into the surface unit cell, and sticking on each."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import Literal

import numpy as np
from jaxtyping import Float

from scatter.analysis.per_point import PerPoint, by_point
from scatter.analysis.probability import settled, wilson
from scatter.facets import FACETS, Fractions
from scatter.outcomes import MOST_UNSETTLED, Outcome

Where = Literal["impact", "lowest"]
PerTrajectory = Float[np.ndarray, " trajectory"]

IMPACT = np.dtype(
    [
        *(("point", "u4"), ("number", "u4"), ("outcome", "u1")),
        *(("a", "f8"), ("b", "f8"), ("x_A", "f8"), ("y_A", "f8")),
        *(("site", "U12"), ("from_site_A", "f8")),
    ]
)


@dataclass(frozen=True)
class SiteSticking(PerPoint):
    """What happens nearest to one kind of high-symmetry site, at one point.

    Attributes:
        where: "impact", where the straight approach meets the top plane, or "lowest", where the
            molecule's lowest point was.
        site: kind of site.
        n: all trajectories of the point.
        count: those nearest to such a site.
        dissociated: those of them that dissociated.
        scattered: those of them that scattered.
        share: count / n; at "impact", what part of the surface is nearest to such a site.
        S0: dissociated / count, the sticking probability there; NaN where that of the point is not
            known.
        low: lower end of its 95 % interval (Wilson).
        high: upper end; where S0 is not known, of (count - scattered) / count.
        of_dissociated: fraction of all dissociated trajectories of the point that are here.
        of_dissociated_low: lower end of its 95 % interval (Wilson).
        of_dissociated_high: upper end.
        of_scattered: the same of the scattered.
        of_scattered_low: lower end.
        of_scattered_high: upper end.
    """

    where: str
    site: str
    n: int
    count: int
    dissociated: int
    scattered: int
    share: float
    S0: float
    low: float
    high: float
    of_dissociated: float
    of_dissociated_low: float
    of_dissociated_high: float
    of_scattered: float
    of_scattered_low: float
    of_scattered_high: float


def sites_of(facet: str) -> Mapping[str, Fractions]:
    """High-symmetry sites of a facet, in fractions of its cell; none of one that is not built."""
    return FACETS[facet].sites if facet in FACETS else {}


def surface_cell(facet: str, lattice_constant: float) -> Float[np.ndarray, "2 2"]:
    """Lattice vectors (rows) of the unit cell of a fcc facet's surface, Å."""
    return lattice_constant * np.array(FACETS[facet].cell)


def folded(
    x: PerTrajectory, y: PerTrajectory, cell: Float[np.ndarray, "2 2"]
) -> tuple[PerTrajectory, PerTrajectory]:
    """Fractions (a, b) of the cell's lattice vectors, within 0 <= a, b < 1, of places in Å."""
    (ax, ay), (bx, by) = cell.tolist()
    area = ax * by - ay * bx
    return _within((x * by - y * bx) / area), _within((y * ax - x * ay) / area)


def _within(fraction: PerTrajectory) -> PerTrajectory:
    rest = fraction - np.floor(fraction)
    return np.where(rest < 1, rest, 0.0)  # just below a whole number, the rest rounds up to 1


def impact_sites(
    points: np.ndarray,
    trajectories: np.ndarray,
    lattice_constants: Mapping[str, float | None],
    where: Where = "impact",
) -> np.ndarray:
    """Where every trajectory met the surface, folded into its unit cell: records of `IMPACT`.

    `a` and `b` are fractions of the lattice vectors (`surface_cell`), x_A and y_A the same place in
    Å; `site` is the nearest high-symmetry site of the ideal surface, `from_site_A` its distance.
    On (211) there is no site to name (""), and nothing is known of slabs from a file (NaN).

    Args:
        points: /points of `results.h5`.
        trajectories: /trajectories; of an unfinished campaign those that are `in_turn`.
        lattice_constants: Å, by slab, such as {"111 925 K": 3.71}: the attribute
            `lattice_constant_A` of `results.h5`, from JSON; None for slabs from a file.
        where: "impact": where the straight approach meets the top plane; "lowest": the centre of
            mass at its lowest point.
    """
    found = [np.zeros(0, IMPACT)]
    for conditions, rows in by_point(points, trajectories):
        facet, constant = conditions["facet"], None
        if facet in FACETS:
            constant = lattice_constants[f"{facet} {conditions['T_K']:g} K"]
        found.append(_impacts(rows, facet, constant, where))
    return np.concatenate(found)


def _impacts(rows: np.ndarray, facet: str, constant: float | None, where: Where) -> np.ndarray:
    found = np.zeros(len(rows), IMPACT)
    for name in ("point", "number", "outcome"):
        found[name] = rows[name]
    found["a"] = found["b"] = found["x_A"] = found["y_A"] = found["from_site_A"] = np.nan
    if constant is None:
        return found
    cell = surface_cell(facet, constant)
    a, b = folded(rows[f"{where}_x_A"], rows[f"{where}_y_A"], cell)
    found["a"], found["b"] = a, b
    found["x_A"], found["y_A"] = (a * cell[0, axis] + b * cell[1, axis] for axis in (0, 1))
    nearest = np.full(len(rows), np.inf)
    for name, places in FACETS[facet].sites.items():
        for place in places:
            distance = _distance(a - place[0], b - place[1], cell)
            closer = distance < nearest
            found["site"][closer], nearest[closer] = name, distance[closer]
    found["from_site_A"] = np.where(np.isfinite(nearest), nearest, np.nan)
    return found


def _distance(a: PerTrajectory, b: PerTrajectory, cell: Float[np.ndarray, "2 2"]) -> PerTrajectory:
    """Length of the shortest image of a vector, Å; `a` and `b` within -1 and 1."""
    images = [
        np.hypot(*((a + i) * cell[0, axis] + (b + j) * cell[1, axis] for axis in (0, 1)))
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
    ]
    return np.min(images, axis=0)


def site_sticking(
    points: np.ndarray,
    impacts: np.ndarray,
    where: Where = "impact",
    most: float = MOST_UNSETTLED,
) -> list[SiteSticking]:
    """Sticking on every kind of site of every point; none for (211) and for slabs from a file.

    Args:
        points: /points of `results.h5`.
        impacts: from `impact_sites`.
        where: as given there.
        most: as of `scatter.analysis.probability.settled`.
    """
    found = []
    for conditions, mine in by_point(points, impacts):
        dissociated = mine["outcome"] == Outcome.DISSOCIATED
        scattered = mine["outcome"] == Outcome.SCATTERED
        known = settled(len(mine) - int((dissociated | scattered).sum()), len(mine), most)
        for site in sites_of(conditions["facet"]):
            here = mine["site"] == site
            count = int(here.sum())
            stuck, left = int((here & dissociated).sum()), int((here & scattered).sum())
            S0, low, high = wilson(stuck, count)
            if not known:
                S0, high = nan, wilson(count - left, count)[2]
            of_stuck, of_left = (
                wilson(stuck, int(dissociated.sum())),
                wilson(left, int(scattered.sum())),
            )
            found.append(
                SiteSticking(
                    **conditions, where=where, site=site, n=len(mine), count=count,
                    dissociated=stuck, scattered=left, share=wilson(count, len(mine))[0],
                    S0=S0, low=low, high=high, of_dissociated=of_stuck[0],
                    of_dissociated_low=of_stuck[1], of_dissociated_high=of_stuck[2],
                    of_scattered=of_left[0], of_scattered_low=of_left[1],
                    of_scattered_high=of_left[2],
                )
            )  # fmt: skip
    return found
