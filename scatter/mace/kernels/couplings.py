"""Couplings of features to vectors, and the messages of atoms that send scalars and vectors.

Two features x and y of degrees l_1 and l_2 are coupled to the degree l_3 by the means over the
sphere of three harmonics, which for even l_1 + l_2 + l_3 are Clebsch and Gordan's coefficients up
to a factor:

    [x y]_k = Σ_ij ⟨Y_i Y_j Y_k⟩ x_i y_j.

A tree stands for what is coupled: a degree l for A_l itself, (tree, tree, l) for two coupled to l.
For l ≤ 3 and three features at most there are sixteen vectors of natural parity; all others are
combinations of those in `VECTORS`.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from scatter.mace.kernels.harmonics import NORMS, harmonics, rows, triple_products

Tree: TypeAlias = "int | tuple[Tree, Tree, int]"
Triple = tuple[int, int, int]
Couplings = dict[Triple, float]
Harmonics = Callable[[NDArray], NDArray]

Q, P, T, D, S = (1, 2, 1), (2, 3, 1), (1, 3, 2), (2, 2, 2), (3, 3, 2)
VECTORS: tuple[Tree, ...] = (
    1,
    (0, 1, 1),
    Q,
    P,
    (0, (0, 1, 1), 1),
    ((1, 1, 0), 1, 1),
    ((2, 2, 0), 1, 1),
    ((3, 3, 0), 1, 1),
    (0, Q, 1),
    (0, P, 1),
    (Q, 2, 1),
    (P, 2, 1),
    (T, 1, 1),
    (S, 1, 1),
    (S, 3, 1),
    (D, 3, 1),
)
ORDERS = (slice(0, 1), slice(1, 4), slice(4, 16))  # where those of one, two and three features are

# Degrees of what is sent, of the harmonic, and of the message; by the last.
PATHS = (
    (0, 0, 0),
    (1, 1, 0),
    (0, 1, 1),
    (1, 0, 1),
    (1, 2, 1),
    (0, 2, 2),
    (1, 1, 2),
    (1, 3, 2),
    (0, 3, 3),
    (1, 2, 3),
)
STARTS = tuple(np.cumsum([0, *(2 * degree + 1 for _, _, degree in PATHS)]).tolist())
MESSAGE_ROWS = STARTS[-1]  # 40
SCALAR_PATHS = tuple((0, degree, degree) for degree in range(4))  # of atoms that send scalars alone


def coupling(of: Harmonics, degrees: Triple) -> NDArray:
    """⟨Y_i Y_j Y_k⟩ of all components of three degrees, shape (2 l_1 + 1, 2 l_2 + 1, 2 l_3 + 1)."""
    first = [rows(degree)[0] for degree in degrees]
    dense = np.zeros([2 * degree + 1 for degree in degrees])
    for place, mean in triple_products(of, degrees).items():
        dense[tuple(np.subtract(place, first))] = mean
    return dense


def degree_of(tree: Tree) -> int:
    """The l of what a tree stands for."""
    return tree if isinstance(tree, int) else tree[2]


def sparse(degrees: Triple) -> Couplings:
    """Our couplings by components, each counted from 0, where they are not zero."""
    dense = coupling(harmonics, degrees)
    places = np.argwhere(dense).tolist()
    return {(i, j, k): float(dense[i, j, k]) for i, j, k in places}


def of_polynomials(path: Triple) -> Couplings:
    """The couplings of a message where harmonics and messages are measured in c_lm.

    m_k / c_k = Σ_ij (⟨Y_i Y_j Y_k⟩ c_j / c_k) x_i p_j
    """
    _, own, out = path
    norms, divisors = NORMS[rows(own)], NORMS[rows(out)]
    return {(i, j, k): f * float(norms[j] / divisors[k]) for (i, j, k), f in sparse(path).items()}
