"""Means and distributions of the energy ledger, point by point."""

from collections.abc import Iterator, Sequence
from math import inf

import numpy as np
import pandas as pd

from scatter.analysis.ledger import PARTS, TAKERS, TERMS
from scatter.analysis.means import mean_of
from scatter.analysis.per_point import Columns, by_outcome, long_table, proportion
from scatter.units import degree

LISTED = (*TERMS, *PARTS, "to_slab_eV", "final_kinetic_eV", "deviation_eV")


def ledger_means(points: np.ndarray, ledger: np.ndarray) -> pd.DataFrame:
    """Mean of every term over the trajectories of each point and outcome that occurs.

    Set against energy_eV, the rows of one term and outcome are the mean energy transfer as it
    grows with the incidence energy.

    Args:
        points: /points of `results.h5`.
        ledger: from `scatter.analysis.ledger.ledgers`.

    Returns:
        Behind the columns of the point: `outcome`; `term`, a field of `LEDGER` without its unit;
        `n` trajectories whose term is finite, and `left_out` of which it is not; `mean_eV`;
        `deviation_eV` of one trajectory; `error_eV` of the mean; `low_eV` and `high_eV` of its
        95 % interval (Student's t), no lower than the term can be.
    """
    return long_table(
        {
            **columns,
            "term": name.removesuffix("_eV"),
            **{"n": mean.n, "left_out": mean.left_out, "mean_eV": mean.mean},
            **{"deviation_eV": mean.deviation, "error_eV": mean.error},
            **{"low_eV": mean.low, "high_eV": mean.high},
        }
        for columns, entries in by_outcome(points, ledger)
        for name in _listed(ledger)
        for mean in (mean_of(entries[name], _least(columns).get(name, -inf)),)
    )


def _listed(ledger: np.ndarray) -> tuple[str, ...]:
    """The fields that tables list: with what a bath and electrons were given."""
    return (*LISTED, *(name for name in TAKERS if not np.isnan(ledger[name]).all()))


def _least(columns: Columns) -> dict[str, float]:
    """What terms cannot be below, eV: a molecule loses no more of a motion than it came with."""
    polar = columns["polar_deg"] * degree
    normal = columns["energy_eV"] * float(np.cos(polar)) ** 2
    of_rotation = {"rotational_eV": 0.0} if columns["J"] == 0 else {}
    parallel = columns["energy_eV"] - normal
    return {"final_kinetic_eV": 0.0, "normal_eV": -normal, "parallel_eV": -parallel, **of_rotation}


def ledger_histograms(
    points: np.ndarray, ledger: np.ndarray, width_eV: float = 0.02, terms: Sequence[str] = LISTED
) -> pd.DataFrame:
    """Distribution of terms over the trajectories of each point and outcome that occurs.

    Bins have their edges at whole multiples of the width, so those of all points line up. Empty
    bins between the first and the last are kept.

    Args:
        points: /points of `results.h5`.
        ledger: from `scatter.analysis.ledger.ledgers`.
        width_eV: of a bin, eV.
        terms: fields of the ledger.

    Returns:
        Behind the columns of the point: `outcome` and `term`; the edges `from_eV` and `to_eV` of
        the bin, which holds the lower one; of `n` trajectories whose term is finite `count`, P,
        low, high of those in it; `density_per_eV`, P over its width.
    """
    return long_table(
        {**columns, "term": name.removesuffix("_eV"), **bin}
        for columns, entries in by_outcome(points, ledger)
        for name in terms
        for bin in _bins(entries[name], width_eV)
    )


def _bins(values: np.ndarray, width: float) -> Iterator[Columns]:
    finite = values[np.isfinite(values)]
    place = np.floor(finite / width).astype(np.int64)
    lowest = int(place.min()) if len(place) else 0
    for bin, count in enumerate(np.bincount(place - lowest).tolist(), lowest):
        share = proportion(count, len(finite))
        edges = {"from_eV": bin * width, "to_eV": (bin + 1) * width}
        yield {**edges, **share, "density_per_eV": share["P"] / width}
