"""The radial functions g_k of a `.yace` file, as ML-PACE defines them, and its core repulsion.

With T_k of Chebyshev, k = 1 ... K:

    ChebPow      (1 - T_k(x)) / 2,  x = 1 - 2 (1 - r/r_c)^λ
    ChebExpCos   1 or (1 - T_k-1(x)) / 2,  x = 1 - 2 (e^(-λ r/r_c) - e^-λ) / (1 - e^-λ),
                 times (1 + cos(π r/r_c)) / 2 and a last fall from r_c - d_c on
    SBessel      sums of sinc, orthogonalised (Kocer, Mason & Erturk, J. Chem. Phys. 150, 154102)

Source: Lysogorskiy et al., npj Comput. Mater. 7, 97 (2021), and ML-PACE's `ace_radial.cpp`.
"""

from math import pi, sqrt
from typing import Any

import numpy as np
from jaxtyping import Float

PerPlace = Float[np.ndarray, " place"]
Functions = Float[np.ndarray, "place k"]
SHORTEST = 0.2  # Å; the core repulsion is constant below it


def chebyshev(x: PerPlace, degree: int) -> Functions:
    """T_0 to T_degree."""
    polynomials = [np.ones_like(x), x]
    while len(polynomials) <= degree:
        polynomials.append(2 * x * polynomials[-1] - polynomials[-2])
    return np.stack(polynomials[: degree + 1], axis=1)


def cheb_pow(r: PerPlace, cutoff: float, count: int, power: float) -> Functions:
    """ChebPow; beyond the cutoff only for a whole λ, else zero."""
    y = 1 - r / cutoff
    if power != int(power):
        y = np.maximum(y, 0.0)
    return 0.5 - 0.5 * chebyshev(1 - 2 * y**power, count)[:, 1:]


def _cheb_exp_cos(r: PerPlace, cutoff: float, count: int, fall: float, width: float) -> Functions:
    x = 1 - 2 * (np.exp(-fall * r / cutoff) - np.exp(-fall)) / (1 - np.exp(-fall))
    value = 0.5 - 0.5 * chebyshev(x, count - 1)
    value[:, 0] = 1.0
    envelope = 0.5 * (1 + np.cos(pi * r / cutoff))
    if width > 0:
        beyond = np.clip(r - cutoff + width, 0, None)
        envelope *= 0.5 * (1 + np.cos(pi * beyond / width))
    return value * envelope[:, None]


def _bessel(r: PerPlace, cutoff: float, count: int) -> Functions:
    def part(n: int) -> np.ndarray:
        size = sqrt(2) * pi * (n + 1) * (n + 2) / sqrt((n + 1) ** 2 + (n + 2) ** 2)
        both = np.sinc((n + 1) * r / cutoff) + np.sinc((n + 2) * r / cutoff)
        return (-1) ** n * size / cutoff**1.5 * both

    parts, before = [part(0)], 1.0
    for n in range(1, count):
        e = n**2 * (n + 2) ** 2 / (4 * (n + 1) ** 4 + 1)
        d = 1 - e / before
        parts.append((part(n) + sqrt(e / before) * parts[-1]) / sqrt(d))
        before = d
    return np.stack(parts, axis=1)


def step(r: PerPlace, end: float, width: float) -> PerPlace:
    """A polynomial that falls from one at `end` - `width` to zero at `end`."""
    if width <= 0:
        return np.where(r < end, 1.0, 0.0)
    x = np.clip(1 - 2 * (1 + (r - end) / width), -1, 1)
    return 0.5 + 3.75 * (x / 4 - x**3 / 6 + x**5 / 20)


def functions(r: PerPlace, bond: dict[str, Any], count: int) -> Functions:
    """g_1 to g_count of a bond.

    Beyond the cutoff they go on smoothly where their formula does, so that splines through them
    are exact up to it.

    Args:
        r: Å.
        bond: of the file, its defaults filled in.
        count: K.
    """
    name, cutoff = bond["radbasename"], bond["rcut"]
    if name == "ChebPow":
        values = cheb_pow(r, cutoff, count, bond["radparameters"][0])
    elif name == "ChebExpCos":
        values = _cheb_exp_cos(r, cutoff, count, bond["radparameters"][0], bond["dcut"])
    else:
        values = _bessel(r, cutoff, count)
    inner, width = bond["rcut_in"], bond["dcut_in"]
    if bond["inner_cutoff_type"] == "distance":
        values *= (1 - step(r, inner, width))[:, None]
    return np.where((r > inner - width)[:, None], values, 0.0) if inner > width else values


def core(r: PerPlace, bond: dict[str, Any]) -> PerPlace:
    """The core repulsion of a bond, p e^(-λr²) / r (1 + cos(π r/r_c)) / 2, in eV."""
    r = np.maximum(r, SHORTEST)
    fall, cutoff = abs(bond["lambdahc"]), bond["rcut"]
    value = abs(bond["prehc"]) * np.exp(-fall * r**2) / r * 0.5 * (1 + np.cos(pi * r / cutoff))
    if bond["inner_cutoff_type"] == "distance":
        value *= step(r, bond["rcut_in"], bond["dcut_in"])
    return value
