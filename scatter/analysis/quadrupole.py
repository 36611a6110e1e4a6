"""Sticking by orientation of the rotation: the quadrupole alignment parameter A0(2).

    A0(2) = Σ_m S(m) (3m² - J(J+1)) / J(J+1)  /  Σ_m S(m),      m = -J..J

is the mean of 3 cos²χ - 1, χ between J and the surface normal, over the molecules that stick: from
-1 (J in the surface plane: cartwheels, as near as m = 0 comes) to (2J-1)/(J+1) (|m| = J:
helicopters), and 0 without preference. By detailed balance it is also that of the molecules that
desorb at this energy.

Sources: Greene & Zare, J. Chem. Phys. 78, 6741 (1983), for the parameter; Hou, Gulding, Rettner,
Wodtke & Auerbach, Science 277, 80 (1997), for hydrogen that desorbs from copper.
"""

from collections.abc import Sequence
from math import nan, sqrt

import numpy as np
import pandas as pd
from jaxtyping import Float

from scatter.analysis.means import crossing, mean_of
from scatter.analysis.per_point import Columns, by_point, long_table
from scatter.analysis.probability import Sticking, sticking, wilson
from scatter.conditions import applying, grouped
from scatter.outcomes import MOST_UNSETTLED, Outcome

PerProjection = Float[np.ndarray, " projection"]


def combined_interval(
    weight: PerProjection, S: PerProjection, low: PerProjection, high: PerProjection
) -> tuple[float, float]:
    """The 95 % interval of Σ wS from those of independent S (MOVER).

    With Wilson's intervals it is of use at S = 0 too, where the normal law's would be empty:

        Σ wS ∓ √(Σ w² (S - end)²),   end: the one of each S that lowers (raises) the sum.

    Source: Zou & Donner, Statist. Med. 27, 1693 (2008).
    """
    down, up = np.where(weight > 0, S - low, high - S), np.where(weight > 0, high - S, S - low)
    middle = float((weight * S).sum())
    ends = (sqrt(((weight * reach) ** 2).sum()) for reach in (down, up))
    return middle - next(ends), middle + next(ends)


def alignment(rows: Sequence[Sticking]) -> pd.DataFrame:
    """Alignment of every state that was run with projections m_J, from its sticking probabilities.

    m and -m stick alike: what is missing of ±m is taken from the other, and where both were run
    their trajectories are put together; each |m| > 0 then counts twice. The interval of A0(2) holds
    every A for which that of Σ w (q - A) S, q = 3m²/J(J+1) - 1, holds 0 (`combined_interval`,
    inverted as Fieller's).

    Args:
        rows: from `scatter.analysis.sticking`; those without m_J are left out.

    Returns:
        Behind the conditions but m_J: `source`, "projections"; |m_J| that is `missing` as no
        trajectory was run for it, as "1 2"; of `n` trajectories those `dissociated`; S0, each m_J
        counting alike, and A0_2, each with its standard error (`_error`) and 95 % interval (`_low`,
        `_high`). Nothing is known (NaN) with m_J missing, nor where too many trajectories are
        undecided or failed; nor is A0_2 for J = 0 and where nothing dissociated.
    """
    aligned = [row for row in rows if row.mJ is not None]
    return long_table(_of_projections(group) for group in grouped(aligned, "mJ"))


def _of_projections(group: Sequence[Sticking]) -> Columns:
    J = group[0].J or 0
    counts = np.zeros((J + 1, 2), np.int64)
    for row in group:
        counts[abs(round(row.mJ or 0))] += row.counts
    stuck, n = counts.T
    missing = " ".join(str(m) for m in np.flatnonzero(n == 0))
    columns = _columns(group[0], "projections", missing, int(n.sum()), int(stuck.sum()))
    if missing or not all(row.known for row in group):
        return columns | _numbers([nan] * 8)
    S, low, high = np.array([wilson(*pair) for pair in counts.tolist()]).T
    weight = np.where(np.arange(J + 1) > 0, 2.0, 1.0)
    variance = S * (1 - S) / n
    share = weight / weight.sum()
    averaged = [float((share * S).sum()), sqrt((share**2 * variance).sum())]
    averaged += combined_interval(share, S, low, high)
    return columns | _numbers(averaged + _quadrupole(J, weight, S, low, high, variance))


