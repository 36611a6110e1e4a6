"""The `.json` file of ACE1.jl and ACEpotentials.jl before 0.7, as a linear ACE.

    E = Σ_i [ E0_i + ½ Σ_j φ(r_ij) + Σ_t c_t Re Π A ],   A_znlm = Σ_{j of z} P_n(x(r_ij)) Y_l^m

with harmonics of norm one over the sphere and the sign of Condon and Shortley. With s = r / r₀,

    t = 1 / (1 + a s^q / (1 + s^(q-p))),   x = y₁ + (t - x₁) (y₂ - y₁) / (x₂ - x₁)
    P₁ = A₁ (x - t_l)^p_l (x - t_r)^p_r,   P_n = (A_n x + B_n) P_n-1 + C_n P_n-2

up to a cutoff. φ is a sum of such P of t, times s^-p - s_c^-p + p s_c^(-p-1) (s - s_c).

The functions of an element stand in no order. Their coefficients belong to them by the number of
their A, then by the places of these in the lists of all A of the first element, the second and so
on. Written from this description; the format has no other.
"""

import json
from collections.abc import Mapping
from itertools import combinations_with_replacement
from math import pi
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from scatter.ace.assembly import Assembly
from scatter.ace.file import MARGIN, ORDERS, LinearAce
from scatter.ace.yace.harmonics import Factor, Products, to_real
from scatter.foreign import reason, text
from scatter.settings import UserError

SPACING, SHORTEST = 0.002, 0.3  # Å, of the tables; below which a pair's envelope is constant
NAME = "ACE1_PIPotential"

Node = Mapping[str, Any]
PerPlace = Float[np.ndarray, " place"]


def read_ace1(file: Path) -> LinearAce:
    """The potential in a file.

    Raises:
        UserError: it cannot be read, is not complete, or needs what is not supported.
    """
    where = f"[potential] file = '{file}'"
    try:
        return _model(json.loads(text(file, where)), file.name)
    except KeyError as error:
        raise UserError(f"{where}: lacks the key {error}; it is not a .json of ACE1.jl") from error
    except (ValueError, TypeError, IndexError, ArithmeticError, RecursionError) as error:
        raise UserError(f"{where}: {reason(error)}") from error


def _parts(node: Node) -> list[Node]:
    """The potentials that one is the sum of."""
    if node["__id__"] != "JuLIP_SumIP":
        return [node]
    return [part for each in node["components"] for part in _parts(each)]


def _model(tree: Node, name: str) -> LinearAce:
    parts = {part["__id__"]: part for part in _parts(tree["IP"])}
    unknown = {*parts} - {NAME, "ACE1_PolyPairPot", "JuLIP_OneBody"}
    if unknown or NAME not in parts or len(parts) != len(_parts(tree["IP"])):
        raise ValueError(f"its parts are {', '.join(sorted(parts))}, not all of which are known")
    basis = parts[NAME]["pibasis"]["basis1p"]
    numbers, radial = list(basis["zlist"]["list"]), basis["J"]
    cutoff = float(radial["ru"])
    count = int(np.ceil(cutoff / SPACING)) + 1
    r = (np.arange(count + 2 * MARGIN) - MARGIN) * cutoff / (count - 1)
    tables = _radial(radial, len(numbers), r)
    sums, singles = _sums(parts[NAME], numbers)
    pair = np.zeros(tables.shape[:3])
    for (i, j, n), c in singles.items():
        pair[i, j] += c * tables[i, j, :, n]
    if "ACE1_PolyPairPot" in parts:
        pair += _pairs(parts["ACE1_PolyPairPot"], numbers, r)
    real = [to_real([*each.items()]) for each in sums]
    products = sorted({key for each in real for key in each})
    cutoffs = np.full((len(numbers),) * 2, cutoff)
    made = Assembly(numbers, cutoffs, tables, products, name)
    return made.model(real, pair, _constants(parts.get("JuLIP_OneBody"), numbers))


def _constants(node: Node | None, numbers: list[int]) -> Float[np.ndarray, " species"]:
    """E0 of each species."""
    from ase.data import chemical_symbols

    table = {} if node is None else node["E0"]
    return np.array([float(table.get(chemical_symbols[z], 0.0)) for z in numbers])


