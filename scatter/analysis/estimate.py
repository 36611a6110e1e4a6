"""Maximum-likelihood parameters from counts, with resampled ones, and why there may be none."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import chi2

from scatter.analysis.likelihood import (
    E0,
    LN_W,
    A,
    Form,
    N,
    PerPoint,
    Problem,
    deviance,
    maximise,
    model,
)
from scatter.analysis.probability import Sticking
from scatter.units import degree

ENDS = (2.5, 97.5)  # percentiles of a 95 % interval
_WIDEST = 1.5  # largest over smallest A in its interval that still counts as known
_NEVER = 0.025  # fraction of resamples that may run against a bound of E0, W or the exponent


class Doubt(StrEnum):
    """Why there is no fit."""

    TOO_FEW = "fewer points than parameters"
    NONE_STUCK = "nothing dissociated"
    ALL_STUCK = "everything dissociated"
    NO_RISE = "no rise"
    NO_SATURATION = "no saturation"
    NOT_BOUNDED = "not determined"
    OUT_OF_REACH = "level out of reach"
    ONE_ANGLE = "one angle"
    POOR = "another shape"


@dataclass(frozen=True)
class Undetermined:
    """A fit that the points do not allow.

    Attributes:
        reason: why, in a word or two.
        sentence: why, with numbers, and what to do.
    """

    reason: Doubt
    sentence: str


@dataclass(frozen=True)
class Counts:
    """What a curve is fitted to; only points with trajectories, and only where S0 is known.

    Attributes:
        energy_eV: incidence energy.
        polar_deg: polar angle of incidence.
        dissociated: trajectories that ended so.
        n: all that have ended (where a point was split, as many as would know S0 as well);
            undecided and failed ones count as not dissociated, as in S0.
        unsettled: undecided and failed.
    """

    energy_eV: Float[np.ndarray, " point"]
    polar_deg: Float[np.ndarray, " point"]
    dissociated: Int[np.ndarray, " point"]
    n: Int[np.ndarray, " point"]
    unsettled: Int[np.ndarray, " point"]

    @classmethod
    def of(cls, rows: Sequence[Sticking]) -> "Counts":
        """The counts of sticking probabilities that differ in energy and polar angle alone."""
        rows = [row for row in rows if row.sampled and row.known and row.counts[1]]
        return cls(
            np.array([row.energy_eV for row in rows], float),
            np.array([row.polar_deg for row in rows], float),
            np.array([row.counts[0] for row in rows], int),
            np.array([row.counts[1] for row in rows], int),
            np.array([row.undecided + row.failed for row in rows], int),
        )


@dataclass(frozen=True)
class Estimate:
    """Maximum-likelihood parameters, with those of the resampled counts."""

    best: Float[np.ndarray, " 4"]
    deviance: float
    degrees_of_freedom: int
    draws: Float[np.ndarray, "resample 4"]
    deviances: Float[np.ndarray, " refit"]  # empty if not parametric


def estimate(
    counts: Counts,
    form: Form,
    amplitude: float | None,
    exponent: float | None,
    resamples: int,
    seed: int,
    parametric: bool,
) -> Estimate | Undetermined:
    """Fit S0 = A g((E cos^n ϑ - E0)/W); A and n where they are not given.

    Args:
        counts: of the points.
        form: of the curve.
        amplitude: A, or None.
        exponent: n, or None.
        resamples: number of resampled sets of counts.
        seed: of these draws.
        parametric: whether they are drawn from the curve, or from k/n of each point.
    """
    free = np.array([True, True, amplitude is None, exponent is None])
    refusal = _refusal(counts, int(free.sum()))
    if refusal:
        return refusal
    n, energy, cos = counts.n.astype(float), counts.energy_eV, np.cos(counts.polar_deg * degree)
    k, bounds = counts.dissociated.astype(float), _bounds(energy, cos)
    problem = Problem(form, n, energy, cos, free, bounds)
    starts = _starts(counts, amplitude, exponent)
    ends, deviances = maximise(problem, starts, np.tile(k, (len(starts), 1)))
    best, least = ends[[deviances.argmin()]], float(deviances.min())
    flat = float(deviance(np.full((1, len(n)), k.sum() / n.sum()), k[None], n)[0])
    if flat - least < chi2.isf(0.05, free.sum() - 1):
        return Undetermined(
            Doubt.NO_RISE,
            "S0 does not rise with the energy by more than its errors; "
            "add points at lower or higher energies, or trajectories",
        )
    if _sharpest(problem, best, k) - least < chi2.isf(0.05, 1):
        return Undetermined(
            Doubt.NOT_BOUNDED,
            "a sharp step fits as well as any rise, so W has no lower bound; "
            "add energies where S0 rises",
        )
    S0 = model(form, best, energy, cos)[0][0] if parametric else k / n
    drawn = np.random.default_rng(seed).binomial(counts.n, S0, (resamples, len(n))).astype(float)
    draws, again = maximise(problem, np.repeat(best, resamples, axis=0), drawn)
    return _doubt(draws, free, bounds) or Estimate(
        best[0], least, len(n) - int(free.sum()), draws, again if parametric else again[:0]
    )


def _refusal(counts: Counts, parameters: int) -> Undetermined | None:
    """Why not even to begin, if so."""
    k, n = int(counts.dissociated.sum()), int(counts.n.sum())
    apart = len(set(zip(counts.energy_eV, counts.polar_deg, strict=True)))
    if apart < parameters:
        sentence = f"{apart} points cannot determine {parameters} parameters; add energies"
        return Undetermined(Doubt.TOO_FEW, sentence)
    if k == 0:
        sentence = f"none of {n} trajectories dissociated; add points at higher energies"
        return Undetermined(Doubt.NONE_STUCK, sentence)
    if k == n:
        sentence = f"all of {n} trajectories dissociated; add points at lower energies"
        return Undetermined(Doubt.ALL_STUCK, sentence)
    return None


def _bounds(energy: np.ndarray, cos: np.ndarray) -> Float[np.ndarray, "2 4"]:
    """Where parameters are looked for: far beyond what points at these energies could show."""
    least, most = (energy * cos * cos).min(), energy.max()
    span = max(most - least, 1e-3 * most)
    low = [least - 3 * span, np.log(1e-3 * span), 1e-4, -4.0]
    return np.array([low, [most + 3 * span, np.log(10 * span), 1.0, 8.0]])


def _starts(
    counts: Counts, amplitude: float | None, exponent: float | None
) -> Float[np.ndarray, "set 4"]:
    """Beginnings all over the plausible range, so that the best of their ends is the maximum."""
    normal = counts.energy_eV * np.cos(counts.polar_deg * degree) ** (exponent or 0.0)
    highest = min(1.0, (counts.dissociated / counts.n).max() + 0.01)
    grid = np.meshgrid(
        np.quantile(normal, [0.1, 0.3, 0.5, 0.7, 0.9]),
        np.log(max(np.ptp(normal), 1e-3) * np.array([0.05, 0.2, 0.6])),
        [highest, 1.0] if amplitude is None else [amplitude],
        [0.0, 2.0] if exponent is None else [exponent],
    )
    return np.stack([values.ravel() for values in grid], axis=1)


def _sharpest(problem: Problem, best: Float[np.ndarray, "1 4"], k: PerPoint) -> float:
    """The least deviance of a step, at one of the points or between two of them."""
    scaled = np.unique(problem.energy * problem.cos ** best[0, N])
    steps = np.concatenate([scaled, 0.5 * (scaled[1:] + scaled[:-1])])
    start = np.repeat(best, len(steps), axis=0)
    start[:, E0], start[:, LN_W] = steps, problem.bounds[0, LN_W]
    fixed = problem._replace(free=problem.free & (np.arange(4) != LN_W))
    return float(maximise(fixed, start, np.tile(k, (len(steps), 1)))[1].min())


def _doubt(
    draws: Float[np.ndarray, "resample 4"],
    free: Bool[np.ndarray, "4"],
    bounds: Float[np.ndarray, "2 4"],
) -> Undetermined | None:
    """Why the resampled parameters say that the points do not determine them, if so."""
    low, high = np.percentile(draws[:, A], ENDS)
    if free[A] and high > _WIDEST * low:
        return Undetermined(
            Doubt.NO_SATURATION,
            f"A could be anything from {low:.2g} to {high:.2g}, because S0 does not level off "
            "within the points; add points at higher energies, or fix A",
        )
    for column, name in ((E0, "E0"), (LN_W, "W"), (N, "the exponent")):
        lost = (draws[:, column] <= bounds[0, column]) | (draws[:, column] >= bounds[1, column])
        if free[column] and lost.mean() > _NEVER:
            return Undetermined(
                Doubt.NOT_BOUNDED,
                f"{name} has no bound on one side in {lost.mean():.0%} of the resampled counts; "
                "add energies where S0 rises",
            )
    return None
