"""The messages of atoms that send scalars and vectors, for numbers of any kind.

A path takes what is sent and a harmonic to a message; see `couplings`. Of `w`, and of what is added
and multiplied, see `vector_formulas`.
"""

from scatter.mace.kernels.couplings import PATHS, Triple, of_polynomials
from scatter.mace.kernels.harmonics import rows
from scatter.mace.kernels.vector_formulas import Vector, Vectors, Writer

SENT = 4  # a scalar, and the components of a vector
MESSAGES = {path: of_polynomials(path) for path in PATHS if path[0]}


def along(path: Triple, sent: Vectors) -> Vectors:
    """What is sent along a path, of a scalar and the components of a vector."""
    return sent[1:] if path[0] else sent[:1]


def message(w: Writer, path: Triple, sent: Vectors, y: Vectors) -> Vectors:
    """The components of a path's message, from what is sent, its radial function included."""
    own = [y[row] for row in rows(path[1])]
    if not path[0]:
        return [sent[0] * value for value in own]
    out: list[Vector | None] = [None] * (2 * path[2] + 1)
    for (i, j, k), factor in MESSAGES[path].items():
        weight, before = own[j] * factor, out[k]
        out[k] = sent[i] * weight if before is None else w.fma(sent[i], weight, before)
    return [value for value in out if value is not None]


def _spread(w: Writer, path: Triple, bars: Vectors) -> list[list[Vector | None]]:
    """Σ_k C_ijk m̄_k of a path for each component i of what is sent and j of the harmonic."""
    spread: list[list[Vector | None]] = [[None] * (2 * path[1] + 1) for _ in range(3)]
    for (i, j, k), factor in MESSAGES[path].items():
        before = spread[i][j]
        spread[i][j] = bars[k] * factor if before is None else w.fma(factor, bars[k], before)
    return spread


def _weighted(w: Writer, pairs: list[tuple[Vector | None, Vector]]) -> Vector:
    """Σ of products, where there are any."""
    known = [(one, other) for one, other in pairs if one is not None]
    if not known:
        return w.vector(0.0)
    value = known[0][0] * known[0][1]
    for one, other in known[1:]:
        value = w.fma(one, other, value)
    return value


class Way:
    """The way back through a pair's messages to one of its atoms, along one path."""

    def __init__(self, w: Writer, path: Triple, y: Vectors, bars: Vectors):
        self.w, self.own = w, [y[row] for row in rows(path[1])]
        self.spread: list[list[Vector | None]] = _spread(w, path, bars) if path[0] else [[*bars]]

    def answers(self) -> Vectors:
        """Derivatives by what is sent, less the radial function."""
        return [_weighted(self.w, [*zip(line, self.own, strict=True)]) for line in self.spread]

    def by_harmonics(self, sent: Vectors) -> Vectors:
        """Derivatives by the harmonics, from what is sent and the radial function."""
        lines = zip(*self.spread, strict=True)
        return [_weighted(self.w, [*zip(line, sent, strict=True)]) for line in lines]
