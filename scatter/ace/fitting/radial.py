"""Radial functions of a linear ACE: polynomials of a transformed distance, times an envelope.

The transform squeezes distances so that the resolution is highest near r_0, the usual distance of
a pair,

    y(r) = 1 / (1 + a s^q / (1 + s^(q-p))),   s = r / r_0,   |y'| largest at r_0 by the choice of a,
    x(r) = -1 + 2 (1 - y(r)) / (1 - y(r_c)),  from -1 at r = 0 to 1 at the cutoff,

and the radial functions are R_n(r) = (1 + x)^i (1 - x)^k P_n(x), with P_n the Jacobi polynomials
that make them orthonormal in x. (1 - x)^k lets k - 1 derivatives vanish at the cutoff; (1 + x)^i
makes the functions of products vanish as atoms meet, where a pair potential takes over.

Source: Witt et al., J. Chem. Phys. 159, 164101 (2023), section II C.
"""

from dataclasses import dataclass
from math import exp, lgamma, log, sqrt

import numpy as np
from jaxtyping import Float

Distances = Float[np.ndarray, " pair"]
Functions = Float[np.ndarray, "pair n"]


@dataclass(frozen=True)
class Radial:
    """Radial functions of a pair of species.

    Attributes:
        count: how many.
        r0: Å.
        cutoff: r_c, Å.
        powers: p and q of the transform.
        inner: i, power of the envelope at r = 0.
        outer: k, power of the envelope at the cutoff.
    """

    count: int
    r0: float
    cutoff: float
    powers: tuple[int, int] = (2, 2)
    inner: int = 1
    outer: int = 3

    def __call__(self, r: Distances) -> tuple[Functions, Functions]:
        """R_n and dR_n/dr at distances in Å, of which negative ones count as their opposites."""
        x, slope = self._transformed(np.abs(r))
        inside = np.clip(x, -1, 1)
        left, right = 1 + inside, 1 - inside
        envelope = left**self.inner * right**self.outer
        slope_of_envelope = self.inner * left ** max(
            self.inner - 1, 0
        ) * right**self.outer - self.outer * left**self.inner * right ** (self.outer - 1)
        values, slopes = jacobi(inside, self.count, 2 * self.outer, 2 * self.inner)
        by_x = slopes * envelope + values * slope_of_envelope
        slope = np.where(np.abs(r) < self.cutoff, slope * np.sign(r), 0)
        return (values * envelope).T, (by_x * slope).T

    def _transformed(self, r: Distances) -> tuple[Distances, Distances]:
        """x(r) and its slope."""
        p, q = self.powers
        a = (p * (4 * q - 2) - 2 * q) / (p + p * p + q + q * q)

        def transform(s):
            return 1 / (1 + a * s**q / (1 + s ** (q - p)))

        s = r / self.r0
        y = transform(s)
        bottom = 1 + s ** (q - p)
        by_s = q * s ** (q - 1) / bottom - (q - p) * s ** (2 * q - p - 1) / bottom**2
        scale = 2 / (1 - transform(self.cutoff / self.r0))
        return scale * (1 - y) - 1, scale * a * y * y * by_s / self.r0


def jacobi(
    x: Distances, count: int, alpha: int, beta: int
) -> tuple[Float[np.ndarray, "n pair"], Float[np.ndarray, "n pair"]]:
    """Jacobi polynomials and their slopes, orthonormal with the weight (1-x)^α (1+x)^β on [-1, 1].

    Source: Gautschi, Orthogonal Polynomials (2004), table 1.1.
    """
    values, slopes = np.zeros((count, len(x))), np.zeros((count, len(x)))
    total = alpha + beta
    norm = (total + 1) * log(2) + lgamma(alpha + 1) + lgamma(beta + 1) - lgamma(total + 2)
    values[:1] = exp(-norm / 2)
    back = 0.0
    for n in range(count - 1):
        twice = 2 * n + total
        centre = (beta - alpha) / (total + 2)
        if n:
            centre = (beta**2 - alpha**2) / (twice * (twice + 2))
        k = n + 1
        ahead = sqrt(_square(k, alpha, beta))
        values[k] = ((x - centre) * values[n] - back * values[n - 1]) / ahead
        slopes[k] = (values[n] + (x - centre) * slopes[n] - back * slopes[n - 1]) / ahead
        back = ahead
    return values, slopes


def _square(k: int, alpha: int, beta: int) -> float:
    """The coefficient β_k of the three-term recurrence."""
    total = alpha + beta
    twice = 2 * k + total
    if k == 1:
        return 4 * (1 + alpha) * (1 + beta) / ((2 + total) ** 2 * (3 + total))
    return 4 * k * (k + alpha) * (k + beta) * (k + total) / (twice**2 * (twice + 1) * (twice - 1))
