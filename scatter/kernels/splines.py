"""B-splines of the fifth degree on a uniform grid: coefficients, and the pieces they are made of.

NumPy alone, so that it serves wherever a folded model is opened.
"""

from math import comb, factorial, sqrt

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

DEGREE = 5  # of the splines
REACH = 64  # samples after which the larger root has no power left


def spline_pieces(degree: int) -> list[Polynomial]:
    """The pieces of the uniform B-spline of this degree.

    Between the knots k and k + 1, at k + u, a spline is Σ_j w_j(u) C_j with the coefficients
    C_j of the knots from k - (degree - 1)/2 on; the answer is the w_j.
    """
    pieces = []
    for j in range(degree + 1):
        piece = Polynomial([0.0])
        for i in range(degree - j + 1):
            sign = (-1) ** i * comb(degree + 1, i) / factorial(degree)
            piece = piece + sign * Polynomial([degree - j - i, 1.0]) ** degree
        pieces.append(piece)
    return pieces


def coefficients(samples: NDArray) -> NDArray:
    """Coefficients C_k of the spline through samples, which go on beyond their ends as in a mirror.

    Σ_j w_j(0) C_{k+j} = R_k is solved by a recursion there and back for each root within the unit
    circle. Unlike a Fourier transform it keeps the size of a wall to the wall's own place.

    Args:
        samples: R(k h) along the second axis.

    Source: Unser, Aldroubi & Eden, IEEE Trans. Signal Process. 41, 821 (1993).
    """
    far, near, middle = (float(piece(0.0)) for piece in spline_pieces(DEGREE)[:3])
    c = np.moveaxis(np.array(samples, float), 1, 0) / far
    for sign in (1, -1):  # far (z² + z⁻²) + near (z + z⁻¹) + middle = 0
        total = (-near - sign * sqrt(near**2 - 4 * far * (middle - 2 * far))) / (2 * far)
        c = _solved(c, 2 / (total - sqrt(total**2 - 4)))
    return np.moveaxis(c, 0, 1)


def _solved(samples: NDArray, root: float) -> NDArray:
    """Solve C_{k-1} - (root + 1/root) C_k + C_{k+1} = R_k along the first axis."""
    last = len(samples) - 1
    place = np.arange(min(REACH, 2 * last))
    solution = np.empty_like(samples)
    mirrored = samples[np.minimum(place, 2 * last - place)]
    solution[0] = np.tensordot(root**place, mirrored, axes=1)
    for k in range(1, last + 1):
        solution[k] = samples[k] + root * solution[k - 1]
    solution[last] = root / (root**2 - 1) * (solution[last] + root * solution[last - 1])
    for k in range(last - 1, -1, -1):
        solution[k] = root * (solution[k + 1] - solution[k])
    return solution


def polynomials_between(samples: NDArray, margin: int) -> NDArray:
    """The same spline as one polynomial between each two knots: R((k + u) h) = Σ_p P_kp u^p.

    Its slope, R' h = Σ_p p P_kp u^(p-1), then follows from the same numbers without a difference
    of large ones.

    Args:
        samples: R((k - margin) h), shape (table, sample, l, channel).
        margin: samples before r = 0, and behind the last r.

    Returns:
        P, shape (table, knot, l, p, channel), for the knots from r = 0 to the last r.
    """
    knots = samples.shape[1] - 2 * margin
    spline, first = coefficients(samples), margin - (DEGREE - 1) // 2
    pieces = np.zeros((len(samples), knots, samples.shape[2], DEGREE + 1, samples.shape[3]))
    for j, piece in enumerate(spline_pieces(DEGREE)):
        here = spline[:, first + j : first + j + knots]
        for p, factor in enumerate(piece.coef):
            pieces[:, :, :, p] += factor * here
    return pieces
