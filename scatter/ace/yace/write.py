"""A linear ACE as a `.yace` file, for LAMMPS' `pair_style pace`.

Products of real A become products of complex A, exactly. Radial functions become sums of K
functions ChebExpCos, which see more of short distances than of long ones and leave no step at the
cutoff, by least squares; φ becomes functions of rank 1, one for each g_k. Where φ is a wall that
keeps atoms apart, it may be of any size and bend at its foot: there a fraction of it is enough.
"""

from collections import defaultdict
from dataclasses import dataclass, fields

import numpy as np
from ase.data import chemical_symbols
from jaxtyping import Float
from scipy.interpolate import make_interp_spline

from scatter.ace.file import ORDERS, LinearAce
from scatter.ace.yace.file import Tree
from scatter.ace.yace.harmonics import Factor, Products, to_complex
from scatter.ace.yace.radial import functions

FUNCTIONS = 100  # K
BASIS = {
    "radbasename": "ChebExpCos",
    "radparameters": [4.0],
    "dcut": 0.001,
    "rcut_in": 0.0,
    "dcut_in": 0.0,
    "inner_cutoff_type": "density",
}
PLACES = 12  # per function, at which its coefficients are fitted
WALL_eV = 1.0  # within the last distance at which φ is that large, it is a wall
CLOSEST = 0.4  # Å; nearer than that, functions need only go on smoothly
LOOSE = 0.01  # weight of what is not asked for exactly
COMBINATIONS = 100  # most in one function; ML-PACE counts them in a byte
LEFT_OVER = 1e-6  # of the largest coefficient, in products that no invariant energy has


@dataclass(frozen=True)
class Residual:
    """What the radial functions of the file lack, at worst, from `CLOSEST` on.

    Attributes:
        radial: of R_n, a fraction of the largest value.
        pair: of φ outside of walls, eV, or a fraction where it is more than an eV deep.
        wall: of φ in walls, a fraction of its value.
    """

    radial: float
    pair: float
    wall: float

    def __str__(self) -> str:
        return (
            f"radial functions: largest residual {self.radial:.1e} of the largest value; pair "
            f"potential: {self.pair:.1e} eV, in its walls {self.wall:.1e} of its value"
        )


def _places(cutoff: float, count: int) -> Float[np.ndarray, " place"]:
    """Distances between zero and the cutoff, denser at both ends, both included."""
    return 0.5 * cutoff * (1 - np.cos(np.pi * np.linspace(0, 1, PLACES * count)))


def _fitted(
    values: Float[np.ndarray, "place column"],
    g: Float[np.ndarray, "place k"],
    weight: Float[np.ndarray, "place column"],
) -> Float[np.ndarray, "column k"]:
    """Coefficients of g by weighted least squares."""
    columns = [
        np.linalg.lstsq(w[:, None] * g, w * y, rcond=1e-15)[0]
        for y, w in zip(values.T, weight.T, strict=True)
    ]
    return np.array(columns)


def radial_fit(
    model: LinearAce, i: int, j: int, count: int
) -> tuple[Float[np.ndarray, "column k"], Residual]:
    """Coefficients of the R_n, and last of φ, of a pair of species; and what they lack."""
    r = _places(model.cutoff[i, j], count)
    g = functions(r, BASIS | {"rcut": float(model.cutoff[i, j])}, count)
    tables = np.concatenate([model.radial[i, j], model.pair[i, j][:, None]], axis=1)
    values = make_interp_spline(model.grid, tables, k=5)(r)
    values[-1] = 0.0  # the cutoff, where rounding may have left something
    size = np.ones_like(values) * abs(values).max(axis=0)
    size[:, -1] = np.maximum(1.0, abs(values[:, -1]))
    size[size == 0] = 1.0
    near = np.ones_like(values, bool) * (r < CLOSEST)[:, None]
    loose = near.copy()
    loose[:, -1] |= r <= r[values[:, -1] > WALL_eV].max(initial=0.0)
    c = _fitted(values, g, np.where(loose, LOOSE, 1.0) / size)
    wrong = abs(g @ c.T - values) / size
    exact, wall = np.where(loose, 0.0, wrong), np.where(loose & ~near, wrong, 0.0)
    return c, Residual(
        float(exact[:, :-1].max(initial=0.0)), float(exact[:, -1].max()), float(wall.max())
    )


