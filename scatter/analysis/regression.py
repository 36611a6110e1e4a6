"""Poisson regression of known exposure: where events of a process come, and where they could have.

Events come with the density N P w, w that of what they come from, N its number; P = F(β·x) is found
by the maximum likelihood of a Poisson process,

    Σ ln P(x_i) - N ∫ P w.

Source: McCullagh & Nelder, Generalized Linear Models (Chapman & Hall, 1989), for the regression;
Akaike, IEEE Trans. Autom. Control 19, 716 (1974), for the choice among polynomials.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import pi, sqrt

import numpy as np
from jaxtyping import Float
from scipy.special import expit, log_expit, log_ndtr, logit, ndtr, ndtri

STEPS, SETTLED, STIFF = 200, 1e-6, 1e10

Features = Float[np.ndarray, "point feature"]
Coefficients = Float[np.ndarray, " coefficient"]
Matrix = Float[np.ndarray, "feature feature"]
Start = Float[np.ndarray, " first"]


@dataclass(frozen=True)
class Link:
    """How a probability follows from a polynomial.

    Attributes:
        name: of the law.
        of: F(y).
        log: ln F(y).
        slope: d ln F/dy.
        inverse: y(F).
    """

    name: str
    of: Callable[[np.ndarray], np.ndarray]
    log: Callable[[np.ndarray], np.ndarray]
    slope: Callable[[np.ndarray], np.ndarray]
    inverse: Callable[[float], float]


def _normal_slope(y: np.ndarray) -> np.ndarray:
    return np.exp(-y * y / 2 - log_ndtr(y)) / sqrt(2 * pi)


LINKS = (
    Link("normal", ndtr, log_ndtr, _normal_slope, ndtri),
    Link("logistic", expit, log_expit, lambda y: expit(-y), logit),
)


@dataclass(frozen=True)
class Exposed:
    """What events come from, as cells of the integral.

    Attributes:
        x: of each.
        weight: w times the cell's size.
    """

    x: Features
    weight: Float[np.ndarray, " cell"]

    def first(self, count: int) -> "Exposed":
        """The same with so many features."""
        return Exposed(self.x[:, :count], self.weight)

    def integral(self, link: Link, beta: Coefficients) -> float:
        """∫ P w."""
        return float(self.weight @ link.of(self.x @ beta))

    def derivatives(self, link: Link, beta: Coefficients) -> tuple[Coefficients, Matrix]:
        """Of ∫ P w by β; and ∫ P (d ln P/dy)² x xᵀ w, Fisher's information."""
        y = self.x @ beta
        came, by_y = self.weight * link.of(y), link.slope(y)
        information = (self.x * (came * by_y * by_y)[:, None]).T @ self.x
        return (came * by_y) @ self.x, information


def nested(
    link: Link, exposed: Exposed, x: Features, number: float, counts: Sequence[int]
) -> tuple[Coefficients, float]:
    """The likeliest of polynomials by Akaike's criterion, and that; of those before it falls.

    Args:
        link: F.
        exposed: what the events come from.
        x: features of the events.
        number: N.
        counts: of features, of which each polynomial has the first so many; the first of all is 1.
    """
    beta, best = np.array([link.inverse(len(x) / number)]), (np.zeros(0), -np.inf)
    for count in counts:
        value, beta = likeliest(link, exposed.first(count), x[:, :count], number, beta)
        if value - count <= best[-1]:
            break
        best = beta, value - count
    return best


def likeliest(
    link: Link, exposed: Exposed, x: Features, number: float, beta: Start
) -> tuple[float, Coefficients]:
    """The maximum likelihood and its β; Fisher scoring, damped after Levenberg and Marquardt.

    Args:
        link: as of `nested`; so are the next three.
        exposed: what the events come from.
        x: features of the events.
        number: N.
        beta: of the first features, where it begins.
    """
    beta, damping = np.append(beta, np.zeros(x.shape[1] - len(beta))), 1e-3

    def likelihood(beta: Coefficients) -> float:
        return float(link.log(x @ beta).sum()) - number * exposed.integral(link, beta)

    value = likelihood(beta)
    for _ in range(STEPS):
        slope, information = exposed.derivatives(link, beta)
        gradient = link.slope(x @ beta) @ x - number * slope
        damped = number * (information + damping * np.diag(np.diag(information)))
        trial = beta + np.linalg.solve(damped, gradient)
        higher = likelihood(trial) - value
        if higher >= 0:
            beta, value = trial, value + higher
        damping = max(damping * (0.2 if higher >= 0 else 10.0), 1e-9)
        if 0 <= higher < SETTLED or damping > STIFF:
            break
    return value, beta
