"""The parameters of a student: how they begin, and what they are as a folded MACE.

The radial functions are sums of K Bessel functions with a polynomial envelope,

    T_lc(r) = Σ_k θ_klc φ_k(r),   φ_k(r) = sqrt(2 / r_c) sin(k π r / r_c) / r · f(r / r_c),
    f(x) = 1 - 21 x⁵ + 35 x⁶ - 15 x⁷,

of their own for every ordered pair of species, in both layers; all else is as in
`docs/theory_mace.md`. Each parameter is a factor of unit size times a scale that keeps features of
order one at the beginning.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from ase.data import covalent_radii
from jaxtyping import Float, Int
from scipy.ndimage import spline_filter1d

from scatter import __version__
from scatter.kernels import lanes
from scatter.kernels.memory import aligned
from scatter.kernels.splines import DEGREE
from scatter.mace.cpu import layers_of
from scatter.mace.file import MARGIN, FoldedMace
from scatter.mace.kernels.harmonics import INVARIANTS
from scatter.mace.kernels.loss import Structures
from scatter.mace.kernels.memory import MaceArrays

Parameters = dict[str, np.ndarray]

KNOTS = 128  # of the splines while training; the file has more
SAMPLES = 512  # of the radial functions in the file
HIDDEN = 16  # units of the readout
DAMPED = 0.35  # of features at the beginning: their products have long tails
SCALE = 0.3  # eV, of an atom's energy at the beginning
OF_CORRELATION = {1: 1, 2: 5, 3: INVARIANTS}  # invariants that have weights


@dataclass(frozen=True)
class Student:
    """The shape of the model: two layers of scalar features.

    Attributes:
        channels: a multiple of 16.
        l_max: highest degree of the spherical harmonics, 1 to 3.
        correlation: factors in a product of densities, 1 to 3.
        cutoff_A: Å.
        radial: Bessel functions of the distance.
    """

    channels: int = 16
    l_max: int = 3
    correlation: int = 2
    cutoff_A: float = 5.0
    radial: int = 12

    def options(self) -> dict[str, Any]:
        """The shape in the words of mace-torch."""
        return {
            "model": "MACE",
            "num_interactions": 2,
            "hidden_irreps": f"{self.channels}x0e",
            "max_ell": self.l_max,
            "correlation": self.correlation,
            "r_max": self.cutoff_A,
            "num_radial_basis": self.radial,
            "E0s": "average",
        }

    def shapes(self, species: int) -> dict[str, tuple[int, ...]]:
        """The shape of each array of parameters."""
        c, k, t = self.channels, self.radial, OF_CORRELATION[self.correlation]
        return {
            "radial_1": (species, species, k, 4, c),
            "radial_2": (species, species, k, 4, c),
            "product_1": (species, t, c),
            "product_2": (species, t, c),
            "up": (c, c),
            "up_0": (species, c),
            "energy_1": (c,),
            "mix": (4, c, c),
            "energy_2": (HIDDEN,),
            "hidden_1": (species, c, HIDDEN),
            "hidden_2": (c, HIDDEN),
            "hidden_0": (species, HIDDEN),
            "constant": (species,),
        }

    def basis(self, r: Float[np.ndarray, " r"]) -> Float[np.ndarray, "r k"]:
        """φ_k(r), continued beyond the cutoff and, as even functions, through zero."""
        r = np.abs(r)[:, None]
        x, k = r / self.cutoff_A, np.arange(1, self.radial + 1)
        bessel = np.sqrt(2 / self.cutoff_A) * k * np.pi / self.cutoff_A * np.sinc(k * x)
        return bessel * (1 - 21 * x**5 + 35 * x**6 - 15 * x**7)


def scales(student: Student, structures: Structures, species: int) -> Parameters:
    """What each parameter's factor of unit size is multiplied with."""
    sizes = {name: np.ones(shape) for name, shape in student.shapes(species).items()}
    radial = DAMPED / (np.sqrt(student.radial) * _spread(student, structures))[:, :, None]
    for name in ("radial_1", "radial_2"):
        sizes[name] *= radial
        sizes[name][:, :, :, student.l_max + 1 :] = 0
    degrees = np.array([1, 1, 3, 5, 7, *[3] * (INVARIANTS - 5)])
    for name in ("product_1", "product_2"):
        count = sizes[name].shape[1]
        sizes[name] /= np.sqrt(count) * degrees[:count, None]
    for name in ("up", "mix", "hidden_1", "hidden_2"):
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
    factors = {name: rng.normal(size=shape) for name, shape in student.shapes(species).items()}
    factors["hidden_0"][...] = 0
    counts = composition(structures, species)
    factors["constant"] = np.linalg.lstsq(counts, structures.energies, rcond=None)[0]
    return factors


def composition(structures: Structures, species: int) -> Float[np.ndarray, "structure species"]:
    """How many atoms of each species every structure has."""
    ends = zip(structures.at[:-1], structures.at[1:], strict=True)
    counts = [np.bincount(structures.species[begin:end], minlength=species) for begin, end in ends]
    return np.array(counts, float)


