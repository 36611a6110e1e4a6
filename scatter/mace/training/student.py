"""The parameters of a student: how they begin, and what they are as a folded MACE.

The radial functions, of l or of each path of the messages, are sums of K Bessel functions with a
polynomial envelope,

    T_lc(r) = Σ_k θ_klc φ_k(r),   φ_k(r) = sqrt(2 / r_c) sin(k π r / r_c) / r · f(r / r_c),
    f(x) = 1 - 21 x⁵ + 35 x⁶ - 15 x⁷,

of their own for every ordered pair of species, in both layers; all else is as in
`docs/theory_mace.md`. Each parameter is a factor of unit size times a scale that keeps features of
order one at the beginning.

A student that begins from a model (`begun.py`) has its arrays as the ground that factors add to,
T_lc(r) of the model among them, and shares radial functions among pairs of species as the model
does: where they are the messages of one radial network, their number grows with the species, and
not with its square.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from scatter.mace.kernels.couplings import ORDERS, PATHS, SCALAR_PATHS, VECTORS, Triple
from scatter.mace.kernels.harmonics import INVARIANTS
from scatter.mace.kernels.loss import Structures

Parameters = dict[str, np.ndarray]

HIDDEN = 16  # units of the readout
DAMPED = 0.35  # of features at the beginning: their products have long tails
SCALE = 0.3  # eV, of an atom's energy at the beginning
# Invariants, and vectors, that have weights where products are of so many features; and all.
OF_CORRELATION = {1: 1, 2: 5, 3: INVARIANTS}
VECTORS_OF_CORRELATION = {order + 1: part.stop for order, part in enumerate(ORDERS)}
ALL_OF_PRODUCT = {"product_1": INVARIANTS, "product_2": INVARIANTS, "product_v": len(VECTORS)}


@dataclass(frozen=True)
class Student:
    """The shape of the model: two layers of scalar features, or of scalars and vectors.

    Attributes:
        channels: a multiple of 16.
        l_max: highest degree of the spherical harmonics, 1 to 3.
        correlation: factors in a product of densities, 1 to 3.
        cutoff_A: Å.
        vectors: whether atoms send vectors too in layer 2.
        radial: Bessel functions of the distance.
    """

    channels: int = 16
    l_max: int = 3
    correlation: int = 2
    cutoff_A: float = 5.0
    vectors: bool = False
    radial: int = 12

    @property
    def paths(self) -> tuple[Triple, ...]:
        """Those of the messages of layer 2; see `couplings.PATHS`."""
        return PATHS if self.vectors else SCALAR_PATHS

    @property
    def features(self) -> str:
        """Of the first layer, in the words of mace-torch."""
        scalars = f"{self.channels}x0e"
        return f"{scalars}+{self.channels}x1o" if self.vectors else scalars

    def options(self) -> dict[str, Any]:
        """The shape in the words of mace-torch."""
        return {
            "model": "MACE",
            "num_interactions": 2,
            "hidden_irreps": self.features,
            "max_ell": self.l_max,
            "correlation": self.correlation,
            "r_max": self.cutoff_A,
            "num_radial_basis": self.radial,
            "E0s": "average",
        }

    def shapes(
        self, species: int, tables: tuple[int, int], hidden: int = HIDDEN
    ) -> dict[str, tuple[int, ...]]:
        """The shape of each array of parameters, with so many radial functions in each layer."""
        c, k, t = self.channels, self.radial, OF_CORRELATION[self.correlation]
        v, paths = VECTORS_OF_CORRELATION[self.correlation], len(self.paths)
        of_vectors = {"product_v": (species, v, c), "up_v": (c, c)} if self.vectors else {}
        return of_vectors | {
            "radial_1": (tables[0], k, 4, c),
            "radial_2": (tables[1], k, paths, c),
            "product_1": (species, t, c),
            "product_2": (species, t, c),
            "up": (c, c),
            "up_0": (species, c),
            "energy_1": (c,),
            "mix": (paths, c, c),
            "energy_2": (hidden,),
            "hidden_1": (species, c, hidden),
            "hidden_2": (c, hidden),
            "hidden_0": (species, hidden),
            "constant": (species,),
        }

    def basis(self, r: Float[np.ndarray, " r"]) -> Float[np.ndarray, "r k"]:
        """φ_k(r), continued beyond the cutoff and, as even functions, through zero."""
        r = np.abs(r)[:, None]
        x, k = r / self.cutoff_A, np.arange(1, self.radial + 1)
        bessel = np.sqrt(2 / self.cutoff_A) * k * np.pi / self.cutoff_A * np.sinc(k * x)
        return bessel * (1 - 21 * x**5 + 35 * x**6 - 15 * x**7)


def _own_shapes(student: Student, species: int) -> dict[str, tuple[int, ...]]:
    """With radial functions for every ordered pair, of which layer 2 reads one for two orders."""
    return student.shapes(species, (species**2, species**2))


def scales(student: Student, structures: Structures, species: int) -> Parameters:
    """What each parameter's factor of unit size is multiplied with."""
    sizes = {name: np.ones(shape) for name, shape in _own_shapes(student, species).items()}
    radial = DAMPED / (np.sqrt(student.radial) * _spread(student, structures))[:, :, None]
    own = {"radial_1": [0, 1, 2, 3], "radial_2": [degree for _, degree, _ in student.paths]}
    for name, of_harmonics in own.items():
        sizes[name] *= radial[:, of_harmonics]
        sizes[name][:, :, np.array(of_harmonics) > student.l_max] = 0
    degrees = np.array([1, 1, 3, 5, 7, *[3] * (INVARIANTS - 5)])
    for name in ("product_1", "product_2"):
        count = sizes[name].shape[1]
        sizes[name] /= np.sqrt(count) * degrees[:count, None]
    ends = [degree for _, _, degree in student.paths]
    sizes["mix"] /= np.sqrt([ends.count(degree) for degree in ends])[:, None, None]
    if student.vectors:
        sizes["product_v"] /= np.sqrt(sizes["product_v"].shape[1])
    for name in sizes.keys() & {"up", "up_v", "mix", "hidden_1", "hidden_2"}:
        sizes[name] /= np.sqrt(student.channels)
    sizes["energy_1"] *= SCALE / np.sqrt(student.channels)
    sizes["energy_2"] *= 2 * SCALE / np.sqrt(HIDDEN)
    return sizes


