"""Forms of a fitted sticking curve, and maximum-likelihood fits to many sets of counts at once.

    S0(E, ϑ) = A g((E cos^n ϑ - E0) / W),        P = (E0, ln W, A, n)

A bootstrap refits thousands of resampled counts, and a test of its coverage millions: one call here
takes them all, and ends at the same maximum as a general minimiser does for each alone.
"""

from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import erfinv, expit, logit, ndtr, xlogy

Form = Literal["erf", "gompertz", "logistic"]
FORMS: tuple[Form, ...] = ("erf", "gompertz", "logistic")
E0, LN_W, A, N = range(4)  # columns of a set of parameters

_TINY = 1e-12  # S0 is kept this far from 0 and 1, where the likelihood has no logarithm
_STEPS = 200
_SETTLED = 1e-9  # change of the deviance
_STIFF = 1e10  # damping at which no step is left to try

Sets = Float[np.ndarray, "set 4"]
PerSet = Float[np.ndarray, " set"]
PerPoint = Float[np.ndarray, " point"]


def rise(form: Form, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """g(x), which rises from 0 to 1, and its derivative.

    | form | g(x) | g(0) |
    |---|---|---|
    | erf | [1 + erf x] / 2 | 1/2 |
    | logistic | 1 / (1 + exp(-x)) | 1/2 |
    | gompertz | exp(-exp(-x)) | 1/e, where it is steepest |
    """
    if form == "erf":
        return ndtr(np.sqrt(2) * x), np.exp(-x * x) / np.sqrt(np.pi)
    if form == "logistic":
        g = expit(x)
        return g, g * (1 - g)
    y = np.exp(np.minimum(-x, 700.0))
    g = np.exp(-y)
    return g, g * y


def inverse(form: Form, g: np.ndarray) -> np.ndarray:
    """The x at which g is reached; NaN outside 0 < g < 1."""
    g = np.where((g > 0) & (g < 1), g, np.nan)
    if form == "erf":
        return erfinv(2 * g - 1)
    return logit(g) if form == "logistic" else -np.log(-np.log(g))


class Problem(NamedTuple):
    """What is fitted to what.

    Attributes:
        form: of the curve.
        n: trajectories of each point, none zero.
        energy: E of each point, eV.
        cos: cos ϑ of each point.
        free: which parameters are fitted; the others stay as they start.
        bounds: lower and upper, of the parameters.
    """

    form: Form
    n: PerPoint
    energy: PerPoint
    cos: PerPoint
    free: Bool[np.ndarray, "4"]
    bounds: Float[np.ndarray, "2 4"]


def model(
    form: Form, P: Sets, energy: PerPoint, cos: PerPoint
) -> tuple[Float[np.ndarray, "set point"], Float[np.ndarray, "set point 4"]]:
    """S0 at each E (eV) and cos ϑ for each set of parameters, and its derivatives by them."""
    W = np.exp(P[:, LN_W, None])
    scaled = energy * cos ** P[:, N, None]
    x = (scaled - P[:, E0, None]) / W
    g, slope = rise(form, x)
    steep = P[:, A, None] * slope / W
    by = np.stack([-steep, -steep * W * x, g, steep * scaled * np.log(cos)], axis=-1)
    return P[:, A, None] * g, by


def deviance(
    S0: Float[np.ndarray, "set point"], k: Float[np.ndarray, "set point"], n: PerPoint
) -> PerSet:
    """2 Σ [k ln(k / n S0) + (n - k) ln((n - k) / n (1 - S0))] over the points of each set.

    It is twice the logarithm of the likelihood that S0 = k/n would have, less that which S0 has.

    Args:
        S0: probabilities.
        k: dissociated.
        n: trajectories, none zero.
    """
    S0 = np.clip(S0, _TINY, 1 - _TINY)
    full = xlogy(k, k / n) + xlogy(n - k, 1 - k / n)
    return 2 * (full - xlogy(k, S0) - xlogy(n - k, 1 - S0)).sum(axis=-1)


def maximise(
    problem: Problem, start: Sets, k: Float[np.ndarray, "set point"]
) -> tuple[Sets, PerSet]:
    """The maximum-likelihood parameters for each set of counts k, and their deviances.

    Fisher's scoring, damped after Levenberg and Marquardt, within bounds: a parameter that is
    pushed against its bound stays there.
    """
    form, n, energy, cos, free, bounds = problem
    P = np.where(free, np.clip(start, *bounds), start)
    D = deviance(model(form, P, energy, cos)[0], k, n)
    damping, moving = np.full(len(P), 1e-3), np.arange(len(P))
    for _ in range(_STEPS):
        step = _step(problem, P[moving], k[moving], damping[moving])
        trial = np.where(free, np.clip(P[moving] + step, *bounds), P[moving])
        lower = D[moving] - deviance(model(form, trial, energy, cos)[0], k[moving], n)
        better = lower >= 0
        P[moving[better]] = trial[better]
        D[moving] -= np.where(better, lower, 0)
        damping[moving] *= np.where(better, 0.2, 10.0)
        damping = np.maximum(damping, 1e-9)
        settled = (better & (lower < _SETTLED)) | (damping[moving] > _STIFF)
        moving = moving[~settled]
        if len(moving) == 0:
            break
    return P, D


def _step(problem: Problem, P: Sets, k: np.ndarray, damping: PerSet) -> Sets:
    """One damped step of scoring: (I + damping diag I) step = gradient, I Fisher's information."""
    form, n, energy, cos, free, (low, high) = problem
    S0, by = model(form, P, energy, cos)
    S0 = np.clip(S0, _TINY, 1 - _TINY)
    weight = 1 / (S0 * (1 - S0))
    gradient = ((k - n * S0) * weight)[:, None, :] @ by
    gradient = gradient[:, 0]
    information = np.swapaxes(by * (n * weight)[..., None], 1, 2) @ by
    held = ~free | ((low >= P) & (gradient < 0)) | ((high <= P) & (gradient > 0))
    gradient[held] = 0
    information[held[:, :, None] | held[:, None, :]] = 0
    diagonal = np.einsum("sii->si", information)  # a view
    diagonal *= 1 + damping[:, None]
    diagonal[held] = 1
    diagonal += 1e-12 * diagonal.max(axis=1, keepdims=True)
    return np.linalg.solve(information, gradient[..., None])[..., 0]
