"""The formulas of a folded MACE that sends vectors, for numbers of any kind.

What is added and multiplied may be registers of a CPU, tensors of torch, or text that becomes a
kernel of a GPU: `w` knows how to multiply and add in one (`fma`), and what a plain number is
(`vector`).

With I_l = |A_l|² and the couplings q = [A_1 A_2]_1, p = [A_2 A_3]_1, t = [A_1 A_3]_2,
D = [A_2 A_2]_2 and S = [A_3 A_3]_2 of `couplings`, and weights β and γ, of one channel

    B = β_0 A_0 + Σ_l (β_{1+l} + β_{5+l} A_0) I_l + A_1·(β_9 q + β_10 p) + A_2·(β_11 D + β_12 S)
    V = (γ_0 + γ_1 A_0 + Σ_l γ_{4+l} I_l) A_1 + (γ_2 + γ_8 A_0) q + (γ_3 + γ_9 A_0) p
        + [(γ_10 q + γ_11 p) A_2]_1 + [(γ_12 t + γ_13 S) A_1]_1 + [(γ_14 S + γ_15 D) A_3]_1.
"""

from collections.abc import Iterator
from typing import Any

from scatter.mace.kernels.couplings import D, P, Q, S, T, Triple, sparse
from scatter.mace.kernels.harmonics import DEGREES, NORMS, ROWS, rows

Writer = Any  # what has `fma` and `vector`
Vector = Any  # what is added and multiplied
Vectors = list[Vector]
OUTER = {"u": (1, 2, 1), "m": (2, 1, 1), "n": (2, 3, 1)}  # the last three couplings of V
TABLES = {triple: sparse(triple) for triple in (Q, P, T, *OUTER.values())}
# Where a feature is coupled to itself, each pair of its components is taken once.
TABLES |= {
    triple: {(i, j, k): f * (1 + (i < j)) for (i, j, k), f in sparse(triple).items() if i <= j}
    for triple in (D, S)
}


def dot(w: Writer, one: Vectors, other: Vectors, start: Vector | None = None) -> Vector:
    """Σ a b of some vectors, and what it starts with."""
    value = one[0] * other[0] if start is None else w.fma(one[0], other[0], start)
    for a, b in zip(one[1:], other[1:], strict=True):
        value = w.fma(a, b, value)
    return value


class Bars:
    """Derivatives by vectors, which are added up."""

    def __init__(self, w: Writer, count: int):
        self.w, self.parts = w, [w.vector(0.0) for _ in range(count)]

    def add(self, factor: Vector, values: Vectors) -> None:
        """Add a multiple of as many values."""
        self.parts = [
            self.w.fma(factor, x, part) for x, part in zip(values, self.parts, strict=True)
        ]


def _couple(w: Writer, x: Vectors, y: Vectors, degrees: Triple) -> Vectors:
    """[x y], of these degrees."""
    out: list[Vector | None] = [None] * (2 * degrees[2] + 1)
    for (i, j, k), factor in TABLES[degrees].items():
        term, before = x[i] * y[j], out[k]
        out[k] = term * factor if before is None else w.fma(factor, term, before)
    return [value for value in out if value is not None]


def _couple_back(
    w: Writer, x: Vectors, y: Vectors, degrees: Triple, bar: Vectors,
    x_bar: Bars, y_bar: Bars,
) -> None:  # fmt: skip
    """The way back through `_couple`, added to the bars of x and y."""
    for (i, j, k), factor in TABLES[degrees].items():
        by = bar[k] * factor
        x_bar.parts[i] = w.fma(by, y[j], x_bar.parts[i])
        y_bar.parts[j] = w.fma(by, x[i], y_bar.parts[j])


def _sum(w: Writer, a: Vector, x: Vectors, b: Vector, y: Vectors) -> Vectors:
    """A x + b y."""
    return [w.fma(a, one, b * other) for one, other in zip(x, y, strict=True)]


