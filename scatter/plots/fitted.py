"""Fitted sticking curves: drawn as far as the points reach, with bands and parameters."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from scatter.analysis.curve import Curve
from scatter.analysis.estimate import Counts, Undetermined
from scatter.analysis.fits import Fit, best_fits, fit
from scatter.analysis.likelihood import Form

FORMULAS: dict[Form, str] = {
    "erf": r"$S_0 = \frac{A}{2}\,[1 + \mathrm{erf}\,\frac{E - E_0}{W}]$",
    "logistic": r"$S_0 = A\,/\,[1 + e^{-(E - E_0)/W}]$",
    "gompertz": r"$S_0 = A\,\exp[-e^{-(E - E_0)/W}]$",
}
NAMES: dict[Form, str] = {
    "erf": "error function",
    "logistic": "logistic",
    "gompertz": "Gompertz",
}
BAND = "95 % of the fit"
FINE = 200  # energies along a curve

Answer = Fit | Undetermined | None  # None: of points whose counts are not known


def fits_of(
    curves: Sequence[Curve], form: Form | None = None, amplitude: float | None = None
) -> list[Answer]:
    """A fit for each curve along the energy whose counts are known.

    Args:
        curves: to be fitted.
        form: of all; by default the one that describes them best, and none where none does.
        amplitude: A, if it is not to be fitted.
    """
    counted = [n for n, c in enumerate(curves) if c.rows and c.axis == "energy_eV"]
    every = [Counts.of(curves[n].rows) for n in counted]
    if form is None:
        answers = best_fits(every, amplitude) if every else []
    else:
        answers = [fit(counts, form, amplitude) for counts in every]
    by_place: dict[int, Answer] = dict(zip(counted, answers, strict=True))
    return [by_place.get(n) for n in range(len(curves))]


def draw_fit(axes: Axes, curve: Curve, fitted: Fit, colour: Any, line: Any) -> None:
    """The curve with its 95 % band, from the first to the last point that it was fitted to."""
    energy = draw_line(axes, curve, fitted, color=colour, linestyle=line)
    axes.fill_between(energy, *fitted.band(energy), color=colour, alpha=0.2, linewidth=0, zorder=1)


def draw_line(axes: Axes, curve: Curve, fitted: Fit, **style: Any) -> Float[np.ndarray, " energy"]:
    """The curve alone; answers its energies."""
    known = curve.x[np.isfinite(curve.S0)]
    energy = np.linspace(known.min(), known.max(), FINE)
    axes.plot(energy, fitted(energy), zorder=2.5, **style)
    return energy


def parameters(fitted: Fit) -> str:
    """E0, W and A ± half of their 95 % intervals, in two lines of a legend."""
    E0, W, A = _with_errors(fitted)
    return f"$E_0$ = {E0} eV, $W$ = {W} eV,\n$A$ = {A}"


def plain_parameters(fitted: Fit) -> str:
    """E0, W and A ± half of their 95 % intervals, as text."""
    E0, W, A = _with_errors(fitted)
    return f"E0 = {E0} eV, W = {W} eV, A = {A}"


def _with_errors(fitted: Fit) -> tuple[str, str, str]:
    E0 = with_error(fitted.E0_eV, fitted.E0_low_eV, fitted.E0_high_eV)
    W = with_error(fitted.W_eV, fitted.W_low_eV, fitted.W_high_eV)
    if fitted.amplitude is not None:
        return E0, W, f"{fitted.A:g} (fixed)"
    return E0, W, with_error(fitted.A, fitted.A_low, fitted.A_high)


def with_error(value: float, low: float, high: float) -> str:
    """A value ± half of its interval, to two digits of that."""
    half = 0.5 * (high - low)
    decimals = int(np.clip(1 - np.floor(np.log10(half)), 0, 6)) if half > 0 else 4
    return f"{value:.{decimals}f} ± {half:.{decimals}f}"


def fit_handles(fits: Sequence[Answer]) -> list[tuple[Any, str]]:
    """What stands for the fitted curves in a legend, and its texts: their form, and the band."""
    drawn = [fitted for fitted in fits if isinstance(fitted, Fit)]
    formulas = dict.fromkeys(FORMULAS[fitted.form] for fitted in drawn)
    lines = [(Line2D([], [], color="0.3"), formula) for formula in formulas]
    return [*lines, (Patch(color="0.8", linewidth=0), BAND)] if lines else []