def _polynomials(J: Node, x: PerPlace) -> Float[np.ndarray, "place n"]:
    """P_n of a basis."""
    A, B, C = (np.array(J[name], float) for name in "ABC")
    values = [A[0] * (x - J["tl"]) ** J["pl"] * (x - J["tr"]) ** J["pr"]]
    for n in range(1, len(A)):
        last = C[n] * values[n - 2] if n > 1 else 0.0
        values.append((A[n] * x + B[n]) * values[n - 1] + last)
    return np.stack(values, axis=1)


def _transform(t: Node, r: PerPlace) -> PerPlace:
    """x, or t where nothing is said of x."""
    if t["__id__"] == "ACE1_AffineT":
        x1, x2, y1, y2 = t["xy"]
        return y1 + (_transform(t["t"], r) - x1) * (y2 - y1) / (x2 - x1)
    if t["__id__"] != "ACE1_Agnesi2Transform" or t["rin"] != 0:
        raise ValueError(f"the transform {t['__id__']} is not supported")
    s = r / t["r0"]
    return 1 / (1 + t["a"] * s ** t["q"] / (1 + s ** (t["q"] - t["p"])))


def _radial(J: Node, species: int, r: PerPlace) -> Float[np.ndarray, "species species place n"]:
    """P_n by centre and neighbour species, zero for neither."""
    if J["envelope"]["__id__"] != "ACE1_OneEnvelope" or J["rl"] != 0:
        raise ValueError(f"the envelope {J['envelope']['__id__']} is not supported")
    transforms = J["trans"]["transforms"]
    each = [_polynomials(J["J"], _transform(t, r)) for t in transforms]
    return np.stack(each).reshape(species, species, len(r), -1)


def _pairs(
    part: Node, numbers: list[int], r: PerPlace
) -> Float[np.ndarray, "species species place"]:
    """½ φ by species."""
    species, bases = len(numbers), part["basis"]["Pr"]
    pairs = [*combinations_with_replacement(range(species), 2)]
    c = np.array(part["coeffs"], float).reshape(len(pairs), -1)
    pair = np.zeros((species, species, len(r)))
    for (i, j), row in zip(pairs, c, strict=True):
        basis = bases[i * species + j]
        values = _polynomials(basis["J"], _transform(basis["trans"], r)) @ row
        pair[i, j] = pair[j, i] = 0.5 * values * _envelope(basis["envelope"], r)
    return pair


def _envelope(node: Node, r: PerPlace) -> PerPlace:
    if node["__id__"] != "ACE1_PolyEnvelope":
        raise ValueError(f"the envelope {node['__id__']} is not supported")
    p, s, end = node["p"], np.maximum(r, SHORTEST) / node["r0"], node["rcut"] / node["r0"]
    return s**-p - end**-p + p * end ** (-p - 1) * (s - end)


def _sums(
    part: Node, numbers: list[int]
) -> tuple[list[Products], dict[tuple[int, int, int], float]]:
    """Coefficients of products of complex A, and those of single A by centre, species and n."""
    spec = [tuple(each["nlmz"][:3]) for each in part["pibasis"]["basis1p"]["spec"]]
    place = {each: k for k, each in enumerate(spec)}
    sums: list[Products] = [{} for _ in numbers]
    singles: dict[tuple[int, int, int], float] = {}
    for functions, row in zip(part["pibasis"]["inner"], part["coeffs"], strict=True):
        centre = numbers.index(functions[0]["z0"]["z"])
        factors = [_factors(function, numbers) for function in functions]
        order = [
            (len(each), sorted(z * len(spec) + place[n + 1, deg, m] for z, n, deg, m in each))
            for each in factors
        ]
        ranked = [factors[k] for k in sorted(range(len(factors)), key=order.__getitem__)]
        for each, c in zip(ranked, row["real"], strict=True):
            value = float(c) / (4 * pi) ** (len(each) / 2)  # harmonics here have a mean square of 1
            if len(each) == 1:
                ((z, n, _, _),) = each
                singles[centre, z, n] = value
            else:
                sums[centre][tuple(sorted(each))] = value
    return sums, singles


def _factors(function: Node, numbers: list[int]) -> tuple[Factor, ...]:
    """The A of a function: species, n, l, m."""
    each = [factor["nlmz"] for factor in function["oneps"]]
    if not 1 <= len(each) <= max(ORDERS):
        raise ValueError(f"a product of {len(each)} is not supported")
    return tuple((numbers.index(z), n - 1, degree, m) for n, degree, m, z in each)