def _functions(products: Products, centre: int) -> list[Tree]:
    """The functions of one centre species, products with the same n and l together."""
    groups: dict[tuple, list[tuple[list[int], float]]] = defaultdict(list)
    for key, c in sorted(products.items()):
        group = tuple((z, n, degree) for z, n, degree, _ in key)
        groups[group].append(([m for *_, m in key], c))
    functions = []
    for group, terms in sorted(groups.items(), key=lambda each: (len(each[0]), each[0])):
        for at in range(0, len(terms), COMBINATIONS):
            part = terms[at : at + COMBINATIONS]
            functions.append(_function(centre, group, part))
    return functions


def _function(centre: int, group: tuple, terms: list[tuple[list[int], float]]) -> Tree:
    mus, ns, ls = zip(*group, strict=True)
    return {
        "mu0": centre,
        "rank": len(group),
        "ndensity": 1,
        "num_ms_combs": len(terms),
        "mus": list(mus),
        "ns": [n + 1 for n in ns],
        "ls": list(ls),
        "ms_combs": [m for ms, _ in terms for m in ms],
        "ctildes": [c for _, c in terms],
    }


def _products(model: LinearAce, centre: int) -> dict[tuple[Factor, ...], float]:
    spec: list[Factor] = [(z, n, degree, m) for z, n, degree, m in model.spec.tolist()]
    return {
        tuple(spec[k] for k in row): float(c)
        for order in ORDERS
        for row, c in zip(
            model.products(order).tolist(), model.coefficients(order)[centre], strict=True
        )
        if c != 0
    }


def _bond(model: LinearAce, cutoff: float, c: Float[np.ndarray, "column k"], degree: int) -> Tree:
    radial = [[row] * (degree + 1) for row in c[:-1].tolist()] or [[[0.0] * c.shape[1]]]
    return {
        "nradmax": len(radial),
        "lmax": len(radial[0]) - 1,
        "nradbasemax": c.shape[1],
        **BASIS,
        "radcoefficients": radial,
        "prehc": 0.0,
        "lambdahc": 1.0,
        "rcut": cutoff,
    }


def yace_tree(model: LinearAce, count: int = FUNCTIONS) -> tuple[Tree, Residual]:
    """The values of a `.yace` file of a model, and what it lacks.

    Args:
        model: invariant under rotations and reflections.
        count: K.

    Raises:
        ValueError: it is not invariant.
    """
    species = range(len(model.numbers))
    degree = int(model.spec[:, 2].max(initial=0))
    tree: Tree = {
        "elements": [chemical_symbols[z] for z in model.numbers],
        "E0": model.constant.tolist(),
        "deltaSplineBins": 0.001,
        "embeddings": {
            z: {
                "ndensity": 1,
                "FS_parameters": [1.0, 1.0],
                "npoti": "FinnisSinclair",
                "rho_core_cutoff": 100000.0,
                "drho_core_cutoff": 250.0,
            }
            for z in species
        },
        "bonds": {},
        "functions": {},
    }
    residuals = []
    for i in species:
        products, rest = to_complex(_products(model, i))
        if rest > LEFT_OVER:
            raise ValueError(f"its energy is not invariant, by {rest:.1e} of a coefficient")
        singles = []
        for j in species:
            c, residual = radial_fit(model, i, j, count)
            tree["bonds"][i, j] = _bond(model, float(model.cutoff[i, j]), c, degree)
            singles += [
                _function(i, ((j, k, 0),), [([0], value)]) for k, value in enumerate(c[-1].tolist())
            ]
            residuals.append(residual)
        tree["functions"][i] = singles + _functions(products, i)
    worst = (max(getattr(each, name.name) for each in residuals) for name in fields(Residual))
    return tree, Residual(*worst)
