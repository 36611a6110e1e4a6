"""B-splines of the fifth degree on a uniform grid: coefficients, and the pieces they are made of.

NumPy alone, so that it serves wherever a folded model is opened.
"""

from math import comb, factorial

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

DEGREE = 5  # of the splines


def spline_pieces(degree: int) -> list[Polynomial]:
    """The pieces of the uniform B-spline of this degree.

    Between the knots k and k + 1, at k + u, a spline is Σ_j w_j(u) C_j with the coefficients
    C_j of the knots from k - (degree - 1)/2 on; the answer is the w_j.
    """
    pieces = []
    for j in range(degree + 1):
        found = Polynomial([0.0])
        for i in range(degree - j + 1):
            sign = (-1) ** i * comb(degree + 1, i) / factorial(degree)
            found = found + sign * Polynomial([degree - j - i, 1.0]) ** degree
        pieces.append(found)
    return pieces


def coefficients(samples: NDArray) -> NDArray:
    """Coefficients C_k of the spline through samples, which go on beyond their ends as in a mirror.

    Mirrored, the samples are periodic, and Σ_j w_j(0) C_{k+j} = R_k is a product of Fourier
    transforms.

    Args:
        samples: R(k h) along the second axis.
    """
    size = 2 * samples.shape[1] - 2
    mirrored = np.concatenate([samples, samples[:, -2:0:-1]], axis=1)
    angle = 2 * np.pi * np.arange(size // 2 + 1) / size
    middle, near, far = (spline_pieces(DEGREE)[j](0.0) for j in (2, 1, 0))
    response = middle + 2 * near * np.cos(angle) + 2 * far * np.cos(2 * angle)
    shape = (1, -1) + (1,) * (samples.ndim - 2)
    found = np.fft.rfft(mirrored, axis=1) / response.reshape(shape)
    return np.fft.irfft(found, size, axis=1)[:, : samples.shape[1]]


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
    found = np.zeros((len(samples), knots, samples.shape[2], DEGREE + 1, samples.shape[3]))
    for j, piece in enumerate(spline_pieces(DEGREE)):
        here = spline[:, first + j : first + j + knots]
        for p, factor in enumerate(piece.coef):
            found[:, :, :, p] += factor * here
    return found
