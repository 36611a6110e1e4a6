"""Fits compared: vibrational efficacy, and the scaling with the normal energy."""

from dataclasses import dataclass
from math import nan

import numpy as np
from scipy.stats import chi2

from scatter.analysis.estimate import ENDS, Counts, Doubt, Undetermined, estimate
from scatter.analysis.fits import Fit, energies_at, summary
from scatter.analysis.likelihood import Form, N


@dataclass(frozen=True)
class Efficacy:
    """How much translational energy one unit of vibrational energy replaces.

    Attributes:
        eta: η; 1 where both serve alike.
        low: lower end of its 95 % interval.
        high: upper end.
        shift_eV: by how much the upper state's curve lies lower in energy.
        shift_low_eV: lower end of its 95 % interval.
        shift_high_eV: upper end.
        spacing_eV: vibrational energy of the upper state above the lower.
        level: S0 at which the energies are compared; NaN where E0 is.
    """

    eta: float
    low: float
    high: float
    shift_eV: float
    shift_low_eV: float
    shift_high_eV: float
    spacing_eV: float
    level: float


def efficacy(
    lower: Fit, upper: Fit, spacing_eV: float, level: float | None = None, seed: int = 0
) -> Efficacy | Undetermined:
    """Vibrational efficacy of two states v < v' of otherwise equal conditions.

        η = [E(v) - E(v')] / [E_vib(v') - E_vib(v)]

    with E the energy at which S0 reaches `level` on each curve, or E0 without one. The two differ
    where the curves do not run parallel, as when their A are not alike. Errors are those of both
    fits, from their independent draws.

    Args:
        lower: fit of the state v.
        upper: fit of the state v'.
        spacing_eV: E_vib(v') - E_vib(v) > 0, from `scatter.ebk`.
        level: S0 to compare at.
        seed: of the pairing of draws, which may have come from equal random numbers.

    Source: Díaz & Olsen, J. Chem. Phys. 130, 094706 (2009).
    """
    if level is not None and not 0 < level < min(lower.A, upper.A):
        sentence = f"S0 = {level:g} is not between 0 and A = {min(lower.A, upper.A):.3g} of a curve"
        return Undetermined(Doubt.OUT_OF_REACH, sentence)
    pairs = min(len(lower.draws), len(upper.draws))
    mixed = np.random.default_rng(seed).permutation(len(upper.draws))[:pairs]
    if level is None:
        shift = lower.E0_eV - upper.E0_eV
        drawn = lower.draws[:pairs, 0] - upper.draws[mixed, 0]
    else:
        shift = lower.energy_at(level) - upper.energy_at(level)
        drawn = energies_at(lower.form, lower.draws[:pairs], level)
        drawn = drawn - energies_at(upper.form, upper.draws[mixed], level)
    lost = float(np.isnan(drawn).mean())
    if lost > 0:
        sentence = f"S0 = {level:g} is above A in {lost:.1%} of the resampled curves; lower it"
        return Undetermined(Doubt.OUT_OF_REACH, sentence)
    low, high = (float(end) for end in np.percentile(drawn, ENDS))
    ends = (shift / spacing_eV, low / spacing_eV, high / spacing_eV)
    return Efficacy(*ends, shift, low, high, spacing_eV, nan if level is None else level)


@dataclass(frozen=True)
class Scaling:
    """How S0 at several polar angles scales: S0(E cos^n ϑ).

    Attributes:
        n: the exponent; 2 is the normal energy, 0 the total energy.
        n_low: lower end of its 95 % interval.
        n_high: upper end.
        deviance: of the fit with this n.
        degrees_of_freedom: points less parameters, n among them.
        p_value: of a larger deviance were S0 a function of E cos^n ϑ, by the χ² law.
        normal: the fit with n = 2, its energy being E cos² ϑ, with its deviance and p-value.
        chi_square: deviance with n = 2 less that with the best n; one degree of freedom.
        p_normal: of a larger one were the normal energy all that counts.
    """

    n: float
    n_low: float
    n_high: float
    deviance: float
    degrees_of_freedom: int
    p_value: float
    normal: Fit
    chi_square: float
    p_normal: float


def normal_energy_scaling(
    counts: Counts,
    form: Form = "erf",
    amplitude: float | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Scaling | Undetermined:
    """Fit S0 = A g((E cos^n ϑ - E0)/W) to points at several polar angles, and try n = 2.

    Args:
        counts: of the points.
        form: of the curve.
        amplitude: A, if it is not to be fitted.
        resamples: number of resampled sets of counts.
        seed: of these draws.
    """
    if len(set(counts.polar_deg)) < 2:
        sentence = "the exponent of cos ϑ needs points at two polar angles or more"
        return Undetermined(Doubt.ONE_ANGLE, sentence)
    best = estimate(counts, form, amplitude, None, resamples, seed, True)
    normal = estimate(counts, form, amplitude, 2.0, resamples, seed, True)
    if isinstance(best, Undetermined):
        return best
    if isinstance(normal, Undetermined):
        return normal
    low, high = (float(end) for end in np.percentile(best.draws[:, N], ENDS))
    freedom, more = best.degrees_of_freedom, max(normal.deviance - best.deviance, 0.0)
    return Scaling(
        n=float(best.best[N]),
        n_low=low,
        n_high=high,
        deviance=best.deviance,
        degrees_of_freedom=freedom,
        p_value=float(chi2.sf(best.deviance, freedom)) if freedom else nan,
        normal=summary(counts, form, amplitude, normal),
        chi_square=more,
        p_normal=float(chi2.sf(more, 1)),
    )
