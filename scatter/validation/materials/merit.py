"""How near a potential is to its reference, by categories, and as one number.

With the numbers p of a category on the potential and r on the reference, its error and score are

    ε = |p - r| / |r|,    S = 100 / (1 + ε / τ),

where |·| is the root of the sum of squares and τ the error that scores 50. What the reference has
and the potential lacks, such as the free energy of a crystal that is not stable on it, scores 0; a
category that the reference lacks is left out. The figure of merit M is the mean of S over the
categories of a crystal, and of several crystals the mean of theirs. The formula is ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from jaxtyping import Float

Vectors = Mapping[str, Float[np.ndarray, " number"]]

# τ: what is a coarse error for a potential that learnt the crystal
HALF = {
    "lattice": 0.01,
    "energy and volume": 0.1,
    "elastic constants": 0.1,
    "phonons": 0.05,
    "free energies": 0.05,
    "energies": 0.1,
    "forces": 0.1,
    "virials": 0.1,
}


@dataclass(frozen=True)
class Score:
    """A category.

    Attributes:
        category: one of `HALF`.
        error: ε; infinite where the potential lacks what the reference has.
        score: S.
    """

    category: str
    error: float
    score: float


def scores(own: Vectors, reference: Vectors) -> list[Score]:
    """ε and S of every category that the reference has; NaN is a number that is not there."""
    errors = {name: _error(own[name], r) for name, r in reference.items() if np.isfinite(r).any()}
    return [Score(name, each, 100 / (1 + each / HALF[name])) for name, each in errors.items()]


def _error(p: Float[np.ndarray, " number"], r: Float[np.ndarray, " other"]) -> float:
    if p.shape != r.shape or np.isnan(p[np.isfinite(r)]).any():
        return inf
    known = np.isfinite(r)
    return float(np.linalg.norm((p - r)[known]) / np.linalg.norm(r[known]))


def merit(parts: Sequence[Score]) -> float:
    """M of one crystal."""
    return float(np.mean([each.score for each in parts]))
