"""From the parameters of a student to the arrays of the kernel and of the file, and back."""

from collections.abc import Mapping
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
from scatter.mace.file import MARGIN, DensityMace, FoldedMace, VectorMace
from scatter.mace.kernels.memory import MaceArrays
from scatter.mace.training.student import ALL_OF_PRODUCT, Parameters, Student
from scatter.mace.weights import by_block, layers_of, with_others

KNOTS = 128  # of the splines while training; the file has more
SAMPLES = 512  # of the radial functions in the file
TABLES = ("radial_1", "radial_2")


@dataclass(frozen=True)
class Ground:
    """What a student's parameters are added to, and what of it they do not change.

    Attributes:
        numbers: atomic numbers of the species.
        own_1: which radial function of layer 1 belongs to a receiver and a sender.
        own_2: which of layer 2, in either order.
        repulsion: of ZBL; see `FoldedMace`.
        radii: of the species, Å.
        arrays: those of `FoldedMace`, with radial functions as `own_1` and `own_2` count them;
            none where a student begins with random parameters.
        densities: d(r) of both layers, as `own_2` counts them, where messages are divided by such.
    """

    numbers: Int[np.ndarray, " species"]
    own_1: Int[np.ndarray, "species species"]
    own_2: Int[np.ndarray, "species species"]
    repulsion: Float[np.ndarray, " parameter"]
    radii: Float[np.ndarray, " species"]
    arrays: Mapping[str, np.ndarray]
    densities: Float[np.ndarray, "table sample 2"] | None = None


def bare(numbers: Int[np.ndarray, " species"]) -> Ground:
    """No ground: every ordered pair of species has radial functions of its own."""
    pairs = np.arange(len(numbers) ** 2).reshape(len(numbers), -1)
    # what layer 2 sends along a pair is the same both ways, whichever atom comes first
    return Ground(
        numbers, pairs, np.minimum(pairs, pairs.T), np.zeros(4), covalent_radii[numbers], {}
    )


