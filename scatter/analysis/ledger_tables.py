"""Means and distributions of the energy ledger, point by point."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np

from scatter.analysis.ledger import PARTS, TERMS
from scatter.analysis.means import mean_of
from scatter.analysis.per_point import PerPoint, by_outcome, by_point
from scatter.analysis.probability import wilson
from scatter.units import degree

TOLD = (*TERMS, *PARTS, "to_slab_eV", "final_kinetic_eV", "deviation_eV")


@dataclass(frozen=True)
class LedgerMean(PerPoint):
    """The mean of one term of the ledger over trajectories that ended alike; a row per term.

    Attributes:
        outcome: "dissociated", "scattered", "undecided" or "failed".
        term: a field of `scatter.analysis.ledger.LEDGER`, without its unit.
        n: trajectories whose term is finite.
        left_out: those whose term is not, and which do not count.
        mean_eV: mean, eV.
        deviation_eV: standard deviation of one trajectory, eV.
        error_eV: standard error of the mean, eV.
        low_eV: lower end of the 95 % interval of the mean (Student's t), eV; no lower than the
            term can be, such as 0 for the final kinetic energy.
        high_eV: upper end, eV.
    """

    outcome: str
    term: str
    n: int
    left_out: int
    mean_eV: float
    deviation_eV: float
    error_eV: float
    low_eV: float
    high_eV: float


@dataclass(frozen=True)
class LedgerBin(PerPoint):
    """One bin of the distribution of one term of the ledger.

    Attributes:
        outcome: as of `LedgerMean`.
        term: as of `LedgerMean`.
        from_eV: lower edge, eV; it belongs to the bin.
        to_eV: upper edge, eV.
        n: trajectories whose term is finite.
        count: those in this bin.
        P: their fraction.
        low: lower end of its 95 % interval (Wilson).
        high: upper end.
        density_per_eV: P over the bin's width, 1/eV.
    """

    outcome: str
    term: str
    from_eV: float
    to_eV: float
    n: int
    count: int
    P: float
    low: float
    high: float
    density_per_eV: float


def ledger_means(points: np.ndarray, ledger: np.ndarray) -> list[LedgerMean]:
    """Mean of every term over the trajectories of each point and outcome that occurs.

    Set against energy_eV, the rows of one term and outcome are the mean energy transfer as it
    grows with the incidence energy.

    Args:
        points: /points of `results.h5`.
        ledger: from `scatter.analysis.ledger.ledgers`.
    """
    found = []
    for conditions, entries in _by_outcome(points, ledger):
        least = _least(conditions)
        for name in TOLD:
            mean = mean_of(entries[name], least.get(name, -inf))
            found.append(
                LedgerMean(
                    **conditions, term=name.removesuffix("_eV"), n=mean.n, left_out=mean.left_out,
                    mean_eV=mean.mean, deviation_eV=mean.deviation, error_eV=mean.error,
                    low_eV=mean.low, high_eV=mean.high,
                )
            )  # fmt: skip
    return found


def _least(conditions: dict[str, Any]) -> dict[str, float]:
    """What terms cannot be below, eV: a molecule loses no more of a motion than it came with."""
    polar = conditions["polar_deg"] * degree
    normal = conditions["energy_eV"] * float(np.cos(polar)) ** 2
    of_rotation = {"rotational_eV": 0.0} if conditions["J"] == 0 else {}
    parallel = conditions["energy_eV"] - normal
    return {"final_kinetic_eV": 0.0, "normal_eV": -normal, "parallel_eV": -parallel, **of_rotation}


def ledger_histograms(
    points: np.ndarray, ledger: np.ndarray, width_eV: float = 0.02, terms: Sequence[str] = TOLD
) -> list[LedgerBin]:
    """Distribution of terms over the trajectories of each point and outcome that occurs.

    Bins have their edges at whole multiples of the width, so those of all points line up. Empty
    bins between the first and the last are kept.

    Args:
        points: /points of `results.h5`.
        ledger: from `scatter.analysis.ledger.ledgers`.
        width_eV: of a bin, eV.
        terms: fields of the ledger.
    """
    return [
        LedgerBin(**conditions, term=name.removesuffix("_eV"), **one)
        for conditions, entries in _by_outcome(points, ledger)
        for name in terms
        for one in _bins(entries[name], width_eV)
    ]


def _bins(values: np.ndarray, width: float) -> list[dict[str, Any]]:
    finite = values[np.isfinite(values)]
    place = np.floor(finite / width).astype(np.int64)
    if not len(place):
        return []
    found = []
    for bin, count in enumerate(np.bincount(place - place.min()).tolist(), int(place.min())):
        P, low, high = wilson(count, len(finite))
        found.append({
            "from_eV": bin * width, "to_eV": (bin + 1) * width, "n": len(finite), "count": count,
            "P": P, "low": low, "high": high, "density_per_eV": P / width,
        })  # fmt: skip
    return found


def _by_outcome(
    points: np.ndarray, ledger: np.ndarray
) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
    for conditions, entries in by_point(points, ledger):
        for outcome, ended in by_outcome(entries):
            yield {**conditions, "outcome": outcome}, ended
