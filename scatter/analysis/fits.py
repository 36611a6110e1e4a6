"""Curves fitted to sticking probabilities: E0, W, A with intervals, and how well the curve fits.

    S0(E) = A g((E - E0) / W)

with g an error function, (1 + erf)/2, a logistic or a Gompertz curve (`likelihood.rise`); E0 is
where S0 = A/2 (Gompertz: A/e). The parameters maximise the likelihood of the binomial counts, so
points with few or no dissociated trajectories carry their proper weight. Where the points cannot
determine the parameters, the answer is `Undetermined`, with the reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log, nan

import numpy as np
from jaxtyping import Float
from scipy.stats import chi2

from scatter.analysis.estimate import ENDS, Counts, Doubt, Estimate, Undetermined, estimate
from scatter.analysis.likelihood import E0, FORMS, LN_W, A, Form, inverse, model

UNLIKELY = 0.01  # a p below which a curve is said not to fit


@dataclass(frozen=True)
class Fit:
    """A fitted curve S0 = A g((E - E0)/W); 95 % intervals from `low` to `high`.

    Attributes:
        form: of g.
        amplitude: A where it was given; None where it was fitted.
        points: fitted to.
        trajectories: at all of them.
        unsettled: of these, undecided or failed, counted as not dissociated.
        deviance: twice the difference in log-likelihood from S0 = k/n.
        degrees_of_freedom: points less parameters.
        p_value: probability of a larger deviance if the curve were exact, from the χ² distribution;
            NaN without degrees of freedom. Too large where most points expect fewer than five
            dissociated.
        p_resampled: the same from the resampled counts, for any numbers; NaN if not parametric.
        draws: E0, ln W, A, n of the resampled counts.
    """

    form: Form
    E0_eV: float
    E0_low_eV: float
    E0_high_eV: float
    W_eV: float
    W_low_eV: float
    W_high_eV: float
    A: float
    A_low: float
    A_high: float
    amplitude: float | None
    points: int
    trajectories: int
    unsettled: int
    deviance: float
    degrees_of_freedom: int
    p_value: float
    p_resampled: float
    draws: Float[np.ndarray, "resample 4"]

    @cached_property
    def _best(self) -> Float[np.ndarray, "1 4"]:
        return np.array([[self.E0_eV, log(self.W_eV), self.A, 0.0]])

    def __call__(self, energy_eV: Float[np.ndarray, " any"]) -> Float[np.ndarray, " any"]:
        """S0 of the curve."""
        return model(self.form, self._best, energy_eV, np.ones_like(energy_eV))[0][0]

    def band(
        self, energy_eV: Float[np.ndarray, " any"]
    ) -> tuple[Float[np.ndarray, " any"], Float[np.ndarray, " any"]]:
        """Lower and upper end of the 95 % interval of the curve at each energy, one by one."""
        curves = model(self.form, self.draws, energy_eV, np.ones_like(energy_eV))[0]
        low, high = np.percentile(curves, ENDS, axis=0)
        return low, high

    def changes(
        self, energy_eV: Float[np.ndarray, " energy"]
    ) -> Float[np.ndarray, "energy resample"]:
        """How far S0 by each resampled set of parameters is from that of the curve."""
        curves = model(self.form, self.draws, energy_eV, np.ones_like(energy_eV))[0]
        return curves.T - self(energy_eV)[:, None]

    def energy_at(self, level: float) -> float:
        """The energy (eV) at which the curve reaches S0 = level; NaN if it never does."""
        return float(energies_at(self.form, self._best, level)[0])


def energies_at(
    form: Form, P: Float[np.ndarray, "set 4"], level: float
) -> Float[np.ndarray, " set"]:
    """The energy (eV) at which each set of parameters reaches S0 = level; NaN if it never does."""
    return P[:, E0] + np.exp(P[:, LN_W]) * inverse(form, level / P[:, A])


def fit(
    counts: Counts,
    form: Form = "erf",
    amplitude: float | None = None,
    resamples: int = 1000,
    seed: int = 0,
    parametric: bool = True,
) -> Fit | Undetermined:
    """Fit a curve in the incidence energy to points at one angle.

    Intervals are percentiles over refits of resampled counts: drawn from the fitted curve
    (parametric), or from k/n of each point, which does not trust the curve but takes a point
    without a dissociated trajectory for certain.

    Args:
        counts: of the points.
        form: of the curve.
        amplitude: A, if it is not to be fitted; 0 < A <= 1.
        resamples: number of resampled sets of counts.
        seed: of these draws; the same seed gives the same intervals.
        parametric: how the counts are drawn.

    Raises:
        ValueError: the points are at several polar angles (`normal_energy_scaling` is for these).
    """
    if len(set(counts.polar_deg)) > 1:
        raise ValueError("a fit in the energy takes points at one polar angle")
    answer = estimate(counts, form, amplitude, 0.0, resamples, seed, parametric)
    return answer if isinstance(answer, Undetermined) else summary(counts, form, amplitude, answer)


def best_fits(every: Sequence[Counts], amplitude: float | None = None) -> list[Fit | Undetermined]:
    """Curves of one form through several sets of points: the form that describes them best.

    One form for all, so that their E0 and W compare: that which can be fitted to most sets and, of
    such, has the least deviance over all. All forms have as many parameters, so that is the choice
    of Akaike's criterion too. A set gets no curve where no point is left to judge one by, or where
    one as bad would come by chance in fewer than `UNLIKELY` of the cases.

    Args:
        every: points that differ in energy alone, of each curve.
        amplitude: A, if it is not to be fitted.
    """
    tried = [[fit(counts, form, amplitude) for counts in every] for form in FORMS]
    return [_judged(answer) for answer in min(tried, key=_ranked)]


def _ranked(answers: Sequence[Fit | Undetermined]) -> tuple[int, float]:
    fitted = [answer for answer in answers if isinstance(answer, Fit)]
    return -len(fitted), sum(answer.deviance for answer in fitted)


def _judged(answer: Fit | Undetermined) -> Fit | Undetermined:
    """The fit, unless nothing speaks for its form."""
    if isinstance(answer, Undetermined) or answer.p_resampled >= UNLIKELY:
        return answer
    if not answer.degrees_of_freedom:
        sentence = f"{answer.points} points are too few to judge the form of a curve; add energies"
        return Undetermined(Doubt.TOO_FEW, sentence)
    sentence = (
        f"no form of curve describes these points (the best has p = {answer.p_resampled:.1g})"
    )
    return Undetermined(Doubt.POOR, sentence)


def summary(counts: Counts, form: Form, amplitude: float | None, estimate: Estimate) -> Fit:
    """The fit that an estimate amounts to."""
    low, high = np.percentile(estimate.draws, ENDS, axis=0)
    freedom, drawn = estimate.degrees_of_freedom, len(estimate.deviances)
    larger = (estimate.deviances >= estimate.deviance).sum()
    return Fit(
        form=form,
        E0_eV=float(estimate.best[E0]),
        E0_low_eV=float(low[E0]),
        E0_high_eV=float(high[E0]),
        W_eV=float(np.exp(estimate.best[LN_W])),
        W_low_eV=float(np.exp(low[LN_W])),
        W_high_eV=float(np.exp(high[LN_W])),
        A=float(estimate.best[A]),
        A_low=float(low[A]),
        A_high=float(high[A]),
        amplitude=amplitude,
        points=len(counts.n),
        trajectories=int(counts.n.sum()),
        unsettled=int(counts.unsettled.sum()),
        deviance=estimate.deviance,
        degrees_of_freedom=freedom,
        p_value=float(chi2.sf(estimate.deviance, freedom)) if freedom else nan,
        p_resampled=float((larger + 1) / (drawn + 1)) if freedom and drawn else nan,
        draws=estimate.draws,
    )
