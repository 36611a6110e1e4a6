"""Diffraction from classical trajectories: parallel momentum in quanta of the surface's lattice.

On a periodic surface at rest a wave changes its momentum along the surface by a vector of the
reciprocal lattice alone,

    ΔK = G(n1, n2) = n1 b1 + n2 b2,    b_i · a_j = 2π δ_ij.

Each scattered trajectory counts for the G that is nearest to its own ΔK = (P' - P)/ħ: the one in
whose Wigner-Seitz cell it lies. A channel is closed to it where k_z'² = 2M E'/ħ² - |K + G|² < 0
with its own final translational energy E'; such trajectories are left out, and told.

Source: Díaz, Busnengo, Martín & Salin, J. Chem. Phys. 118, 2886 (2003).
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from scatter.analysis.motion import Masses, motion
from scatter.analysis.per_point import Columns, by_point, long_table, proportion
from scatter.analysis.sites import surface_cell
from scatter.facets import CRYSTALS
from scatter.outcomes import Outcome
from scatter.units import hbar

Vectors = Float[np.ndarray, "trajectory 2"]
AROUND = np.array([(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)])


def reciprocal(cell: Float[np.ndarray, "2 2"]) -> Float[np.ndarray, "2 2"]:
    """Vectors b1 and b2 (rows, 1/Å) of the reciprocal lattice of a1 and a2 (rows, Å)."""
    return 2 * np.pi * np.linalg.inv(cell).T


def nearest(change: Vectors, b: Float[np.ndarray, "2 2"]) -> Int[np.ndarray, "trajectory 2"]:
    """(n1, n2) of the vector of a lattice that is nearest to each of these.

    Args:
        change: vectors, 1/Å.
        b: those of the lattice, as rows; they are made short first, so that the nearest is among
            the neighbours of the rounded one.
    """
    short, whole = reduced(b)
    first = np.rint(change @ np.linalg.inv(short)).astype(int)
    all_of_them = first[:, None] + AROUND
    away = ((change[:, None] - all_of_them @ short) ** 2).sum(axis=-1)
    return all_of_them[np.arange(len(change)), away.argmin(axis=1)] @ whole


def reduced(
    b: Float[np.ndarray, "2 2"],
) -> tuple[Float[np.ndarray, "2 2"], Int[np.ndarray, "2 2"]]:
    """The shortest vectors of a lattice (rows), by Gauss, and what they are in terms of its own."""
    whole = np.eye(2, dtype=int)
    while True:
        order = np.argsort((b * b).sum(axis=1), kind="stable")
        b, whole = b[order], whole[order]
        turns = int(np.rint(b[0] @ b[1] / (b[0] @ b[0])))
        if not turns:
            return b, whole
        b, whole = (np.stack([each[0], each[1] - turns * each[0]]) for each in (b, whole))


def open_to(
    initial: Vectors, order: Vectors, energy: Float[np.ndarray, " trajectory"], mass: float
) -> Bool[np.ndarray, " trajectory"]:
    """Whether a channel is open: k_z'² >= 0.

    Args:
        initial: K of each trajectory, 1/Å.
        order: G of each, 1/Å.
        energy: its final translational energy, eV.
        mass: of the molecule, amu.
    """
    return 2 * mass * energy / hbar**2 >= ((initial + order) ** 2).sum(axis=1)


def diffraction_orders(
    points: np.ndarray,
    trajectories: np.ndarray,
    masses: Masses,
    lattice_constants: Mapping[str, float | None],
    crystal: str,
) -> pd.DataFrame:
    """P of every order of diffraction of every point, among the scattered in open channels.

    It has a meaning on a slab at rest; points on slabs without a known cell are left out.

    Args:
        points: /points of `results.h5`.
        trajectories: /trajectories; of an unfinished campaign those that are `in_turn`.
        masses: of the atoms of each molecule, amu, by formula.
        lattice_constants: Å, by slab, as of `impact_sites`.
        crystal: "fcc", "bcc" or "hcp", of which the facets are.

    Returns:
        Behind the columns of the point: n1, n2; Gx and Gy, 1/Å; of n scattered into open channels
        `count` into this one; P with `low` and `high` (Wilson); `closed`, scattered trajectories of
        the point that no open channel is nearest to.

    Raises:
        ValueError: the masses are not those of the campaign.
    """
    scattered = trajectories[trajectories["outcome"] == Outcome.SCATTERED]
    rows: list[Columns] = []
    for conditions, mine in by_point(points, scattered):
        constant = lattice_constants.get(f"{conditions['facet']} {conditions['T_K']:g} K")
        if constant and conditions["facet"] in CRYSTALS.get(crystal, {}) and len(mine):
            b = reciprocal(surface_cell(conditions["facet"], crystal, constant))
            its = _orders(mine, masses[conditions["molecule"]], b)
            rows += [conditions | order for order in its]
    return long_table(rows)


def _orders(
    rows: np.ndarray, masses: Float[np.ndarray, " atom"], b: Float[np.ndarray, "2 2"]
) -> Iterator[Columns]:
    """Every order that some trajectories of a point are counted for."""
    before, after = (motion(rows, when, masses) for when in ("initial", "final"))
    mass = float(masses.sum())
    K, left = (mass * each.velocity[:, :2] / hbar for each in (before, after))
    n = nearest(left - K, b)
    is_open = open_to(K, n @ b, after.translational, mass)
    orders, counts = np.unique(n[is_open], axis=0, return_counts=True)
    for order, count in zip(orders, counts.tolist(), strict=True):
        G = order @ b
        yield {
            **{"n1": int(order[0]), "n2": int(order[1]), "Gx_per_A": G[0], "Gy_per_A": G[1]},
            **proportion(count, int(is_open.sum())),
            "closed": int((~is_open).sum()),
        }
