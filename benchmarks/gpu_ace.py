"""A linear ACE of the default shape with random products, with NumPy alone; or one of a file."""

import os
from collections.abc import Iterator
from functools import cache
from itertools import combinations_with_replacement, product
from pathlib import Path

import numpy as np

from scatter.ace.file import MARGIN, ORDERS, VERSION, LinearAce

DEFAULT, TOY = (12, 10, 8), (6, 5, 4)  # D_N of orders two to four, as in `scatter fit ace`
SIZES = (6e-4, 1.2e-4, 3e-5)  # eV, of the products: forces of some eV/Å on hot copper
MORSE = {  # depth (eV), steepness (1/Å), distance (Å)
    (0, 0): (4.7, 1.95, 0.74), (0, 1): (0.3, 1.4, 1.6), (1, 0): (0.3, 1.4, 1.6),
    (1, 1): (0.34, 1.36, 2.87),
}  # fmt: skip


@cache
def linear_ace(toy: bool) -> LinearAce:
    """The model of the file that `SCATTER_ACE` names, else one of random products."""
    if file := os.environ.get("SCATTER_ACE"):
        return LinearAce.read(Path(file))
    return random_ace(TOY if toy else DEFAULT)


def _factors(limit: float, weight_l: float) -> list[tuple[float, tuple[int, int, int]]]:
    """Levels, and z, n and l."""
    found = [
        (n + (z + 1) / 2 + weight_l * degree, (z, n, degree))
        for z in range(2) for n in range(int(limit) + 1)
        for degree in range(int(limit / weight_l) + 1)
    ]  # fmt: skip
    return sorted(one for one in found if one[0] <= limit)


def _even(values: tuple[int, ...]) -> bool:
    """Whether an invariant may hold the product of harmonics with these m."""
    first, *rest = map(abs, values)
    signs = product((1, -1), repeat=len(rest))
    sums = [first + sum(s * m for s, m in zip(sign, rest, strict=True)) for sign in signs]
    return sum(m < 0 for m in values) % 2 == 0 and 0 in sums


def _products(order: int, limit: float, weight_l: float = 1.5) -> Iterator[tuple]:
    """Factors (z, n, l, m) of the products of an order."""
    for chosen in combinations_with_replacement(_factors(limit, weight_l), order):
        degrees = [factor[2] for _, factor in chosen]
        if sum(level for level, _ in chosen) > limit + 1e-9 or sum(degrees) % 2:
            continue
        if 2 * max(degrees) > sum(degrees):  # they cannot add up to zero
            continue
        ranges = [range(-degree, degree + 1) for degree in degrees]
        for values in product(*ranges):
            if _even(values):
                rows = zip((factor for _, factor in chosen), values, strict=True)
                yield tuple(sorted((*factor, m) for factor, m in rows))


def _radial(r: np.ndarray, count: int, r_0: float, cutoff: float) -> np.ndarray:
    """(1 + x) (1 - x)³ T_n(x) of the distance transform of the fits."""
    s = np.maximum(np.abs(r), 1e-3) / r_0
    y = 1 / (1 + s**2)
    end = 1 / (1 + (cutoff / r_0) ** 2)
    x = np.minimum(2 * (1 - y) / (1 - end) - 1, 1.0)
    waves = np.stack([np.cos(n * np.arccos(x)) for n in range(count)], axis=1)
    return ((1 + x) * (1 - x) ** 3)[:, None] * waves


def random_ace(totals: tuple[int, int, int], cutoff: float = 6.0, seed: int = 0) -> LinearAce:
    """Copper and hydrogen that hold together by Morse potentials, and products beside them."""
    rng, samples = np.random.default_rng(seed), 1024
    chosen = [sorted(set(_products(order, totals[order - 2]))) for order in ORDERS]
    spec = sorted({factor for part in chosen for key in part for factor in key})
    place = {factor: k for k, factor in enumerate(spec)}
    r = (np.arange(samples + 2 * MARGIN) - MARGIN) * cutoff / (samples - 1)
    count, found = 1 + max(factor[1] for factor in spec), {}
    for order, keys, size in zip(ORDERS, chosen, SIZES, strict=True):
        found[f"products_{order}"] = np.array([[place[one] for one in key] for key in keys])
        found[f"coefficients_{order}"] = size * rng.normal(size=(2, len(keys)))
        found[f"coupling_{order}"] = np.zeros((0, 2), int)
        found[f"coupling_values_{order}"] = np.zeros(0)
    radial, pair = np.zeros((2, 2, len(r), count)), np.zeros((2, 2, len(r)))
    for (i, j), (depth, steep, r_0) in MORSE.items():
        radial[i, j] = _radial(r, count, r_0, cutoff)
        inside = np.clip(1 - (np.maximum(r, 0.3) / cutoff) ** 4, 0, 1) ** 3
        wave = 1 - np.exp(-steep * (np.maximum(r, 0.3) - r_0))
        pair[i, j] = 0.5 * depth * (wave**2 - 1) * inside
    return LinearAce(
        version=VERSION, kind="ace", numbers=np.array([1, 29]), cutoff=np.full((2, 2), cutoff),
        constant=np.zeros(2), radial=radial, pair=pair, spec=np.array(spec), **found,
        two_body=np.zeros((2, 2, len(r), 0)), two_body_weights=np.zeros((2, 2, 0)),
        weights=np.zeros((2, 0)), leverage=np.zeros((2, 0, 0)), provenance="random",
    )  # fmt: skip