class Features:
    """The features of one atom and channel, what is coupled of them, and the weights."""

    def __init__(self, w: Writer, a: Any, beta: Any, gamma: Any):
        """Take a_lm row by row, and the weights by their places, from whatever has an index."""
        self.w, self.beta, self.gamma = w, beta, gamma
        features = [a[row] * float(NORMS[row]) for row in range(ROWS)]
        self.a = [[features[row] for row in rows(degree)] for degree in DEGREES]
        self.squares = [dot(w, each, each) for each in self.a]
        self.q, self.p, self.t, self.d, self.s = (
            _couple(w, self.a[each[0]], self.a[each[1]], each) for each in (Q, P, T, D, S)
        )

    def scalar(self) -> Vector:
        """B."""
        w, a = self.w, self.a
        value = self.beta[0] * a[0][0]
        for degree, square in enumerate(self.squares):
            value = w.fma(self.by_square(degree), square, value)
        one = _sum(w, self.beta[9], self.q, self.beta[10], self.p)
        two = _sum(w, self.beta[11], self.d, self.beta[12], self.s)
        return value + dot(w, a[1], one) + dot(w, a[2], two)

    def by_square(self, degree: int) -> Vector:
        """∂B/∂I_l."""
        return self.w.fma(self.beta[5 + degree], self.a[0][0], self.beta[1 + degree])

    def fronts(self) -> Vectors:
        """What A_1, q and p are multiplied by in V."""
        a_0 = self.a[0][0]
        first = self.w.fma(self.gamma[1], a_0, self.gamma[0])
        for degree, square in enumerate(self.squares):
            first = self.w.fma(self.gamma[4 + degree], square, first)
        others = (self.w.fma(self.gamma[n + 6], a_0, self.gamma[n]) for n in (2, 3))
        return [first, *others]

    def outer(self) -> list[tuple[str, Vectors, int]]:
        """What is coupled with A_l to V, and l."""
        w, g = self.w, self.gamma
        return [
            ("u", _sum(w, g[10], self.q, g[11], self.p), 2),
            ("m", _sum(w, g[12], self.t, g[13], self.s), 1),
            ("n", _sum(w, g[14], self.s, g[15], self.d), 3),
        ]

    def covariants(self) -> Iterator[Vectors]:
        """The sixteen V_t, of which V is Σ γ_t V_t."""
        a_0 = self.a[0][0]
        yield self.a[1]
        yield [a_0 * x for x in self.a[1]]
        yield from (self.q, self.p)
        yield from ([square * x for x in self.a[1]] for square in self.squares)
        yield from ([a_0 * x for x in each] for each in (self.q, self.p))
        both = {"u": (self.q, self.p), "m": (self.t, self.s), "n": (self.s, self.d)}
        for name, left in both.items():
            for each in left:
                yield _couple(self.w, each, self.a[OUTER[name][1]], OUTER[name])

    def vector(self) -> Vectors:
        """V."""
        of_a, of_q, of_p = self.fronts()
        value = _sum(self.w, of_a, self.a[1], of_q, self.q)
        value = [self.w.fma(of_p, p, each) for p, each in zip(self.p, value, strict=True)]
        for name, left, degree in self.outer():
            more = _couple(self.w, left, self.a[degree], OUTER[name])
            value = [x + y for x, y in zip(value, more, strict=True)]
        return value


class Back:
    """The way back through the scalar and the vector of an atom."""

    def __init__(self, features: Features):
        w = features.w
        self.f, self.w = features, w
        self.a = [Bars(w, 2 * degree + 1) for degree in DEGREES]
        self.q, self.p = Bars(w, 3), Bars(w, 3)
        self.t, self.d, self.s = (Bars(w, 5) for _ in range(3))
        self.squares = [w.vector(0.0) for _ in DEGREES]

    def through_scalar(self, bar: Vector) -> None:
        """From B̄."""
        f = self.f
        by_a_0 = f.beta[0]
        for degree, square in enumerate(f.squares):
            by_a_0 = self.w.fma(f.beta[5 + degree], square, by_a_0)
            self.squares[degree] = bar * f.by_square(degree)
        self.a[0].parts[0] = bar * by_a_0
        places = (
            (9, 1, f.q, self.q),
            (10, 1, f.p, self.p),
            (11, 2, f.d, self.d),
            (12, 2, f.s, self.s),
        )
        for place, degree, value, its in places:
            weight = bar * f.beta[place]
            self.a[degree].add(weight, value)
            its.add(weight, f.a[degree])

    def through_vector(self, bar: Vectors) -> None:
        """From V̄."""
        f, w, a_0 = self.f, self.w, self.a[0].parts
        of_a, of_q, of_p = f.fronts()
        by = dot(w, bar, f.a[1])
        self.a[1].add(of_a, bar)
        a_0[0] = w.fma(f.gamma[1], by, a_0[0])
        for degree in DEGREES:
            self.squares[degree] = w.fma(f.gamma[4 + degree], by, self.squares[degree])
        for front, value, its, place in ((of_q, f.q, self.q, 8), (of_p, f.p, self.p, 9)):
            a_0[0] = w.fma(f.gamma[place], dot(w, bar, value), a_0[0])
            its.add(front, bar)
        self._through_outer(bar)

    def _through_outer(self, bar: Vectors) -> None:
        f = self.f
        parts = {"u": (self.q, self.p), "m": (self.t, self.s), "n": (self.s, self.d)}
        for first, (name, left, degree) in zip((10, 12, 14), f.outer(), strict=True):
            its = Bars(self.w, len(left))
            _couple_back(self.w, left, f.a[degree], OUTER[name], bar, its, self.a[degree])
            for place, part in enumerate(parts[name], first):
                part.add(f.gamma[place], its.parts)

    def features(self) -> Iterator[Vector]:
        """ā, row by row."""
        f = self.f
        bars = (Q, self.q), (P, self.p), (T, self.t), (D, self.d), (S, self.s)
        for its, bar in bars:
            x, y, _ = its
            _couple_back(self.w, f.a[x], f.a[y], its, bar.parts, self.a[x], self.a[y])
        for degree in DEGREES:
            self.a[degree].add(self.squares[degree] * 2.0, f.a[degree])
            for row, value in zip(rows(degree), self.a[degree].parts, strict=True):
                yield value * float(NORMS[row])
