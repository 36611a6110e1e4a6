"""Layer 2 of a model whose atoms send scalars and vectors: its messages, path by path."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scatter.mace.foldable import Module
from scatter.mace.folding.asked import ask, blocks
from scatter.mace.folding.radials import sampled
from scatter.mace.kernels.couplings import PATHS, Triple, coupling
from scatter.mace.kernels.harmonics import rows
from scatter.settings import UserError


@dataclass(frozen=True)
class Path:
    """A path of the model that is one of ours.

    Attributes:
        ours: its index in `PATHS`.
        weights: where its radial weights are.
        rank: its place among those of the same degree.
        factor: of the message k w_c [x_c Y].
    """

    ours: int
    weights: slice
    rank: int
    factor: float


def paths(model: Module, block: Module) -> list[Path]:
    """The paths of a layer's messages.

    Raises:
        UserError: a message is not of this form.
    """
    conv, all_paths, start = block.conv_tp, [], 0
    outs = [each.ir.l for each in conv.irreps_out]
    for each in conv.instructions:
        channels = conv.irreps_in1[each.i_in1].mul
        degrees = (
            conv.irreps_in1[each.i_in1].ir.l,
            conv.irreps_in2[each.i_in2].ir.l,
            conv.irreps_out[each.i_out].ir.l,
        )
        weights = slice(start, start + channels)
        rank = outs[: each.i_out].count(degrees[2])
        factor = _factor(model, conv, each, degrees, weights)
        all_paths.append(Path(PATHS.index(degrees), weights, rank, factor))
        start += channels
    return all_paths


def _factor(model: Module, conv: Module, each: Module, degrees: Triple, weights: slice) -> float:
    """K of a path, from the model's answer to random features."""

    def harmonics(points: NDArray) -> NDArray:
        return ask(model.spherical_harmonics, points)

    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(1, conv.irreps_in1.dim)), rng.normal(size=(1, conv.irreps_in2.dim))
    w = rng.normal(size=(1, conv.weight_numel))
    sent = x[0, conv.irreps_in1.slices()[each.i_in1]].reshape(-1, 2 * degrees[0] + 1)
    table, own = coupling(harmonics, degrees), y[0, rows(degrees[1])]
    expected = np.einsum("ijk,ci,j->ck", table, sent, own) * w[0, weights, None]
    message = ask(conv, x, y, w)[0, conv.irreps_out.slices()[each.i_out]].reshape(expected.shape)
    factor = float((message * expected).sum() / (expected**2).sum())
    if abs(message - factor * expected).max() > 1e-6 * abs(message).max():
        raise UserError("cannot be folded, because its messages are not R_c(r) [x_c Y]")
    return factor


def messages(
    model: Module, block: Module, known: list[Path], receiver: int, sender: int
) -> NDArray:
    """Radial weights of each of `PATHS`, zero where the model has none: (sample, path, channel)."""
    weights = sampled(model, block.conv_tp_weights, receiver, sender)
    radial = np.zeros((len(weights), len(PATHS), known[0].weights.stop))
    for path in known:
        radial[:, path.ours] = weights[:, path.weights] * path.factor
    return radial


def mix(block: Module, known: list[Path]) -> NDArray:
    """The mixing of channels for each of `PATHS`, shape (path, channel, channel)."""
    channels = known[0].weights.stop
    by_degree = blocks(block.linear, block.conv_tp.irreps_out)
    mixed = np.zeros((len(PATHS), channels, channels))
    for path in known:
        at = path.rank * channels
        mixed[path.ours] = by_degree[PATHS[path.ours][2]][at : at + channels]
    return mixed
