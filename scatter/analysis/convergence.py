"""How results depend on the size of the slab: values, and their differences from the largest.

The campaigns of two slabs are independent but for what their molecules draw; that makes their
results more alike, so the intervals of differences, which take them as independent, are not too
narrow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot, nan, sqrt
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from scatter.analysis.means import Mean, mean_of
from scatter.analysis.per_point import share_of
from scatter.analysis.probability import Sticking
from scatter.analysis.products import classes
from scatter.conditions import ADSORBED, applying, kind_of
from scatter.outcomes import Outcome

MEANS = ("loss", "slab_gain")  # of energies, in the columns of a table of convergence
ENDS = ("", "_low", "_high")


@dataclass(frozen=True, order=True)
class Size:
    """The size of a slab; sizes are in order of their atoms, and then of those that move.

    Attributes:
        atoms: of the slab on its first facet; of a file's slab 0.
        moving: of them; of a file's slab the negative number of frozen layers.
        cells: along the two lateral lattice vectors, as "3x3"; "" for a file's slab.
        layers: how many; 0 for a file's slab.
        frozen: layers that never move, or "all".
    """

    atoms: int
    moving: int
    cells: str
    layers: int
    frozen: str

    @property
    def name(self) -> str:
        """In words, as "3x3x6, 2 frozen"."""
        return f"{self.cells}x{self.layers}, {self.frozen} frozen" if self.cells else self.label

    @property
    def label(self) -> str:
        """The name of its folder, as "3x3x6_frozen2"."""
        return f"{self.cells}x{self.layers}_" * bool(self.cells) + f"frozen{self.frozen}"


class Campaign(NamedTuple):
    """What came of a campaign on one slab.

    Attributes:
        size: of the slab.
        rows: how the trajectories of each point ended.
        trajectories: /trajectories, those that count.
        names: of endings, by code.
    """

    size: Size
    rows: Sequence[Sticking]
    trajectories: np.ndarray
    names: Mapping[int, str]


class Share(NamedTuple):
    """A probability with its 95 % interval; NaN where it is not known."""

    value: float
    low: float
    high: float


UNKNOWN = Share(nan, nan, nan)


def share_difference(first: Share, second: Share) -> Share:
    """The difference of two independent probabilities with its 95 % interval.

        d - √((p₁ - l₁)² + (u₂ - p₂)²),   d + √((u₁ - p₁)² + (p₂ - l₂)²)

    for d = p₁ - p₂ and the ends l and u of their Wilson intervals.

    Source: Newcombe, Stat. Med. 17, 873 (1998), method 10.
    """
    d = first.value - second.value
    return Share(
        d,
        d - hypot(first.value - first.low, second.high - second.value),
        d + hypot(first.high - first.value, second.value - second.low),
    )


def mean_difference(first: Mean, second: Mean) -> Share:
    """The difference of two independent means with its 95 % interval (Welch); NaN of too few.

    Source: Welch, Biometrika 34, 28 (1947).
    """
    d, squares = first.mean - second.mean, (first.error**2, second.error**2)
    total = sum(squares)
    if min(first.n, second.n) < 2 or not total > 0:
        return Share(d, nan, nan)
    degrees = total**2 / (squares[0] ** 2 / (first.n - 1) + squares[1] ** 2 / (second.n - 1))
    half = float(stdtrit(degrees, 0.975)) * sqrt(total)
    return Share(d, d - half, d + half)


def convergence(campaigns: Sequence[Campaign], product: str | None = None) -> pd.DataFrame:
    """A row for each slab and point, slabs in order of their size.

    Args:
        campaigns: of the same points on different slabs.
        product: whose probability is looked at in place of S0 (`scatter.analysis.products`).

    Returns:
        The conditions of the point; `cells`, `layers`, `frozen`, `atoms` of the slab; `n`
        trajectories and their mean `steps`; `quantity` ("S0", or the product) with its `value`,
        `low` and `high`, and the `difference` from the largest slab with `difference_low` and
        `difference_high`, which of that slab itself are NaN; the same for the mean energies (eV)
        `loss` (of the scattered: incidence energy less the final kinetic energy of the centre of
        mass) and `slab_gain` (of all that have not failed: what slab and bath have gained). All
        intervals are 95 %.

    Raises:
        ValueError: no trajectory on any slab has become the product; says what there is.
    """
    ordered = sorted(campaigns, key=lambda campaign: campaign.size)
    _refuse_unknown(ordered, product)
    rows = []
    for point in range(len(ordered[0].rows)):
        every = [_measured(campaign, point, product) for campaign in ordered]
        for campaign, own in zip(ordered, every, strict=True):
            largest = None if own is every[-1] else every[-1]
            rows.append(_row(campaign, point, product, own, largest))
    return pd.DataFrame(rows)


def _refuse_unknown(campaigns: Sequence[Campaign], product: str | None) -> None:
    """Raise ValueError if nothing has become a product."""
    if product is None:
        return
    there = {label for c in campaigns for label in classes(c.trajectories, c.names)}
    if product not in there:
        raise ValueError(
            f"{product!r} is not among the products at the end: {', '.join(sorted(there))}"
        )


class _Measured(NamedTuple):
    """What one point on one slab is described by."""

    share: Share
    means: dict[str, Mean]
    n: int
    steps: float


def _measured(campaign: Campaign, point: int, product: str | None) -> _Measured:
    row, every = campaign.rows[point], campaign.trajectories
    mine = every[every["point"] == point]
    if product is None:
        share = Share(row.S0, row.low, row.high) if row.known else UNKNOWN
    else:
        share = Share(*share_of(np.array(classes(mine, campaign.names), str) == product, mine))
    names = mine.dtype.names or ()
    known = mine[mine["outcome"] != Outcome.FAILED]
    gain = sum(
        known[f"final_{kind}_slab_eV"] - known[f"initial_{kind}_slab_eV"]
        for kind in ("kinetic", "potential")
    )
    if "bath_eV" in names:
        gain = gain + known["bath_eV"]
    scattered = mine[mine["outcome"] == Outcome.SCATTERED]
    comes_in = nan if kind_of(row) == ADSORBED else row.energy_eV
    loss = comes_in - scattered["final_translational_eV"]
    means = {"loss": mean_of(loss), "slab_gain": mean_of(np.asarray(gain))}
    return _Measured(share, means, len(mine), float(mine["steps"].mean()) if len(mine) else nan)


def _row(
    campaign: Campaign, point: int, product: str | None, own: _Measured, largest: _Measured | None
) -> dict[str, Any]:
    row, size = campaign.rows[point], campaign.size
    apart = share_difference(own.share, largest.share) if largest else UNKNOWN
    columns: dict[str, Any] = {
        **{name: getattr(row, name) for name in ("surface", *applying(row))},
        "cells": size.cells,
        "layers": size.layers,
        "frozen": size.frozen,
        "atoms": size.atoms,
        "n": own.n,
        "steps": own.steps,
        "quantity": product or "S0",
        **dict(zip(("value", "low", "high"), own.share, strict=True)),
        **{f"difference{end}": value for end, value in zip(ENDS, apart, strict=True)},
    }
    for name in MEANS:
        mean = own.means[name]
        values = (mean.mean, mean.low, mean.high)
        ends = mean_difference(mean, largest.means[name]) if largest else UNKNOWN
        columns |= {f"{name}{end}_eV": value for end, value in zip(ENDS, values, strict=True)}
        columns |= {f"{name}_difference{end}_eV": v for end, v in zip(ENDS, ends, strict=True)}
    return columns
