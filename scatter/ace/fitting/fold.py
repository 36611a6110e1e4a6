"""A fitted linear ACE as a file: tables of its radial functions, and coefficients of products.

Below the shortest distance of a pair in the training set nothing was learnt. With r_in a little
shorter still, so that splines through the tables do not feel it there (and no longer than r_0), a
repulsion

    φ(r) = K (1 - r / r_in)^4,   r < r_in,

is added to the pair potential from either end, with the least K = 2^k eV, k ≥ 0, that makes the
energy of a lone pair fall with its distance up to 0.9 r_in. It changes no structure of the set.
"""

from collections.abc import Iterable, Mapping
from itertools import product

import numpy as np
from ase import Atoms
from jaxtyping import Float

from scatter.ace.file import MARGIN, ORDERS, VERSION, LinearAce
from scatter.ace.fitting.rows import Design
from scatter.ace.fitting.solve import Solutions
from scatter.ace.fitting.triangles import Triangle

SAMPLES = 2048  # of tables, from r = 0 to the largest cutoff
PROBED = np.linspace(0.02, 0.9, 89)  # of r_in, where a lone pair's energy shall fall
MOST_DOUBLINGS = 40
SHORTER = 0.97  # r_in over the shortest distance
RIDGE = 1e-10

PerPair = Float[np.ndarray, "species species"]


def inner_distances(design: Design, frames: Iterable[Atoms]) -> PerPair:
    """r_in of each pair of species, Å, for these structures.

    Of the shortest distance and r_0 the smaller, since a pair may be nowhere in them.
    """
    inner = np.array([[radial.r0 for radial in row] for row in design.radial])
    farthest, nobody = float(inner.max()), np.zeros(0, np.int64)
    for n, frame in enumerate(frames):
        pairs = design.neighbours(frame, f"frame {n}", nobody, farthest)
        np.minimum.at(inner, (pairs.of_centre, pairs.of_other), pairs.r)
    return SHORTER * inner


def stiffness(design: Design, c: Float[np.ndarray, " column"], inner: PerPair) -> PerPair:
    """K of each pair of species, eV."""
    slopes = np.zeros(inner.shape)
    species = range(len(design.numbers))
    for i, j in product(species, species):
        r = PROBED * inner[i, j]
        symbols = [design.numbers[i], design.numbers[j]]
        energies = np.array(
            [
                c @ design.rows(Atoms(symbols, [[0, 0, 0], [0, 0, distance]]), "pair")[:, 0]
                for distance in r
            ]
        )
        wall = 2 * (1 - PROBED) ** 4
        for doubling in range(MOST_DOUBLINGS):
            slopes[i, j] = 2.0**doubling
            if (np.diff(energies + slopes[i, j] * wall) < 0).all():
                break
    return slopes


def leverage(
    design: Design, sites: Mapping[str, Triangle]
) -> Float[np.ndarray, "species value value"]:
    """M of each species, so that |M b|² has the mean one over the atoms that were gathered.

    |M b|² = b^T (Σ_i b_i b_i^T + ridge)^-1 b times a number, the ridge being RIDGE of the largest
    square that scaled values add up to. Zero for species that were not gathered; empty if none was.
    """
    size = design.values if sites else 0
    roots = np.zeros((len(design.numbers), size, size))
    for z, triangle in sites.items():
        norms = np.sqrt((triangle.r[:, :-1] ** 2).sum(axis=0))
        widths = np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0)
        solutions = Solutions.of(triangle, widths)
        ridge = RIDGE * solutions.size[0] ** 2
        together = (solutions.size**2 / (solutions.size**2 + ridge)).sum()
        root = solutions.spread(ridge) * np.sqrt(triangle.rows / together)
        roots[design.numbers.index(int(z.split()[1]))] = root.T
    return roots


def folded(
    design: Design,
    constant: Float[np.ndarray, " species"],
    c: Float[np.ndarray, " column"],
    inner: PerPair,
    sites: Mapping[str, Triangle],
    provenance: str,
) -> LinearAce:
    """The model with these coefficients.

    Args:
        design: its functions.
        constant: energies of lone atoms, eV.
        c: coefficients of the columns, eV.
        inner: r_in, Å.
        sites: triangles of the values of functions, of the species whose leverage is wanted.
        provenance: how they were found.
    """
    basis = design.basis
    cutoff = np.array([[pair.cutoff for pair in row] for row in design.radial])
    r = (np.arange(SAMPLES + 2 * MARGIN) - MARGIN) * (cutoff.max() / (SAMPLES - 1))
    radial = np.array([[function(r)[0] for function in row] for row in design.radial])
    paired = np.array([[function(r)[0] for function in row] for row in design.pair])
    two_body = np.concatenate([radial[..., : basis.singles], paired], axis=-1)
    two_body_weights = c[design.functions.two_body]
    wall = np.clip(1 - np.abs(r) / inner[..., None], 0, None) ** 4
    pair = np.einsum("ijkt,ijt->ijk", two_body, two_body_weights)
    weights = np.where(basis.has, c[design.functions.many_body], 0)
    return LinearAce(
        version=VERSION,
        kind="ace",
        numbers=np.array(design.numbers),
        cutoff=cutoff,
        constant=constant,
        radial=radial[..., : basis.radial],
        pair=pair + stiffness(design, c, inner)[..., None] * wall,
        spec=basis.spec,
        two_body=two_body,
        two_body_weights=two_body_weights,
        weights=weights,
        leverage=leverage(design, sites),
        provenance=provenance,
        **_products(design, weights),
    )


def _products(
    design: Design, weights: Float[np.ndarray, "species function"]
) -> dict[str, np.ndarray]:
    arrays = {}
    for order in ORDERS:
        coupled = design.basis.products[order]
        functions, places = coupled.entries.T
        coefficients = np.zeros((len(weights), len(coupled.factors)))
        for mine, of_functions in zip(coefficients, weights, strict=True):
            np.add.at(mine, places, coupled.values * of_functions[functions])
        arrays[f"products_{order}"] = coupled.factors
        arrays[f"coefficients_{order}"] = coefficients
        arrays[f"coupling_{order}"] = coupled.entries
        arrays[f"coupling_values_{order}"] = coupled.values
    return arrays
