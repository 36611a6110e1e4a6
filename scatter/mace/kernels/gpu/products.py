"""Loops over features, their invariants and slopes, written out when this module is imported.

The features are a_lm = A_lm / c_lm, a tuple of 16; the weights β_t, a tuple of 5, or of 13 with
products of three. The derivation is in `docs/theory_mace.md`. Triton compiles the source of a
function, which it finds by `inspect`: so the source is put where that looks, into `linecache`.
"""

import triton  # noqa: F401
import triton.language as tl  # noqa: F401

from scatter.mace.kernels.gpu.text import define, radials
from scatter.mace.kernels.harmonics import DEGREES, NORMS, ROWS, TRIPLES, monomials, rows

FIRST_CUBIC = 1 + len(DEGREES)
DEGREE_OF = [degree for degree in DEGREES for _ in rows(degree)]


def _squares() -> str:
    """Σ_l β_l Σ_m c_lm² a_lm²."""
    terms = []
    for degree in DEGREES:
        inner = " + ".join(
            f"{float(NORMS[row] ** 2)!r} * a[{row}] * a[{row}]" for row in rows(degree)
        )
        terms.append(f"b[{1 + degree}] * ({inner})")
    return " + ".join(terms)


def _cubes() -> str:
    """Σ_t β_t Σ f a_i a_j a_k."""
    terms = []
    for place, triple in enumerate(TRIPLES, FIRST_CUBIC):
        inner = [f"{f!r} * a[{i}] * a[{j}] * a[{k}]" for (i, j, k), f in monomials(triple).items()]
        terms.append(f"b[{place}] * ({' + '.join(inner)})")
    return " + ".join(terms)


def _slopes(row: int) -> str:
    """What cubes give to the slope by one feature."""
    terms = []
    for place, triple in enumerate(TRIPLES, FIRST_CUBIC):
        inner = []
        for (i, j, k), factor in monomials(triple).items():
            for by, first, second in ((i, j, k), (j, i, k), (k, i, j)):
                if by == row:
                    inner.append(f"{factor!r} * a[{first}] * a[{second}]")
        if inner:
            terms.append(f"b[{place}] * ({' + '.join(inner)})")
    return " + ".join(terms)


def _function(name: str, arguments: str, values: list[str]) -> str:
    answer = values[0] if len(values) == 1 else f"({', '.join(values)},)"
    return f"@triton.jit\ndef {name}({arguments}):\n    return {answer}\n"


def _weights(name: str, count: int) -> str:
    """What loads β_t, one invariant's `stride` after another's."""
    loads = [f"tl.load(beta + {place} * stride)" for place in range(count)]
    return _function(name, "beta, stride", loads)


def _features() -> list[str]:
    """Functions of tuples of 16 features: what is done to each."""
    each = range(ROWS)
    loads = ["tl.load(base)", "tl.load(base + C)"]
    added = [f"a[{k}] + r[{DEGREE_OF[k]}] * p[{k - 1}]" for k in each[1:]]  # a_lm + r_l p_lm
    s = [" + ".join(f"p[{k - 1}] * bar[{k}]" for k in rows(degree)) for degree in DEGREES[1:]]
    return [
        _function("sixteen", "x", ROWS * ["x"]),
        _function("rows_of", "base, C", loads + [f"tl.load(base + {k} * C)" for k in each[2:]]),
        _function("sums_of", "a", [f"tl.sum(a[{k}], 0)" for k in each]),  # over the neighbours
        _function("scaled", "a, by", [f"by * a[{k}]" for k in each]),
        _function("scaled_sum", "a, b, by", [f"by * (a[{k}] + b[{k}])" for k in each]),
        _function("added", "a, r, p", ["a[0] + r[0]", *added]),
        _function("dotted", "a, b", [" + ".join(f"a[{k}] * b[{k}]" for k in each)]),
        _function("answers", "p, bar", ["bar[0] + 0.0 * p[0]", *s]),  # s_l = Σ_m p_lm ā_lm
    ]


def parts() -> list[str]:
    """The functions: of pairs, of features, Σ_t β_t I_t of one and two, what three add, slopes."""
    twice = [
        f"{float(2 * NORMS[row] ** 2)!r} * b[{1 + DEGREE_OF[row]}] * a[{row}]"
        for row in range(ROWS)
    ]
    twice[0] = f"b[0] + {twice[0]}"
    return [
        *radials(len(DEGREES)),
        *_features(),
        _weights("weights_2", FIRST_CUBIC),
        _weights("weights_3", FIRST_CUBIC + len(TRIPLES)),
        _function("product_2", "a, b", [f"b[0] * a[0] + {_squares()}"]),
        _function("product_3", "a, b", [_cubes()]),
        _function("slopes_2", "a, b", twice),
        _function("slopes_3", "a, b", [*map(_slopes, range(ROWS))]),
    ]


define(globals(), parts())