class Kernel:
    """The way from parameters to the arrays of the kernel, and back for gradients."""

    def __init__(self, student: Student, numbers: Int[np.ndarray, " species"]):
        """For a model of these atomic numbers."""
        self.student, self.numbers, self.species = student, numbers, len(numbers)
        step = student.cutoff_A / KNOTS
        places = np.arange(-MARGIN, KNOTS + MARGIN + 1) * step
        samples = np.asarray(spline_filter1d(student.basis(places), DEGREE, axis=0, mode="mirror"))
        first = MARGIN - (DEGREE - 1) // 2
        self.per_step, self.splines = 1 / step, samples[first : len(samples) - first + 2]
        self.width = lanes(64)
        self.rows = len(self.splines) * 4 * self.width
        pairs = np.arange(self.species**2).reshape(self.species, self.species)
        self.start = pairs * (self.rows * (student.channels // self.width))
        # what layer 2 sends along a pair is the same both ways, whichever atom comes first
        self.start_2 = np.minimum(self.start, self.start.T)

    def weights(self, p: Parameters) -> MaceArrays:
        """The arrays of the kernel, in double precision."""
        table_1, slopes_1 = self._tables(p["radial_1"])
        table_2, slopes_2 = self._tables(p["radial_2"])
        whole = {**p, **{name: _padded(p[name]) for name in ("product_1", "product_2")}}
        return MaceArrays(
            table_1=table_1,
            table_2=table_2,
            slopes_1=slopes_1,
            slopes_2=slopes_2,
            start_1=self.start,
            start_2=self.start_2,
            rows_of_block=self.rows,
            grid=np.array([self.per_step]),
            **layers_of(whole, np.dtype(float)),
            repulsion=np.zeros(4),
            charges_radii=np.stack([self.numbers, self._radii()], axis=1).astype(float),
            cutoff=self.student.cutoff_A,
            cubic=self.student.correlation == 3,
        )

    def gradient(self, slopes: MaceArrays) -> Parameters:
        """The gradient by the parameters from those by the kernel's arrays, one of each worker."""
        shapes = self.student.shapes(self.species)
        count = OF_CORRELATION[self.student.correlation]
        answer = {
            "radial_1": self._by_parameter(slopes.table_1),
            "radial_2": self._by_parameter(slopes.table_2),
        }
        for name in shapes:
            if name not in answer:
                total = getattr(slopes, name).sum(axis=0)
                if name.startswith("product"):
                    total = total.reshape(self.species, INVARIANTS, -1)[:, :count]
                answer[name] = total.reshape(shapes[name])
        return answer

    def folded(self, p: Parameters, provenance: str, source: str) -> FoldedMace:
        """The model as it is written to a file."""
        step = self.student.cutoff_A / SAMPLES
        basis = self.student.basis(np.arange(-MARGIN, SAMPLES + MARGIN + 1) * step)
        radial = {
            name: np.einsum("nk,abklc->abnlc", basis, p[name]) for name in ("radial_1", "radial_2")
        }
        first, other = np.triu_indices(self.species)
        table_2 = np.zeros((self.species, self.species), int)
        table_2[first, other] = table_2[other, first] = np.arange(len(first))
        tables = {"radial_1": radial["radial_1"], "radial_2": radial["radial_2"][first, other]}
        products = {name: _padded(p[name]) for name in ("product_1", "product_2")}
        return FoldedMace(
            version=1,
            numbers=self.numbers,
            cutoff=self.student.cutoff_A,
            table_2=table_2,
            **{**p, **tables, **products},
            repulsion=np.zeros(4),
            radii=self._radii(),
            provenance=f"{provenance}, trained by scatter {__version__}",
            source_sha256=source,
        )

    def _tables(self, radial: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients of the splines and their slopes, blocks of channels first."""
        s, (k, w) = self.species, (self.student.radial, self.width)
        by_channel = radial.reshape(s, s, k, 4, -1, w).transpose(0, 1, 4, 2, 3, 5)
        table = np.matmul(self.splines, by_channel.reshape(s, s, -1, k, 4 * w))
        slopes = np.zeros_like(table)
        np.subtract(table[..., 1:, :], table[..., :-1, :], out=slopes[..., :-1, :])
        slopes *= self.per_step
        return _flat(table), _flat(slopes)

    def _by_parameter(self, slopes: np.ndarray) -> np.ndarray:
        s, (k, w) = self.species, (self.student.radial, self.width)
        table = slopes.sum(axis=0).reshape(s, s, -1, len(self.splines), 4 * w)
        by_channel = np.matmul(self.splines.T, table).reshape(s, s, -1, k, 4, w)
        return by_channel.transpose(0, 1, 3, 4, 2, 5).reshape(s, s, k, 4, -1)

    def _radii(self) -> np.ndarray:
        return covalent_radii[self.numbers]


def _flat(array: np.ndarray) -> np.ndarray:
    return aligned(np.ascontiguousarray(array).ravel())


def _padded(product: np.ndarray) -> np.ndarray:
    """Weights of all invariants: zero for those that the model does not use."""
    missing = INVARIANTS - product.shape[1]
    return np.pad(product, ((0, 0), (0, missing), (0, 0)))