def _columns(row: Sticking, source: str, missing: str, n: int, dissociated: int) -> Columns:
    conditions = {name: getattr(row, name) for name in applying(row) if name != "mJ"}
    counts = {"n": n, "dissociated": dissociated}
    return {**conditions, "source": source, "missing": missing, **counts}


def _numbers(values: Sequence[float]) -> Columns:
    names = (f"{what}{end}" for what in ("S0", "A0_2") for end in ("", "_error", "_low", "_high"))
    return dict(zip(names, values, strict=True))


def _quadrupole(
    J: int,
    weight: PerProjection,
    S: PerProjection,
    low: PerProjection,
    high: PerProjection,
    variance: PerProjection,
) -> list[float]:
    """A0(2), its standard error by the delta method, and the ends of its 95 % interval."""
    if J == 0:
        return [nan] * 4
    q = 3 * np.arange(J + 1) ** 2 / (J * (J + 1)) - 1
    total = float((weight * S).sum())
    least, most = -1.0, (2 * J - 1) / (J + 1)
    if total == 0:
        return [nan, nan, least, most]
    A = float((weight * q * S).sum()) / total
    error = sqrt(((weight * (q - A)) ** 2 * variance).sum()) / total

    def above(trial: float) -> float:
        return combined_interval(weight * (q - trial), S, low, high)[0]

    def below(trial: float) -> float:
        return combined_interval(weight * (q - trial), S, low, high)[1]

    return [A, error, crossing(above, least, A), crossing(below, most, A)]


def alignment_of_isotropic(
    points: np.ndarray, trajectories: np.ndarray, most: float = MOST_UNSETTLED
) -> pd.DataFrame:
    """Alignment of every point with isotropic orientation, from the m_J of its trajectories.

    Real-valued m_J are uniform from -√J(J+1) to √J(J+1), so A0(2) is the mean of
    3 m_J²/J(J+1) - 1 over the dissociated, and its interval that of a mean (Student's t) cut off
    at its limits, -1 and 2: classical ones, which m_J = J does not reach. NaN for J = 0, and where
    S0 is not known.

    Args:
        points: /points of `results.h5`; those with a chosen m_J are left out.
        trajectories: /trajectories; of an unfinished campaign those that are `in_turn`.
        most: as of `scatter.analysis.probability.settled`.

    Returns:
        The columns of `alignment`, with the `source` "isotropic".
    """
    endings = zip(sticking(points, trajectories, most), by_point(points, trajectories), strict=True)
    return long_table(_of_isotropic(row, mine) for row, (_, mine) in endings if row.mJ is None)


def _of_isotropic(row: Sticking, mine: np.ndarray) -> Columns:
    stuck = mine["m_J"][mine["outcome"] == Outcome.DISSOCIATED]
    error = sqrt(row.S0 * (1 - row.S0) / row.n) if row.n else nan
    quadrupole = _mean_quadrupole(row.J or 0, stuck) if row.known else [nan] * 4
    return {
        **_columns(row, "isotropic", "", row.n, row.dissociated),
        **_numbers([row.S0, error, row.low, row.high, *quadrupole]),
    }


def _mean_quadrupole(J: int, m_J: Float[np.ndarray, " trajectory"]) -> list[float]:
    if J == 0:
        return [nan] * 4
    mean = mean_of(3 * m_J**2 / (J * (J + 1)) - 1)
    low, high = (float(np.clip(end, -1, 2)) for end in (mean.low, mean.high))
    return [mean.mean, mean.error, low, high]