class Kernel:
    """The way from parameters to the arrays of the kernel, and back for gradients."""

    def __init__(self, student: Student, ground: Ground):
        """For a model on this ground; radial functions have the knots of what is there."""
        self.student, self.ground, self.species = student, ground, len(ground.numbers)
        tables = ground.arrays.get("radial_1")
        self.samples = SAMPLES if tables is None else tables.shape[1] - 1 - 2 * MARGIN
        self.knots = KNOTS if tables is None else self.samples
        self.per_step = self.knots / student.cutoff_A
        self.splines = _splines(self._basis(self.knots))
        self.width = lanes(64)
        self.rows = len(self.splines) * 4 * self.width
        row = len(self.splines) * student.channels
        self.start_1, self.start_2 = ground.own_1 * row * 4, ground.own_2 * row * len(student.paths)
        self.under = {
            name: _by_block(_splines(ground.arrays[name], 1), self.width)
            for name in TABLES
            if ground.arrays
        }

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of the parameters."""
        given = self.ground.arrays
        if not given:
            return self.student.shapes(self.species, (self.species**2, self.species**2))
        tables = len(given["radial_1"]), len(given["radial_2"])
        return self.student.shapes(self.species, tables, len(given["energy_2"]))

    def _densities(self, intervals: int) -> Float[np.ndarray, "table sample 2"] | None:
        """Sampled; a model with vectors has them always, zero where nothing is divided by any."""
        none = np.zeros((self.species**2, intervals + 1 + 2 * MARGIN, 2))
        return none if self.student.vectors and not self.ground.arrays else self.ground.densities

    def whole(self, p: Parameters) -> Parameters:
        """Parameters with what they are added to, but for radial functions."""
        given = self.ground.arrays
        p = {name: given[name] + p[name] if name in given else p[name] for name in p}
        return {**p, **{name: _padded(p[name], ALL_OF_PRODUCT[name]) for name in _products(p)}}

    def weights(self, p: Parameters) -> Any:
        """The arrays of the kernel, in double precision."""
        table_1, slopes_1 = self._tables("radial_1", p)
        table_2, slopes_2 = self._tables("radial_2", p)
        others = self.whole({name: each for name, each in p.items() if name not in TABLES})
        ground, densities = self.ground, self._densities(self.knots)
        arrays = MaceArrays(
            table_1=table_1,
            table_2=table_2,
            slopes_1=slopes_1,
            slopes_2=slopes_2,
            start_1=self.start_1,
            start_2=self.start_2,
            rows_of_block=self.rows,
            grid=np.array([self.per_step]),
            **layers_of(others, np.dtype(float)),
            repulsion=ground.repulsion.copy(),
            charges_radii=np.stack([ground.numbers, ground.radii], axis=1).astype(float),
            cutoff=self.student.cutoff_A,
            cubic=self.student.correlation == 3,
        )
        if densities is None:
            return arrays
        return with_others(arrays, densities, ground.own_2, others, "float64")

    def gradient(self, slopes: Any) -> Parameters:
        """The gradient by the parameters from those by the kernel's arrays, one of each worker."""
        shapes = self.shapes
        answer = {
            "radial_1": self._by_parameter(slopes.table_1, shapes["radial_1"]),
            "radial_2": self._by_parameter(slopes.table_2, shapes["radial_2"]),
        }
        for name, shape in shapes.items():
            if name not in answer:
                total = getattr(slopes, name).sum(axis=0)
                if name in ALL_OF_PRODUCT:
                    whole = total.reshape(self.species, ALL_OF_PRODUCT[name], -1)
                    total = whole[:, : shape[1]]
                # hidden units fill a register
                answer[name] = total.reshape(*shape[:-1], -1)[..., : shape[-1]]
        return answer

    def folded(self, p: Parameters, provenance: str, source: str) -> FoldedMace:
        """The model as it is written to a file."""
        basis, ground = self._basis(self.samples), self.ground
        radial = {name: np.einsum("nk,aklc->anlc", basis, p[name]) for name in TABLES}
        if ground.arrays:
            radial = {name: ground.arrays[name] + radial[name] for name in TABLES}
        used, table_2 = np.unique(ground.own_2, return_inverse=True)
        others = {name: each for name, each in p.items() if name not in TABLES}
        kind, densities = FoldedMace, self._densities(self.samples)
        if densities is not None:
            kind = VectorMace if self.student.vectors else DensityMace
            others |= {f"density_{n + 1}": densities[used, :, n] for n in range(2)}
        return kind(
            version=kind.layout,
            numbers=ground.numbers,
            cutoff=self.student.cutoff_A,
            radial_1=radial["radial_1"][ground.own_1],
            radial_2=radial["radial_2"][used],
            table_2=table_2.reshape(ground.own_2.shape),
            **self.whole(others),
            repulsion=ground.repulsion.copy(),
            radii=ground.radii,
            provenance=f"{provenance}, trained by scatter {__version__}",
            source_sha256=source,
        )

    def _basis(self, intervals: int) -> Float[np.ndarray, "sample k"]:
        step = self.student.cutoff_A / intervals
        return self.student.basis(np.arange(-MARGIN, intervals + MARGIN + 1) * step)

    def _tables(self, name: str, p: Parameters) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients of the splines and their slopes, blocks of channels first."""
        n, k, rows, _ = p[name].shape
        by_channel = p[name].reshape(n, k, rows, -1, self.width).transpose(0, 3, 1, 2, 4)
        table = np.matmul(self.splines, by_channel.reshape(n, -1, k, rows * self.width))
        if name in self.under:
            table += self.under[name]
        slopes = np.zeros_like(table)
        np.subtract(table[..., 1:, :], table[..., :-1, :], out=slopes[..., :-1, :])
        slopes *= self.per_step
        return _flat(table), _flat(slopes)

    def _by_parameter(self, slopes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        n, k, rows, _ = shape
        table = slopes.sum(axis=0).reshape(n, -1, len(self.splines), rows * self.width)
        by_channel = np.matmul(self.splines.T, table).reshape(n, -1, k, rows, self.width)
        return by_channel.transpose(0, 2, 3, 1, 4).reshape(shape)


def _splines(samples: np.ndarray, axis: int = 0) -> np.ndarray:
    """Coefficients of the splines through samples, from the first that counts at r = 0."""
    knots = np.asarray(spline_filter1d(samples, DEGREE, axis=axis, mode="mirror"))
    first = MARGIN - (DEGREE - 1) // 2
    return knots.take(range(first, knots.shape[axis] - first + 2), axis)


def _by_block(table: Float[np.ndarray, "table knot l channel"], width: int) -> np.ndarray:
    """With blocks of channels before the knots, and the numbers of a knot in one row."""
    blocks = by_block(table, width)
    return blocks.reshape(*blocks.shape[:3], -1)


def _flat(array: np.ndarray) -> np.ndarray:
    return aligned(np.ascontiguousarray(array).ravel())


def _products(p: Parameters) -> list[str]:
    return [name for name in p if name in ALL_OF_PRODUCT]


def _padded(product: np.ndarray, count: int) -> np.ndarray:
    """Weights of all invariants or vectors: zero for those that the model does not use."""
    missing = count - product.shape[1]
    return np.pad(product, np.array(((0, 0), (0, missing), (0, 0))))
