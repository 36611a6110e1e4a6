"""Radial functions of a model, sampled for pairs of species: messages, and densities."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scatter.mace.file import MARGIN
from scatter.mace.foldable import Module
from scatter.mace.folding.asked import ask, blocks, of_species
from scatter.settings import UserError

# Samples of a radial function between 0 and its cutoff. Where r is first measured in covalent
# radii, the functions of hydrogen are steeper, and every fourth sample must do for float32.
INTERVALS = 1024
INTERVALS_OF_TRANSFORMED = 2048


def is_dense(block: Module) -> bool:
    """Whether messages of a layer are divided by a density, and not by a number of neighbours."""
    return hasattr(block, "density_fn")


def neighbours(block: Module) -> float:
    """What sums over neighbours are divided by in any case."""
    return 1.0 if is_dense(block) else block.avg_num_neighbors


def tables_1(model: Module, species: NDArray, sent: NDArray) -> NDArray:
    """T_l(r) for every pair of species, the receiver's first.

    Args:
        model: all of it.
        species: which of its species to keep.
        sent: what atoms of each of its species send, shape (species, channel).
    """
    block = model.interactions[0]
    linear = np.stack(blocks(block.linear, block.linear.irreps_in)) / neighbours(block)
    tables = []
    for receiver in species:
        mix = linear
        if not model.products[0].use_sc:
            mix = mix @ np.stack(of_species(block.skip_tp, model, receiver))
        for sender in species:
            radial = messages(model, block, receiver, sender)
            tables.append(np.einsum("klc,c,lcd->kld", radial, sent[sender], mix, optimize=True))
    return to_l3(np.stack(tables), 2).reshape(len(species), len(species), -1, 4, sent.shape[1])


def pairs_of(model: Module, count: int) -> tuple[list[tuple[int, int]], NDArray]:
    """Pairs of species whose radial functions differ, and which belong to any pair."""
    table = np.zeros((count, count), np.int64)
    if not hasattr(model.radial_embedding, "distance_transform"):
        return [(0, 0)], table
    pairs = [(a, b) for a in range(count) for b in range(a, count)]
    for index, (a, b) in enumerate(pairs):
        table[a, b] = table[b, a] = index
    return pairs, table


def densities(model: Module, layer: int, pairs: list[tuple[int, int]]) -> NDArray:
    """d(r) of a layer for pairs of the model's species, zero where it has none.

    Returns:
        Shape (pair, sample).
    """
    import torch

    block = model.interactions[layer]

    def density(features: Any) -> Any:
        return torch.tanh(block.density_fn(features) ** 2)

    if not is_dense(block):
        return np.zeros((len(pairs), len(_grid(model))))
    return np.stack([sampled(model, density, *pair)[:, 0] for pair in pairs])


def to_l3(tables: NDArray, axis: int) -> NDArray:
    """The same for l up to 3, zero where the model has none."""
    missing = [(0, 4 - tables.shape[axis] if n == axis else 0) for n in range(tables.ndim)]
    return np.pad(tables, np.array(missing))


def messages(model: Module, block: Module, receiver: int, sender: int) -> NDArray:
    """Radial weights of messages x_c w_lc Y_lm, with their path factors: (sample, l, channel)."""
    weights = sampled(model, block.conv_tp_weights, receiver, sender)
    factors = _path_factors(block.conv_tp)
    return weights.reshape(len(weights), len(factors), -1) * factors[:, None]


def sampled(model: Module, function: Callable[[Any], Any], receiver: int, sender: int) -> NDArray:
    """A function of the features of an edge, at every sample of its length.

    The functions are even or smooth at r = 0, and are continued beyond the cutoff by the
    polynomial that the envelope is within it, so that their splines have no kink.
    """
    import torch

    cutoff, embedding = float(model.r_max), model.radial_embedding
    r = _grid(model)
    lengths = torch.from_numpy(np.maximum(r, 1e-6))[:, None]
    with torch.no_grad():
        envelope = _envelope(lengths / cutoff, float(embedding.cutoff_fn.p))
        if hasattr(embedding, "distance_transform"):
            one_hot = torch.eye(len(model.atomic_numbers), dtype=torch.float64)[[receiver, sender]]
            edges = torch.tensor([[1], [0]]).expand(2, len(r))
            lengths = embedding.distance_transform(lengths, one_hot, edges, model.atomic_numbers)
        basis = embedding.bessel_fn(lengths)
        if getattr(embedding, "apply_cutoff", True):
            return function(basis * envelope).numpy()
        return (function(basis) * envelope).numpy()


def _grid(model: Module) -> NDArray:
    """The lengths of the samples, Å."""
    transformed = hasattr(model.radial_embedding, "distance_transform")
    intervals = INTERVALS_OF_TRANSFORMED if transformed else INTERVALS
    return np.abs(np.arange(-MARGIN, intervals + MARGIN + 1)) * (float(model.r_max) / intervals)


def _envelope(x: Any, p: float) -> Any:
    return (
        1
        - (p + 1) * (p + 2) / 2 * x**p
        + p * (p + 2) * x ** (p + 1)
        - p * (p + 1) / 2 * x ** (p + 2)
    )


def _path_factors(tensor_product: Module) -> NDArray:
    """k_l of the messages k_l x_c w_lc Y_lm.

    Raises:
        UserError: the messages are not of this form.
    """
    channels, harmonics = tensor_product.irreps_in1.dim, tensor_product.irreps_in2.dim
    degrees = int(np.sqrt(harmonics))
    degree = np.repeat(np.arange(degrees), 2 * np.arange(degrees) + 1)
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(1, channels)), rng.normal(size=(1, harmonics))
    w = rng.normal(size=(1, degrees * channels))
    message = ask(tensor_product, x, y, w)[0]
    parts = []
    for n in range(degrees):
        part = message[channels * n**2 : channels * (n + 1) ** 2].reshape(channels, -1)
        parts.append(part / (x[0] * w.reshape(degrees, -1)[n])[:, None])
    ratio = np.concatenate(parts, axis=1) / y[0]
    factors = ratio[0, np.arange(degrees) ** 2]
    if abs(ratio - factors[degree]).max() > 1e-6:
        raise UserError("cannot be folded, because its messages are not x_c R_lc(r) Y_lm")
    return factors
