"""Write `scatter/kernels/gpu/products.py`: invariants of up to three features, and their slopes.

    python scripts/gpu_products.py

Triton reads the source of what it compiles, so that the polynomials, which the other kernels make
as they go, must stand in a file. A test asks that it is the file that this program writes.
"""

import subprocess
import sys
from pathlib import Path

from scatter.kernels.harmonics import DEGREES, NORMS, ROWS, TRIPLES, monomials, rows

TARGET = Path(__file__).parents[1] / "scatter" / "kernels" / "gpu" / "products.py"
FIRST_CUBIC = 1 + len(DEGREES)
HEADER = '''\
"""Invariants of up to three features and slopes; written by `scripts/gpu_products.py`.

The features are a_lm = A_lm / c_lm, a tuple of 16; the weights β_t, a tuple of 5, or of 13 with
products of three. The derivation is in `docs/theory_mace.md`.
"""

import triton
import triton.language as tl
'''


def squares() -> str:
    """Σ_l β_l Σ_m c_lm² a_lm²."""
    terms = []
    for degree in DEGREES:
        inner = " + ".join(
            f"{float(NORMS[row] ** 2)!r} * a[{row}] * a[{row}]" for row in rows(degree)
        )
        terms.append(f"b[{1 + degree}] * ({inner})")
    return " + ".join(terms)


def cubes() -> str:
    """Σ_t β_t Σ f a_i a_j a_k."""
    terms = []
    for place, triple in enumerate(TRIPLES, FIRST_CUBIC):
        inner = [f"{f!r} * a[{i}] * a[{j}] * a[{k}]" for (i, j, k), f in monomials(triple).items()]
        terms.append(f"b[{place}] * ({' + '.join(inner)})")
    return " + ".join(terms)


def slopes(row: int) -> str:
    """What cubes give to the slope by one feature."""
    terms = []
    for place, triple in enumerate(TRIPLES, FIRST_CUBIC):
        inner = []
        for (i, j, k), factor in monomials(triple).items():
            for one, first, second in ((i, j, k), (j, i, k), (k, i, j)):
                if one == row:
                    inner.append(f"{factor!r} * a[{first}] * a[{second}]")
        if inner:
            terms.append(f"b[{place}] * ({' + '.join(inner)})")
    return " + ".join(terms)


def function(name: str, meaning: str, values: list[str]) -> str:
    """The source of one function."""
    answer = values[0] if len(values) == 1 else f"({', '.join(values)},)"
    return f'\n\n@triton.jit\ndef {name}(a, b):\n    """{meaning}"""\n    return {answer}\n'


def weights(name: str, count: int) -> str:
    """The source of what loads the weights."""
    loads = ", ".join(f"tl.load(beta + {place} * stride)" for place in range(count))
    return (
        f"\n\n@triton.jit\ndef {name}(beta, stride):\n"
        f'    """β_t, one invariant\'s `stride` after another\'s."""\n    return ({loads})\n'
    )


def source() -> str:
    """The whole file, formatted."""
    degree_of = [degree for degree in DEGREES for _ in rows(degree)]
    twice = [f"{float(2 * NORMS[row] ** 2)!r} * b[{1 + degree_of[row]}] * a[{row}]"
             for row in range(ROWS)]  # fmt: skip
    twice[0] = f"b[0] + {twice[0]}"
    quadratic = f"b[0] * a[0] + {squares()}"
    parts = [
        HEADER,
        weights("weights_2", FIRST_CUBIC),
        weights("weights_3", FIRST_CUBIC + len(TRIPLES)),
        function("product_2", "Σ_t β_t I_t(a) of one and two features.", [quadratic]),
        function("product_3", "What products of three features add to it.", [cubes()]),
        function("slopes_2", "Its slopes by the features.", twice),
        function("slopes_3", "What three features add to these.", [*map(slopes, range(ROWS))]),
    ]
    text = "".join(parts)
    ruff = [str(Path(sys.executable).with_name("ruff")), "format", "--line-length", "100", "-"]
    return subprocess.run(ruff, input=text, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    TARGET.write_text(source(), encoding="utf-8")
