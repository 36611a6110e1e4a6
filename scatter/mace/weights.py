"""The arrays of a folded MACE as the kernel of the CPU takes them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.ndimage import spline_filter1d

from scatter.kernels import lanes
from scatter.kernels.memory import aligned
from scatter.kernels.splines import DEGREE
from scatter.mace.file import MARGIN, DensityMace, FoldedMace
from scatter.mace.kernels.memory import DensityArrays, MaceArrays, VectorArrays

THINNED = {"float32": 4, "float64": 1}  # one knot of the splines for so many samples


def weights_of(model: FoldedMace, precision: str) -> Any:
    """The arrays of the kernel, in the numbers it computes with: those of its kind of model."""
    arrays = _arrays(model, precision)
    if not isinstance(model, DensityMace):
        return arrays
    both = np.stack([model.density_1, model.density_2], axis=-1)
    return with_others(arrays, both, model.table_2, vars(model), precision)


def with_others(
    arrays: MaceArrays,
    densities: np.ndarray,
    table_2: np.ndarray,
    p: Mapping[str, Any],
    precision: str,
) -> Any:
    """The arrays of a model that has densities and, where `p` has any, vectors.

    Args:
        arrays: what all models have.
        densities: d(r) of both layers, shape (table, sample, layer).
        table_2: see `FoldedMace`.
        p: arrays by their names in `VectorMace`.
        precision: of the kernel.
    """
    per_step = float(arrays.grid[0])
    dense = DensityArrays(*arrays, **_densities(densities, table_2, per_step, precision))
    return VectorArrays(*dense, **_vectors(p, precision)) if "product_v" in p else dense


def _densities(
    both: np.ndarray, table_2: np.ndarray, per_step: float, precision: str
) -> dict[str, np.ndarray]:
    """The tables of the densities, and where those of a pair of species begin."""
    width = lanes(8 * np.dtype(precision).itemsize)
    splines = _splines(both[:, :, None], precision)[:, :, 0]
    padded = np.pad(splines, np.array([(0, 0), (0, 0), (0, width - 2)]))
    slopes = np.diff(padded, axis=1, append=0) * per_step
    return {
        "density": _real(padded, precision).ravel(),
        "density_slopes": _real(slopes, precision).ravel(),
        "density_starts": table_2 * padded.shape[1],
    }


def _vectors(p: Mapping[str, Any], precision: str) -> dict[str, np.ndarray]:
    """What makes vectors, and what is sent of them."""
    made = {"product_v": p["product_v"], "up_v": p["up_v"], "up_v_back": p["up_v"].T}
    return {name: _real(array, precision).ravel() for name, array in made.items()}


def _real(array: np.ndarray, precision: str) -> np.ndarray:
    return aligned(np.ascontiguousarray(array, np.dtype(precision)))


def _arrays(model: FoldedMace, precision: str) -> MaceArrays:
    kind = np.dtype(precision)
    width = lanes(8 * kind.itemsize)
    per_step = 1 / (model.step * THINNED[precision])
    radial_1 = _splines(model.radial_1.reshape(-1, *model.radial_1.shape[2:]), precision)
    radial_2 = _splines(model.radial_2, precision)
    knots, paths = radial_1.shape[1], radial_2.shape[2]
    count, blocks = len(model.numbers), model.channels // width

    def table(radial: np.ndarray) -> np.ndarray:
        return aligned(np.ascontiguousarray(by_block(radial, width), kind)).ravel()

    return MaceArrays(
        table_1=table(radial_1),
        table_2=table(radial_2),
        slopes_1=table(np.diff(radial_1, axis=1, append=0) * per_step),
        slopes_2=table(np.diff(radial_2, axis=1, append=0) * per_step),
        start_1=np.arange(count**2).reshape(count, count) * (knots * 4 * width * blocks),
        start_2=np.ascontiguousarray(model.table_2) * (knots * paths * width * blocks),
        rows_of_block=knots * 4 * width,
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
    return table.reshape(*table.shape[:3], -1, width).transpose(0, 3, 1, 2, 4)
