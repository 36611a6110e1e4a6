"""Real spherical harmonics as polynomials, and the invariants of up to three of them.

With the unit vector n = (x, y, z), Y_lm(n) = c_lm p_lm(n) for l ≤ 3, where the mean of Y_lm² over
the sphere is one. The p_lm are scaled, and constants are added where |n| = 1 allows it, so that
every first derivative of a p_lm is again a p_lm of lower degree:

    row  p_lm              ∂/∂x   ∂/∂y   ∂/∂z
    0    1
    1    x                 1
    2    y                        1
    3    z                               1
    4    xy                y      x
    5    yz                       z      y
    6    xz                z             x
    7    (z² - 1/3)/2                    z
    8    (x² - y²)/2       x      -y
    9    y(3x² - y²)/6     xy     p_8
    10   xyz               yz     xz     xy
    11   y q               .      q      yz
    12   z(5z² - 3)/30                   q
    13   x q               q             xz
    14   z(x² - y²)/2      xz     -yz    p_8
    15   x(x² - 3y²)/6     p_8    -xy

with q = (z² - 1/5)/2, which is p_7 + 1/15.

A function on the sphere, Σ_lm A_lm Y_lm, has the invariants A_00, I_ll = Σ_m A_lm², and for three
degrees the mean over the sphere of the product of its parts of degree l_1, l_2 and l_3. For l ≤ 3
and even l_1 + l_2 + l_3 the triples below are all there are, each with one invariant.
"""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

DEGREES = (0, 1, 2, 3)
ROWS = 16
TRIPLES = ((0, 0, 0), (0, 1, 1), (0, 2, 2), (0, 3, 3), (1, 1, 2), (1, 2, 3), (2, 2, 2), (2, 3, 3))
INVARIANTS = 1 + len(DEGREES) + len(TRIPLES)  # A_00, the I_ll, the triples

# Row, axis, row of the derivative, its sign. Row 16 stands for q.
Q = 16
SLOPES = (
    (1, 0, 0, 1),
    (2, 1, 0, 1),
    (3, 2, 0, 1),
    (4, 0, 2, 1),
    (4, 1, 1, 1),
    (5, 1, 3, 1),
    (5, 2, 2, 1),
    (6, 0, 3, 1),
    (6, 2, 1, 1),
    (7, 2, 3, 1),
    (8, 0, 1, 1),
    (8, 1, 2, -1),
    (9, 0, 4, 1),
    (9, 1, 8, 1),
    (10, 0, 5, 1),
    (10, 1, 6, 1),
    (10, 2, 4, 1),
    (11, 1, Q, 1),
    (11, 2, 5, 1),
    (12, 2, Q, 1),
    (13, 0, Q, 1),
    (13, 2, 6, 1),
    (14, 0, 6, 1),
    (14, 1, 5, -1),
    (14, 2, 8, 1),
    (15, 0, 8, 1),
    (15, 1, 4, -1),
)


def rows(degree: int) -> range:
    """The rows of one degree l."""
    return range(degree**2, (degree + 1) ** 2)


def polynomials(x: Any, y: Any, z: Any) -> list[Any]:
    """p_lm row by row from row 1 on (p_0 = 1), and q, of a unit vector.

    The components are numbers, arrays, or anything that adds and multiplies.
    """
    xx, yy, half = x * x, y * y, z * z * 0.5
    d, q = (xx - yy) * 0.5, half - 0.1
    return [
        x,
        y,
        z,
        x * y,
        y * z,
        x * z,
        half - 1 / 6,
        d,
        y * (xx * 0.5 - yy * (1 / 6)),
        x * y * z,
        y * q,
        z * (half * (1 / 3) - 0.1),
        x * q,
        z * d,
        x * (xx * (1 / 6) - yy * 0.5),
        q,
    ]


def sphere() -> tuple[NDArray, NDArray]:
    """Points on the unit sphere, shape (point, 3), and weights, exact for polynomials to degree 15.

    Gauss and Legendre's rule in z, and equal steps around it.
    """
    z, weight = np.polynomial.legendre.leggauss(8)
    angle = 2 * np.pi * np.arange(16) / 16
    ring = np.sqrt(1 - z * z)[:, None]
    points = np.stack(
        [ring * np.cos(angle), ring * np.sin(angle), z[:, None] * np.ones(16)], axis=-1
    )
    return points.reshape(-1, 3), np.repeat(weight / 32, 16)


def triple_products(
    harmonics: Callable[[NDArray], NDArray], triple: Sequence[int]
) -> dict[tuple[int, int, int], float]:
    """Mean over the sphere of Y_a Y_b Y_c, where it is not zero, for rows of these three degrees.

    Args:
        harmonics: values of all rows, shape (point, 16), at points of shape (point, 3).
        triple: the degrees l_1, l_2, l_3.
    """
    points, weight = sphere()
    y = harmonics(points)
    products = {}
    for a, b, c in product(*(rows(degree) for degree in triple)):
        mean = float((weight * y[:, a] * y[:, b] * y[:, c]).sum())
        if abs(mean) > 1e-12:
            products[a, b, c] = mean
    return products


def _unscaled(points: NDArray) -> NDArray:
    return np.stack([np.ones(len(points)), *polynomials(*points.T)[:-1]], axis=-1)


def _norms() -> NDArray:
    points, weight = sphere()
    return 1 / np.sqrt((weight[:, None] * _unscaled(points) ** 2).sum(axis=0))


NORMS = _norms()  # c_lm


def harmonics(points: NDArray) -> NDArray:
    """Y_lm of unit vectors: shape (point, 3) in, (point, 16) out."""
    return NORMS * _unscaled(points)


def monomials(triple: Sequence[int]) -> dict[tuple[int, int, int], float]:
    """The invariant of three degrees as a polynomial of a_lm = A_lm / c_lm.

    Returns:
        The coefficient of a_i a_j a_k for rows i ≤ j ≤ k.
    """
    factors: dict[tuple[int, int, int], float] = {}
    for index, mean in triple_products(harmonics, triple).items():
        i, j, k = sorted(index)
        factors[i, j, k] = factors.get((i, j, k), 0.0) + mean * float(np.prod(NORMS[[i, j, k]]))
    return factors