def _spread(student: Student, d: Structures) -> Float[np.ndarray, "k l"]:
    """How large Σ_j φ_k Y_lm is, the root of its mean square over atoms of some sixty structures.

    For l = 0 neighbours add up; for l > 0 their directions are taken as random.
    """
    totals, atoms = np.zeros((2, student.radial)), 0
    for n in range(0, len(d.energies), max(1, len(d.energies) // 60)):
        x, pairs = d.positions[d.at[n] : d.at[n + 1]], slice(d.pairs_at[n], d.pairs_at[n + 1])
        i, j = d.first[pairs], d.second[pairs]
        r = np.linalg.norm(x[j] + d.shift[pairs] - x[i], axis=1)
        values = student.basis(r) * (r < student.cutoff_A)[:, None]
        sums = np.zeros((len(x), student.radial))
        np.add.at(sums, i, values)
        np.add.at(sums, j, values)
        totals += (sums**2).sum(axis=0), 2 * (values**2).sum(axis=0)
        atoms += len(x)
    together, apart = np.sqrt(totals / atoms)
    return np.stack([together, apart, apart, apart], axis=1)


def beginning(
    student: Student, structures: Structures, species: int, rng: np.random.Generator
) -> Parameters:
    """Random factors; energies of species by least squares, so that what is left is small."""
    shapes = _own_shapes(student, species)
    factors = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    factors["hidden_0"][...] = 0
    counts = composition(structures, species)
    factors["constant"] = np.linalg.lstsq(counts, structures.energies, rcond=None)[0]
    return factors


def composition(structures: Structures, species: int) -> Float[np.ndarray, "structure species"]:
    """How many atoms of each species every structure has."""
    ends = zip(structures.at[:-1], structures.at[1:], strict=True)
    counts = [np.bincount(structures.species[begin:end], minlength=species) for begin, end in ends]
    return np.array(counts, float)
