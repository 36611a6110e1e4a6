"""Where on the surface: impact sites folded into the surface unit cell, and sticking on each."""

from collections.abc import Mapping
from itertools import product
from math import nan
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from scatter.analysis.per_point import Columns, by_point, long_table, record_type, records
from scatter.analysis.probability import settled, wilson
from scatter.facets import CRYSTALS, Fractions
from scatter.outcomes import MOST_UNSETTLED, Outcome

Where = Literal["impact", "lowest"]
PerTrajectory = Float[np.ndarray, " trajectory"]
Operations = Int[np.ndarray, "operation 2 2"]
IDENTITY = np.eye(2, dtype=int)[None]

IMPACT = np.dtype(
    [
        *record_type("a", "b", "x_A", "y_A").descr,
        *(("site", "U14"), ("from_site_A", "f8")),
    ]
)


def sites_of(facet: str, crystal: str) -> Mapping[str, Fractions]:
    """High-symmetry sites of a facet, in fractions of its cell; none where none are named."""
    known = CRYSTALS.get(crystal, {}).get(facet)
    return known.sites if known else {}


def surface_cell(facet: str, crystal: str, lattice_constant: float) -> Float[np.ndarray, "2 2"]:
    """Lattice vectors (rows) of the unit cell of a facet's surface, Å."""
    return lattice_constant * np.array(CRYSTALS[crystal][facet].cell)


def symmetries_of(facet: str, crystal: str) -> Operations:
    """Rotations and mirrors about an atom of the top layer that keep the lattice and all sites.

    Matrices W of whole numbers that act on fractions as (a, b) W: with the metric G of the cell,
    W G Wᵀ = G, and each kind of site is mapped on itself modulo the lattice. Of a facet whose sites
    have no names, the identity alone.
    """
    known = CRYSTALS.get(crystal, {}).get(facet)
    if not known or not known.sites:
        return IDENTITY
    metric = np.array(known.cell) @ np.array(known.cell).T
    every = np.array([*product((-1, 0, 1), repeat=4)]).reshape(-1, 2, 2)
    kept = [
        W
        for W in every
        if np.allclose(W @ metric @ W.T, metric)
        and all(_mapped(np.array(places), W) for places in known.sites.values())
    ]
    return np.array(kept)


def _mapped(places: Float[np.ndarray, "site 2"], W: Int[np.ndarray, "2 2"]) -> bool:
    """Whether sites of one kind are mapped on one another."""
    apart = (places @ W)[:, None] - places[None]
    return bool((np.abs(apart - np.round(apart)).max(axis=-1).min(axis=-1) < 1e-6).all())


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
    crystal: str,
    where: Where = "impact",
) -> np.ndarray:
    """Where every trajectory met the surface, folded into its unit cell: records of `IMPACT`.

    `a` and `b` are fractions of the lattice vectors (`surface_cell`), x_A and y_A the same place in
    Å; `site` is the nearest high-symmetry site of the ideal surface, `from_site_A` its distance.
    On (211) there is no site to name (""), and nothing is known (NaN) of slabs from a file and of
    facets that have no entry in `scatter.facets`.

    Args:
        points: /points of `results.h5`.
        trajectories: /trajectories; of an unfinished campaign those that are `in_turn`.
        lattice_constants: Å, by slab, such as {"111 925 K": 3.71}: the attribute
            `lattice_constant_A` of `results.h5`, from JSON; None for slabs from a file.
        crystal: "fcc", "bcc", "hcp" or "diamond", of which the facets are; "" for a file.
        where: "impact": where the straight approach meets the top plane; "lowest": the centre of
            mass at its lowest point.
    """
    impacts = [np.zeros(0, IMPACT)]
    for conditions, rows in by_point(points, trajectories):
        facet, constant = conditions["facet"], None
        if facet in CRYSTALS.get(crystal, {}):
            constant = lattice_constants[f"{facet} {conditions['T_K']:g} K"]
        place = rows[f"{where}_x_A"], rows[f"{where}_y_A"]
        impacts.append(records(IMPACT, rows, _folded(*place, facet, crystal, constant)))
    return np.concatenate(impacts)


def _folded(
    x: PerTrajectory, y: PerTrajectory, facet: str, crystal: str, constant: float | None
) -> Columns:
    if constant is None:
        return dict.fromkeys(("a", "b", "x_A", "y_A", "from_site_A"), np.nan)
    cell = surface_cell(facet, crystal, constant)
    a, b = folded(x, y, cell)
    site, nearest = np.full(len(x), "", "U14"), np.full(len(x), np.inf)
    for name, places in sites_of(facet, crystal).items():
        for place in places:
            distance = _distance(a - place[0], b - place[1], cell)
            closer = distance < nearest
            site[closer], nearest[closer] = name, distance[closer]
    return {
        **{"a": a, "b": b, "x_A": a * cell[0, 0] + b * cell[1, 0]},
        **{"y_A": a * cell[0, 1] + b * cell[1, 1], "site": site},
        "from_site_A": np.where(np.isfinite(nearest), nearest, np.nan),
    }


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
    crystal: str,
    where: Where = "impact",
    most: float = MOST_UNSETTLED,
) -> pd.DataFrame:
    """Sticking on every kind of site of every point; none for (211) and for slabs from a file.

    Args:
        points: /points of `results.h5`.
        impacts: from `impact_sites`.
        crystal: as given there.
        where: as given there.
        most: as of `scatter.analysis.probability.settled`.

    Returns:
        Behind the columns of the point: `where`; the kind of `site`; of `n` trajectories of the
        point `count` that are nearest to such a site, of these `dissociated` and `scattered`;
        `share`, count / n; S0 = dissociated / count with `low` and `high`, NaN where that of the
        point is not known, `high` then of (count - scattered) / count; and what fractions of all
        dissociated and of all scattered are here, `of_dissociated` and `of_scattered`, with theirs.
    """
    return long_table(
        {**columns, "where": where, "site": site, **_on_site(mine, mine["site"] == site, most)}
        for columns, mine in by_point(points, impacts)
        for site in sites_of(columns["facet"], crystal)
    )


def _on_site(mine: np.ndarray, here: np.ndarray, most: float) -> Columns:
    dissociated = mine["outcome"] == Outcome.DISSOCIATED
    scattered = mine["outcome"] == Outcome.SCATTERED
    all_stuck, all_left = int(dissociated.sum()), int(scattered.sum())
    count, stuck, left = (int((here & some).sum()) for some in (here, dissociated, scattered))
    S0, low, high = wilson(stuck, count)
    if not settled(len(mine) - all_stuck - all_left, len(mine), most):
        S0, high = nan, wilson(count - left, count)[2]
    columns: Columns = {"n": len(mine), "count": count, "dissociated": stuck, "scattered": left}
    columns |= {"share": wilson(count, len(mine))[0], "S0": S0, "low": low, "high": high}
    for name, part, whole in (("dissociated", stuck, all_stuck), ("scattered", left, all_left)):
        ends = ("", "_low", "_high")
        columns |= {f"of_{name}{end}": x for end, x in zip(ends, wilson(part, whole), strict=True)}
    return columns
