"""Products of real and of complex A, into one another.

Complex harmonics have the sign of Condon and Shortley and, like real ones, a mean square of one:

    Y_l^m = (-1)^m (Y_lm + i Y_l,-m) / √2,   Y_l^-m = (Y_lm - i Y_l,-m) / √2   for m > 0.

An energy is the real part of a sum of products of complex A. The two products with all m and with
all -m are complex conjugates where Σ m = 0, so one of them is enough.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import product
from math import sqrt

Factor = tuple[int, int, int, int]  # species, n, l, m
Products = dict[tuple[Factor, ...], float]

HALF = 1 / sqrt(2)


def _real_parts(m: int) -> list[tuple[int, complex]]:
    """Y_l^m by real harmonics: their m, and factors."""
    if m == 0:
        return [(0, 1.0)]
    if m > 0:
        return [(m, (-1) ** m * HALF), (-m, 1j * (-1) ** m * HALF)]
    return [(-m, HALF), (m, -1j * HALF)]


def _complex_parts(m: int) -> list[tuple[int, complex]]:
    """Y_lm by complex harmonics: their m, and factors."""
    if m == 0:
        return [(0, 1.0)]
    if m > 0:
        return [(m, (-1) ** m * HALF), (-m, HALF)]
    return [(-m, -1j * (-1) ** m * HALF), (m, 1j * HALF)]


def _expanded(
    products: Iterable[tuple[tuple[Factor, ...], float]], complex_: bool
) -> dict[tuple[Factor, ...], complex]:
    parts = _complex_parts if complex_ else _real_parts
    expanded: dict[tuple[Factor, ...], complex] = defaultdict(complex)
    for factors, c in products:
        for choice in product(*(parts(m) for *_, m in factors)):
            value = c
            for _, part in choice:
                value = value * part
            key = sorted((*f[:3], m) for f, (m, _) in zip(factors, choice, strict=True))
            expanded[tuple(key)] += value
    return expanded


def to_real(products: Iterable[tuple[tuple[Factor, ...], float]]) -> Products:
    """The real part of a sum of products of complex A, as products of real A."""
    real = {key: value.real for key, value in _expanded(products, False).items()}
    return _without_traces(real)


def to_complex(products: Mapping[tuple[Factor, ...], float]) -> tuple[Products, float]:
    """Products of real A as products of complex A whose real part is to be taken.

    Returns:
        The products, with Σ m = 0 and one of each conjugate pair; and the largest coefficient that
        is left over, a fraction of the largest of all. It is zero, but for rounding, if the sum
        is invariant under rotations and reflections.
    """
    expanded: Products = defaultdict(float)
    rest, largest = 0.0, 0.0
    for key, value in _expanded(products.items(), True).items():
        largest = max(largest, abs(value))
        if sum(m for *_, m in key):
            rest = max(rest, abs(value))
            continue
        rest = max(rest, abs(value.imag))
        other = tuple(sorted((z, n, degree, -m) for z, n, degree, m in key))
        expanded[min(key, other)] += value.real
    return _without_traces(expanded), rest / largest if largest else 0.0


def _without_traces(products: Products) -> Products:
    """The same without what rounding has left of terms that cancel."""
    least = 1e-14 * max(map(abs, products.values()), default=0.0)
    return {key: value for key, value in products.items() if abs(value) > least}
