"""Products of real spherical harmonics that rotations and reflections leave as they are.

A monomial of harmonics Π_k Y_{l_k m_k} is turned by the generator of a rotation as by a derivation,

    L (Y_a Y_b ...) = (L Y_a) Y_b ... + Y_a (L Y_b) ... + ...,

so the invariants of given degrees l_k are the common null space of L_x and L_z (and then of their
commutator L_y) on all monomials of these degrees. Of factors that are the same function but for
m, monomials are symmetric; that is how permutations enter. An even Σ l_k makes an invariant of
rotations one of reflections too.

Sources: Dusson et al., J. Comput. Phys. 454, 110946 (2022); the derivation is our own.
"""

from collections.abc import Sequence
from functools import cache
from itertools import chain, combinations_with_replacement, product
from math import factorial, prod, sqrt

import numpy as np
import scipy.linalg
from jaxtyping import Float

Groups = tuple[tuple[int, int], ...]  # degree l and number of factors alike, in order of both
Monomial = tuple[int, ...]  # the m of every factor; those of factors alike do not decrease

SMALL = 1e-9  # what is zero among numbers of order one


@cache
def invariants(groups: Groups) -> tuple[list[Monomial], Float[np.ndarray, "invariant monomial"]]:
    """Monomials, and the coefficients of orthonormal invariants in them.

    Orthonormal as symmetric tensors: a monomial with k_i factors i out of k alike counts
    Π k_i! / k! times its coefficient squared.

    Args:
        groups: degree and number of factors alike, for each different factor, increasing.

    Returns:
        The monomials that any invariant holds, and a row for each invariant.
    """
    if sum(degree * count for degree, count in groups) % 2:
        return [], np.zeros((0, 0))
    monomials = _monomials(groups)
    root = np.sqrt([_weight(monomial, groups) for monomial in monomials])
    turned = (_derivation(monomials, groups, axis) / root * root[:, None] for axis in (0, 1))
    # the squares' eigenvalues are of order one where they are not zero
    size, vectors = np.linalg.eigh(sum(turn.T @ turn for turn in turned))
    null = vectors[:, size < SMALL].T
    projector = null.T @ null  # unlike its vectors, the null space is unique
    columns = np.asarray(scipy.linalg.qr(projector, pivoting=True)[0])
    coefficients = columns[:, : len(null)].T / root
    used = np.abs(coefficients).max(axis=0, initial=0) > SMALL
    coefficients[np.abs(coefficients) < SMALL] = 0
    return [monomial for monomial, use in zip(monomials, used, strict=True) if use], coefficients[
        :, used
    ]


def _monomials(groups: Groups) -> list[Monomial]:
    choices = [
        combinations_with_replacement(range(-degree, degree + 1), count) for degree, count in groups
    ]
    return [tuple(chain(*parts)) for parts in product(*choices)]


def _split(monomial: Monomial, groups: Groups) -> list[Monomial]:
    ends = np.cumsum([count for _, count in groups]).tolist()
    return [monomial[end - count : end] for end, (_, count) in zip(ends, groups, strict=True)]


def _weight(monomial: Monomial, groups: Groups) -> float:
    parts = _split(monomial, groups)
    return prod(
        prod(factorial(part.count(m)) for m in set(part)) / factorial(len(part)) for part in parts
    )


def _derivation(
    monomials: Sequence[Monomial], groups: Groups, axis: int
) -> Float[np.ndarray, "monomial monomial"]:
    """What a generator makes of the coefficients of monomials; axis 0 is z, and 1 is x."""
    place = {monomial: n for n, monomial in enumerate(monomials)}
    degrees = [degree for degree, count in groups for _ in range(count)]
    matrix = np.zeros((len(monomials), len(monomials)))
    for column, monomial in enumerate(monomials):
        for k, degree in enumerate(degrees):
            slopes = generators(degree)[axis][monomial[k] + degree]
            for m in np.flatnonzero(slopes):
                other = (*monomial[:k], int(m) - degree, *monomial[k + 1 :])
                parts = (tuple(sorted(part)) for part in _split(other, groups))
                matrix[place[tuple(chain(*parts))], column] += slopes[m]
    return matrix


@cache
def generators(degree: int) -> Float[np.ndarray, "2 m m"]:
    """Of rotations about z and x: L Y_la = Σ_b L_ab Y_lb for real harmonics of degree l.

    From those of complex harmonics, whose real and imaginary parts (without Condon and Shortley's
    sign) the real ones are.
    """
    m = np.arange(-degree, degree + 1)
    to_complex = np.zeros((len(m), len(m)), complex)
    for k in range(1, degree + 1):
        plus, minus = degree + k, degree - k
        to_complex[plus, [minus, plus]] = np.array([1, (-1) ** k]) / sqrt(2)
        to_complex[minus, [minus, plus]] = np.array([1, -((-1) ** k)]) * 1j / sqrt(2)
    to_complex[degree, degree] = 1
    up = np.diag(np.sqrt(degree * (degree + 1) - m[:-1] * m[1:]), -1)
    about = (np.diag(m).astype(complex), (up + up.T) / 2)
    return np.array([(to_complex @ (-1j * axis.T) @ to_complex.conj().T).real for axis in about])
