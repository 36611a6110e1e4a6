"""Local Poisson regression of known exposure: how likely an event is, by where events come.

Events come with the density N P w, w that of what they come from, N its number. Around a place x₀,
P = Φ(y), Φ the normal law and y a polynomial of degree 2 in (x - x₀)/reach, the likeliest of

    Σ_i k_i ln P(x_i) - N ∫ k P w - Σ β²/2 s²

with the weights k of a kernel, ∏ (1 - |u|³)³ of each u = (x - x₀)/reach within 1. Nothing farther
away has a say, however well P is known there. s = 10, of all β but the constant, is felt only where
there is next to nothing: there, intervals become wide. They are of the jackknife: groups of events
that may be alike are left out, a twentieth of them at a time.

Source: Loader, Local Regression and Likelihood (Springer, 1999); McCullagh & Nelder, Generalized
Linear Models (Chapman & Hall, 1989); Cleveland, J. Am. Stat. Assoc. 74, 829 (1979), for the kernel;
Efron, The Jackknife, the Bootstrap and Other Resampling Plans (SIAM, 1982).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement
from math import pi, sqrt

import numpy as np
from jaxtyping import Float, Int
from scipy.special import log_ndtr, ndtr, ndtri
from scipy.stats import qmc, t

DEGREE, FREE = 2, 10.0
STEPS, SETTLED, STIFF = 100, 1e-6, 1e10
FAR = 50.0  # |y| at which P says nothing any more
MOST = 0.9  # P where a fit begins, at most
PARTS = 20  # of the events, each left out once
CELLS = 2**15  # points of ∫ k P w, spread after Sobol

Points = Float[np.ndarray, "_ number"]
Place = Float[np.ndarray, " number"]
Coefficients = Float[np.ndarray, " coefficient"]
Matrix = Float[np.ndarray, "coefficient coefficient"]


@dataclass(frozen=True)
class Local:
    """P at a place.

    Attributes:
        y: P = Φ(y).
        error: standard error of y.
        reach: of its 95 % interval on either side.
    """

    y: float
    error: float
    reach: float


@dataclass(frozen=True)
class Observed:
    """Events, and what they come from.

    The integral is over points all around a place: between the nodes of a product rule a polynomial
    would be free to be large where events are.

    Attributes:
        events: where they came.
        group: of each; those of one group may be alike.
        shares: of N, that each group stands for.
        floor: the least of each number.
        density: w of places; its integral from the floor on is 1.
        number: N.
        relative_error: of N.
    """

    events: Points
    group: Int[np.ndarray, " event"]
    shares: Float[np.ndarray, " group"]
    floor: Place
    density: Callable[[Points], Float[np.ndarray, " _"]]
    number: float
    relative_error: float

    def count(self, place: Place, reach: Place) -> float:
        """Events around a place: (Σ k)²/Σ k²."""
        k = _kernel((self.events - place) / reach)
        return float(k.sum() ** 2 / max((k * k).sum(), 1e-300))

    def at(self, place: Place, reach: Place) -> Local:
        """P at a place, from what came and could have come within reach."""
        u = (self.events - place) / reach
        k = _kernel(u)
        came = k > 0
        low = np.maximum(place - reach, self.floor)
        width = place + reach - low
        cells = low + width * _spread(len(place))
        z = (cells - place) / reach
        could = self.density(cells) * (width.prod() / CELLS * self.number) * _kernel(z)
        x, cells = _terms(u[came]), _terms(z)
        whole = _Fit(x, k[came], cells, could)
        beta = whole.likeliest(whole.constant)
        parts, left = _parts(self.shares), []
        for part in range(int(parts.max()) + 1):
            out = parts == part
            kept = np.where(out[self.group[came]], 0.0, k[came])
            less = _Fit(x, kept, cells, could * (1 - self.shares[out].sum()))
            left.append(less.likeliest(beta)[0])
        return _local(float(beta[0]), np.array(left), whole.scale(beta) * self.relative_error)


def _parts(shares: Float[np.ndarray, " group"]) -> Int[np.ndarray, " group"]:
    """Which of at most `PARTS` each group belongs to."""
    return np.arange(len(shares)) % min(PARTS, len(shares))


def _local(y: float, left: Float[np.ndarray, " part"], scale: float) -> Local:
    """Of all, of all but each part (the jackknife), and the error by N."""
    parts = len(left)
    error = sqrt(float((parts - 1) * left.var()) + scale**2) if parts > 1 else np.inf
    return Local(y, error, error * float(t.ppf(0.975, max(parts - 1, 1))))


@cache
def _spread(numbers: int) -> Points:
    """Points that fill a cube of side 1 evenly."""
    return qmc.Sobol(numbers, scramble=False).random(CELLS)


def _kernel(u: Points) -> Float[np.ndarray, " _"]:
    return (np.clip(1 - abs(u) ** 3, 0.0, None) ** 3).prod(axis=1)


def _terms(u: Points) -> Float[np.ndarray, "_ coefficient"]:
    """All products of powers up to `DEGREE`; the first is 1."""
    columns = [np.ones(len(u))]
    for degree in range(1, DEGREE + 1):
        for each in combinations_with_replacement(range(u.shape[1]), degree):
            columns.append(u[:, list(each)].prod(axis=1))
    return np.stack(columns, axis=1)


class _Fit:
    """The likelihood of β around a place, and its maximum."""

    def __init__(
        self,
        x: Float[np.ndarray, "event coefficient"],
        k: Float[np.ndarray, " event"],
        cells: Float[np.ndarray, "cell coefficient"],
        exposure: Float[np.ndarray, " cell"],
    ):
        self.x, self.k, self.cells, self.exposure = x, k, cells, exposure
        self.stiff = np.full(x.shape[1], FREE**-2)
        self.stiff[0] = 0.0

    def value(self, beta: Coefficients) -> float:
        """The logarithm of the likelihood."""
        y, at_cells = self.x @ beta, self.cells @ beta
        if max(abs(y).max(initial=0.0), abs(at_cells).max(initial=0.0)) > FAR:
            return -np.inf
        known = self.k @ log_ndtr(y) - self.exposure @ ndtr(at_cells)
        return float(known - (self.stiff * beta * beta).sum() / 2)

    def exposed(self, beta: Coefficients) -> tuple[Coefficients, Matrix]:
        """Of N ∫ k P w the slope; and N ∫ k P (d ln P/dy)² x xᵀ w, Fisher's information."""
        y = self.cells @ beta
        came, by_y = self.exposure * ndtr(y), _slope(y)
        information = (self.cells * (came * by_y * by_y)[:, None]).T @ self.cells
        return (came * by_y) @ self.cells, information

    @property
    def constant(self) -> Coefficients:
        """β of what came of all that could have."""
        share = self.k.sum() / max(self.exposure.sum(), 1e-300)
        return np.append(ndtri(min(max(share, 1e-300), MOST)), np.zeros(self.x.shape[1] - 1))

    def scale(self, beta: Coefficients) -> float:
        """By how much y falls as ln N rises."""
        slope, information = self.exposed(beta)
        return float(np.linalg.solve(information + np.diag(self.stiff), slope)[0])

    def likeliest(self, beta: Coefficients) -> Coefficients:
        """β by Fisher scoring from one, damped after Levenberg and Marquardt."""
        value, damping = self.value(beta), 1e-2
        for _ in range(STEPS):
            slope, information = self.exposed(beta)
            gradient = (self.k * _slope(self.x @ beta)) @ self.x - slope - self.stiff * beta
            curvature = information + np.diag(self.stiff)
            damped = curvature + damping * np.diag(np.diag(curvature) + 1e-12)
            trial = beta + np.linalg.solve(damped, gradient)
            higher = self.value(trial) - value
            if higher >= 0:
                beta, value = trial, value + higher
            damping = max(damping * (0.2 if higher >= 0 else 10.0), 1e-9)
            if 0 <= higher < SETTLED or damping > STIFF:
                break
        return beta


def _slope(y: Float[np.ndarray, " _"]) -> Float[np.ndarray, " _"]:
    """Of ln Φ."""
    return np.exp(-y * y / 2 - log_ndtr(y)) / sqrt(2 * pi)
