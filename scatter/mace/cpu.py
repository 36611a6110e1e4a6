"""A folded MACE model, evaluated by our own kernel: exact, fast, and without torch.

The file is made by `scatter convert`. A replica's energy and forces are the same bits in any
batch, slot and number of threads.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ase.data import chemical_symbols
from scipy.ndimage import spline_filter1d

from scatter.kernels import lanes
from scatter.kernels.memory import aligned
from scatter.kernels.splines import DEGREE
from scatter.mace.file import MARGIN, FoldedMace
from scatter.mace.kernels import batch as mace
from scatter.mace.kernels.memory import MaceArrays, MaceMemory
from scatter.mace.kernels.tiles import TILE_ROWS
from scatter.potentials.replicas import Compiled, Kernel

THINNED = {"float32": 4, "float64": 1}  # one knot of the splines for so many samples


class MaceFused(Compiled):
    """A MACE model of two layers with scalar features (`.npz`), on a CPU."""

    def __init__(self, folded: FoldedMace, precision: str = "float32", name: str = "model"):
        """Take the weights of a folded model.

        Args:
            folded: the arrays.
            precision: "float32" or "float64". Energies of atoms are summed in float64 always.
            name: for people.
        """
        self.folded, self.domain = folded, folded.domain
        self.weights = weights_of(self.folded, precision)
        self.kernel, self.numbers = Kernel("MACE", mace.evaluate_batch, scratch), folded.numbers
        numbers = self.numbers.tolist()
        self.elements = frozenset(numbers)
        self.cutoff = float(self.folded.cutoff)
        content = f"{folded.sha256()} {precision}"
        self.identity = hashlib.sha256(content.encode()).hexdigest()
        known = ", ".join(chemical_symbols[z] for z in numbers)
        self.description = f"fused MACE {name} ({known}; {precision})"

    @classmethod
    def read(cls, file: Path, precision: str = "float32") -> "MaceFused":
        """The model in a file that `scatter convert` wrote.

        Raises:
            UserError: the file is not a converted model.
        """
        return cls(FoldedMace.read(file), precision, file.name)


def scratch(weights: MaceArrays, atoms: int, capacity: int, workers: int) -> MaceMemory:
    """Working memory of the kernel.

    Args:
        weights: of the model.
        atoms: of one replica.
        capacity: most pairs of one replica.
        workers: how many replicas are computed at once.
    """
    kind = weights.energy_1.dtype
    width, channels = lanes(8 * kind.itemsize), len(weights.energy_1)
    tiles = capacity // width + 3  # the pairs of frozen atoms and all others fill tiles apart
    places = width * tiles

    def reals(size: int) -> np.ndarray:
        return aligned(np.zeros((workers, size), kind))

    def integers(size: int) -> np.ndarray:
        return np.zeros((workers, size), np.int64)

    features, row = atoms * 16 * channels, atoms * channels
    return MaceMemory(
        held=np.full((workers, atoms, 3), np.nan),
        fixed=reals(features),
        fixed_energy=np.zeros((workers, 1)),
        fixed_start=integers(atoms + 1),
        start=integers(atoms + 1),
        a=reals(features),
        m=reals(features),
        a_2=reals(16 * channels),
        b=reals(row),
        b_2=reals(channels),
        g=reals(row),
        g_bar=reals(row),
        x=reals(len(weights.energy_2)),
        lanes=reals(width),
        tiles=reals(tiles * TILE_ROWS * width),
        apart=aligned(np.zeros((workers, tiles * 3 * width))),
        knots=np.zeros((workers, places), np.int32),
        first=integers(places),
        second=integers(places),
        into_own=integers(places),
        into_other=integers(places),
        into_both=integers(places),
        push=reals(4 * places),
    )


def weights_of(model: FoldedMace, precision: str) -> MaceArrays:
    """The arrays of the kernel, in the numbers it computes with."""
    kind = np.dtype(precision)
    width = lanes(8 * kind.itemsize)
    per_step = 1 / (model.step * THINNED[precision])
    radial_1 = _splines(model.radial_1.reshape(-1, *model.radial_1.shape[2:]), precision)
    radial_2 = _splines(model.radial_2, precision)
    rows = radial_1.shape[1] * 4 * width
    count, blocks = len(model.numbers), model.channels // width

    def table(radial: np.ndarray) -> np.ndarray:
        return aligned(np.ascontiguousarray(by_block(radial, width), kind)).ravel()

    return MaceArrays(
        table_1=table(radial_1),
        table_2=table(radial_2),
        slopes_1=table(np.diff(radial_1, axis=1, append=0) * per_step),
        slopes_2=table(np.diff(radial_2, axis=1, append=0) * per_step),
        start_1=np.arange(count**2).reshape(count, count) * (rows * blocks),
        start_2=np.ascontiguousarray(model.table_2) * (rows * blocks),
        rows_of_block=rows,
        grid=np.array([per_step]),
        **layers_of(vars(model), kind),
        repulsion=model.repulsion.copy(),
        charges_radii=np.stack([model.numbers, model.radii], axis=1).astype(float),
        cutoff=float(model.cutoff),
        cubic=model.cubic,
    )


def layers_of(p: Mapping[str, Any], kind: np.dtype) -> dict[str, np.ndarray]:
    """What follows the tables, in the numbers of the kernel; hidden units fill a register.

    Args:
        p: arrays by their names in `FoldedMace`.
        kind: of the numbers.
    """
    hidden = (0, -len(p["energy_2"]) % lanes(8 * kind.itemsize))
    padded = {name: np.pad(p[name], ((0, 0), hidden)) for name in ("hidden_0", "hidden_2")}
    hidden_1 = np.pad(p["hidden_1"], ((0, 0), (0, 0), hidden))
    rows = {"hidden_1": hidden_1, "hidden_1_back": hidden_1.transpose(0, 2, 1)}
    flat = {name: p[name] for name in ("product_1", "product_2", "up", "mix", "energy_1")}
    flat |= {"up_back": p["up"].T, "mix_back": p["mix"].transpose(0, 2, 1)}
    flat |= {"hidden_2": padded["hidden_2"], "hidden_2_back": padded["hidden_2"].T}
    flat |= {"energy_2": np.pad(p["energy_2"], hidden)}

    def real(array: np.ndarray) -> np.ndarray:
        return aligned(np.ascontiguousarray(array, kind))

    return {
        "constant": p["constant"].copy(),
        "up_0": real(p["up_0"]),
        "hidden_0": real(padded["hidden_0"]),
        **{name: real(array.reshape(len(array), -1)) for name, array in rows.items()},
        **{name: real(array).ravel() for name, array in flat.items()},
    }


def _splines(samples: np.ndarray, precision: str) -> np.ndarray:
    """Coefficients of the splines through the samples, from the first that counts at r = 0.

    Args:
        samples: shape (table, sample, l, channel).
        precision: decides how many of the samples are used.
    """
    thinned = THINNED[precision]
    knots = np.asarray(spline_filter1d(samples[:, ::thinned], DEGREE, axis=1, mode="mirror"))
    first = MARGIN // thinned - (DEGREE - 1) // 2
    return knots[:, first : knots.shape[1] - first + 2]


def by_block(table: np.ndarray, width: int) -> np.ndarray:
    """(table, knot, l, channel) as (table, block, knot, l, lane)."""
    tables, knots, _, channels = table.shape
    return table.reshape(tables, knots, 4, channels // width, width).transpose(0, 3, 1, 2, 4)
