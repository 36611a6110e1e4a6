"""Poisson regression of known exposure: where events of a process come, and where they could have.

Events come with the density N P w, w that of what they come from, N its number; P = F(β·x) is found
by the maximum likelihood of a Poisson process,

    Σ ln P(x_i) - N ∫ P w.

Where N is not known, n events say by their places alone how P goes, but not how large it is,

    Σ ln P(x_i) - n ln ∫ P w,

and several samples together have one P.

Source: McCullagh & Nelder, Generalized Linear Models (Chapman & Hall, 1989), for the regression;
Akaike, IEEE Trans. Autom. Control 19, 716 (1974), for the choice among polynomials.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import log, pi, sqrt

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


@dataclass(frozen=True)
class Sample:
    """Events, and what they come from.

    Attributes:
        x: features of the events.
        exposed: what they come from.
        number: N; None where it is not known.
        alike: of how many events one is worth an independent one.
    """

    x: Features
    exposed: Exposed
    number: float | None
    alike: float = 1.0

    def first(self, count: int) -> "Sample":
        """The same with so many features."""
        return replace(self, x=self.x[:, :count], exposed=self.exposed.first(count))

    def likelihood(self, link: Link, beta: Coefficients) -> float:
        """Its logarithm, but for what does not depend on β."""
        here, integral = float(link.log(self.x @ beta).sum()), self.exposed.integral(link, beta)
        if self.number is not None:
            return (here - self.number * integral) / self.alike
        return (here - len(self.x) * log(integral)) / self.alike

    def derivatives(self, link: Link, beta: Coefficients) -> tuple[Coefficients, Matrix]:
        """Of the likelihood by β, and Fisher's information."""
        slope, information = self.exposed.derivatives(link, beta)
        number = self.number
        if number is None:
            integral = self.exposed.integral(link, beta)
            number, mean = len(self.x) / integral, slope / integral
            information = information - integral * np.outer(mean, mean)
        gradient = link.slope(self.x @ beta) @ self.x - number * slope
        return gradient / self.alike, number * information / self.alike


Samples = Sequence[Sample]


def nested(link: Link, samples: Samples, counts: Sequence[int]) -> tuple[Coefficients, float]:
    """The likeliest of polynomials by Akaike's criterion, and that; of those before it falls.

    Args:
        link: F.
        samples: of which the first has a number.
        counts: of features, of which each polynomial has the first so many; the first of all is 1.
    """
    first = samples[0]
    assert first.number is not None
    total = first.number * float(first.exposed.weight.sum())
    beta, best = np.array([link.inverse(len(first.x) / total)]), (np.zeros(0), -np.inf)
    for count in counts:
        value, beta = likeliest(link, [sample.first(count) for sample in samples], beta)
        if value - count <= best[-1]:
            break
        best = beta, value - count
    return best


def likeliest(link: Link, samples: Samples, beta: Start) -> tuple[float, Coefficients]:
    """The maximum likelihood and its β; Fisher scoring, damped after Levenberg and Marquardt.

    Args:
        link: F.
        samples: of events.
        beta: of the first features, where it begins.
    """
    beta, damping = np.append(beta, np.zeros(samples[0].x.shape[1] - len(beta))), 1e-3

    def likelihood(beta: Coefficients) -> float:
        return sum(sample.likelihood(link, beta) for sample in samples)

    value = likelihood(beta)
    for _ in range(STEPS):
        each = [sample.derivatives(link, beta) for sample in samples]
        gradient, information = (np.sum(part, axis=0) for part in zip(*each, strict=True))
        trial = beta + np.linalg.solve(
            information + damping * np.diag(np.diag(information)), gradient
        )
        higher = likelihood(trial) - value
        if higher >= 0:
            beta, value = trial, value + higher
        damping = max(damping * (0.2 if higher >= 0 else 10.0), 1e-9)
        if 0 <= higher < SETTLED or damping > STIFF:
            break
    return value, beta
