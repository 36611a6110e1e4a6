"""Folding the weights of a MACE model; the formulas are those of `docs/theory_mace.md`.

Linear parts of the model are read off by asking them for their answers to unit vectors, so that
every normalisation is that of the model itself. The model must be in double precision.
"""

from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scatter.mace.file import MARGIN, VERSION, FoldedMace
from scatter.mace.foldable import Module
from scatter.mace.kernels.harmonics import DEGREES, INVARIANTS, TRIPLES, triple_products
from scatter.settings import UserError

# Samples of a radial function between 0 and its cutoff. Where r is first measured in covalent
# radii, the functions of hydrogen are steeper, and every fourth sample must do for float32.
INTERVALS = 1024
INTERVALS_OF_TRANSFORMED = 2048


def fold(model: Module, species: NDArray, provenance: str, source_sha256: str) -> FoldedMace:
    """The folded model for some of its species.

    Args:
        model: of the family, in double precision.
        species: which of the model's species to keep.
        provenance: see `FoldedMace`, as for `source_sha256`.
        source_sha256: see `FoldedMace`.

    Raises:
        UserError: a product or message of the model is not of the form that is folded.
    """
    first, second = model.interactions
    embedded = _matrix(model.node_embedding)  # species, channel
    lift_1, lift_2 = (_matrix(block.linear) for block in model.products)
    radial_1 = _radial_1(model, species, embedded @ _matrix(first.linear_up))
    radial_2, table_2 = _radial_2(model, species)
    constant_1 = np.zeros_like(embedded)
    skip_2 = np.stack([_of_species(second.skip_tp, model, z)[0] for z in species])
    if model.products[0].use_sc:
        skip_1 = [_of_species(first.skip_tp, model, z)[0] for z in range(len(embedded))]
        constant_1 = np.einsum("zc,zcd->zd", embedded, skip_1)
    constant_1 = constant_1[species]
    up, hidden = _matrix(second.linear_up), _matrix(model.readouts[-1].linear_1)
    scale, shift = _scale_shift(model)
    energy_1 = np.zeros(len(up))
    if len(model.readouts) == 2:
        energy_1 = scale * _matrix(model.readouts[0].linear)[:, 0]
    (act,) = model.readouts[-1].non_linearity.acts
    return FoldedMace(
        version=VERSION,
        numbers=model.atomic_numbers.numpy()[species],
        cutoff=float(model.r_max),
        radial_1=radial_1,
        radial_2=radial_2,
        table_2=table_2,
        product_1=_product(model, 0, species),
        up=lift_1 @ up,
        up_0=constant_1 @ up,
        energy_1=lift_1 @ energy_1,
        mix=_padded(_blocks(second.linear) / second.avg_num_neighbors),
        product_2=_product(model, 1, species),
        hidden_1=lift_1 @ skip_2 @ hidden,
        hidden_2=lift_2 @ hidden,
        hidden_0=np.einsum("zc,zcd->zd", constant_1, skip_2) @ hidden,
        energy_2=scale * act.cst * _matrix(model.readouts[-1].linear_2)[:, 0],
        constant=_atomic_energies(model)[species] + shift + constant_1 @ energy_1,
        repulsion=_repulsion(model, scale),
        radii=_radii(model, species),
        provenance=provenance,
        source_sha256=source_sha256,
    )


def _ask(module: Module, *inputs: NDArray) -> NDArray:
    import torch

    with torch.no_grad():
        return module(*(torch.from_numpy(np.ascontiguousarray(x)) for x in inputs)).numpy()


def _matrix(linear: Module) -> NDArray:
    """The matrix of a linear map of scalars; rows are what goes in."""
    inner = getattr(linear, "linear", linear)
    return _ask(linear, np.eye(inner.irreps_in.dim))


def _blocks(linear: Module, *attributes: NDArray) -> NDArray:
    """The matrix for each l of a linear map of features, shape (l, channel, channel)."""
    channels, dim = linear.irreps_out[0].mul, linear.irreps_out.dim
    blocks = []
    for degree in DEGREES:
        at = channels * degree**2 + np.arange(channels) * (2 * degree + 1)
        if at[0] < dim:
            blocks.append(_ask(linear, np.eye(dim)[at], *attributes)[:, at])
    return np.stack(blocks)


def _of_species(skip: Module, model: Module, z: int) -> NDArray:
    """The matrices for each l of a map that depends on the species."""
    one_hot = np.eye(len(model.atomic_numbers))[z]
    return _blocks(skip, np.tile(one_hot, (skip.irreps_out[0].mul, 1)))


def _padded(blocks: NDArray) -> NDArray:
    """The same for l up to 3, zero where the model has none."""
    return np.concatenate([blocks, np.zeros((4 - len(blocks), *blocks.shape[1:]))])


def _radial_1(model: Module, species: NDArray, sent: NDArray) -> NDArray:
    """T_l(r) for every pair of species, the receiver's first."""
    block = model.interactions[0]
    linear = _blocks(block.linear) / block.avg_num_neighbors
    tables = []
    for receiver in species:
        mix = linear
        if not model.products[0].use_sc:
            mix = mix @ _of_species(block.skip_tp, model, receiver)
        for sender in species:
            radial = _sampled(model, block, receiver, sender)
            tables.append(np.einsum("klc,c,lcd->kld", radial, sent[sender], mix, optimize=True))
    return _to_l3(np.stack(tables)).reshape(len(species), len(species), -1, 4, sent.shape[1])


def _radial_2(model: Module, species: NDArray) -> tuple[NDArray, NDArray]:
    """R_l(r), and which of them belongs to a pair of species."""
    block, count = model.interactions[1], len(species)
    table = np.zeros((count, count), np.int64)
    pairs = [(0, 0)]
    if hasattr(model.radial_embedding, "distance_transform"):
        pairs = [(a, b) for a in range(count) for b in range(a, count)]
        for index, (a, b) in enumerate(pairs):
            table[a, b] = table[b, a] = index
    tables = [_sampled(model, block, species[a], species[b]) for a, b in pairs]
    return _to_l3(np.stack(tables)), table


def _to_l3(tables: NDArray) -> NDArray:
    missing = 4 - tables.shape[2]
    return np.pad(tables, ((0, 0), (0, 0), (0, missing), (0, 0)))


def _sampled(model: Module, block: Module, receiver: int, sender: int) -> NDArray:
    """Radial weights of a layer's messages with their path factors, shape (sample, l, channel).

    The functions are even or smooth at r = 0, and are continued beyond the cutoff by the
    polynomial that the envelope is within it, so that their splines have no kink.
    """
    import torch

    cutoff = float(model.r_max)
    embedding = model.radial_embedding
    transformed = hasattr(embedding, "distance_transform")
    intervals = INTERVALS_OF_TRANSFORMED if transformed else INTERVALS
    r = np.abs(np.arange(-MARGIN, intervals + MARGIN + 1)) * (cutoff / intervals)
    lengths = torch.from_numpy(np.maximum(r, 1e-6))[:, None]
    with torch.no_grad():
        envelope = _envelope(lengths / cutoff, float(embedding.cutoff_fn.p))
        if transformed:
            one_hot = torch.eye(len(model.atomic_numbers), dtype=torch.float64)[[receiver, sender]]
            edges = torch.tensor([[1], [0]]).expand(2, len(r))
            lengths = embedding.distance_transform(lengths, one_hot, edges, model.atomic_numbers)
        basis = embedding.bessel_fn(lengths)
        if getattr(embedding, "apply_cutoff", True):
            weights = block.conv_tp_weights(basis * envelope)
        else:
            weights = block.conv_tp_weights(basis) * envelope
    factors = _path_factors(block.conv_tp)
    return weights.numpy().reshape(len(r), len(factors), -1) * factors[:, None]


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
    message = _ask(tensor_product, x, y, w)[0]
    parts = []
    for n in range(degrees):
        part = message[channels * n**2 : channels * (n + 1) ** 2].reshape(channels, -1)
        parts.append(part / (x[0] * w.reshape(degrees, -1)[n])[:, None])
    ratio = np.concatenate(parts, axis=1) / y[0]
    factors = ratio[0, np.arange(degrees) ** 2]
    if abs(ratio - factors[degree]).max() > 1e-6:
        raise UserError("cannot be folded, for its messages are not x_c R_lc(r) Y_lm")
    return factors


def _product(model: Module, layer: int, species: NDArray) -> NDArray:
    """β of the invariants, shape (species, invariant, channel)."""
    (contraction,) = model.products[layer].symmetric_contractions.contractions
    order = contraction.correlation
    weights = [contraction.weights_max, *contraction.weights]
    beta = np.zeros((1, INVARIANTS, 1))
    for nu, weight in zip(range(order, 0, -1), weights, strict=True):
        coupling = contraction.U_tensors(nu).numpy()
        projected = _projected(coupling, _invariants(model, nu, len(coupling)))
        beta = beta + np.einsum("ip,zpc->zic", projected, weight.detach().numpy())
    if len(beta) == 1:  # one product for all species
        beta = np.repeat(beta, int(species.max()) + 1, axis=0)
    return np.ascontiguousarray(beta[species])


def _projected(coupling: NDArray, invariants: list[tuple[int, NDArray]]) -> NDArray:
    """The model's couplings of features to a scalar, as multiples of our invariants.

    Returns:
        Shape (invariant, path).

    Raises:
        UserError: a coupling is not a combination of them.
    """
    nu = coupling.ndim - 1
    orders = list(permutations(range(nu)))
    symmetric = np.mean([np.transpose(coupling, (*order, nu)) for order in orders], axis=0)
    parts = np.zeros((INVARIANTS, coupling.shape[-1]))
    rest = symmetric.copy()
    for index, tensor in invariants:
        parts[index] = np.tensordot(tensor, symmetric, nu) / (tensor**2).sum()
        rest -= np.multiply.outer(tensor, parts[index])
    if abs(rest).max() > 1e-6:
        raise UserError("cannot be folded, for its products are not those of three dimensions")
    return parts


def _invariants(model: Module, nu: int, count: int) -> list[tuple[int, NDArray]]:
    """Our invariants of order `nu` as symmetric tensors of the first `count` rows."""
    if nu == 1:
        return [(0, np.eye(count)[0])]
    if nu == 2:
        degree = np.floor(np.sqrt(np.arange(count)))
        degrees = range(int(np.sqrt(count)))
        return [(1 + n, np.diag((degree == n).astype(float))) for n in degrees]

    def harmonics(points: NDArray) -> NDArray:
        return _ask(model.spherical_harmonics, points)

    invariants = []
    for index, triple in enumerate(TRIPLES):
        if max(triple) ** 2 >= count:
            continue
        tensor = np.zeros((count,) * 3)
        for place, mean in triple_products(harmonics, triple).items():
            for order in permutations(place):
                tensor[order] += mean / 6
        invariants.append((5 + index, tensor))
    return invariants


def _scale_shift(model: Module) -> tuple[float, float]:
    if not hasattr(model, "scale_shift"):
        return 1.0, 0.0
    block = model.scale_shift
    return float(np.ravel(block.scale.numpy())[0]), float(np.ravel(block.shift.numpy())[0])


def _atomic_energies(model: Module) -> NDArray:
    return np.atleast_2d(model.atomic_energies_fn.atomic_energies.numpy())[0]


def _repulsion(model: Module, scale: float) -> NDArray:
    """Scale, a_prefactor, a_exp and p of ZBL; a ScaleShiftMACE scales it with the rest."""
    if not hasattr(model, "pair_repulsion_fn"):
        return np.zeros(4)
    zbl = model.pair_repulsion_fn
    return np.array([scale, float(zbl.a_prefactor), float(zbl.a_exp), float(zbl.p)])


def _radii(model: Module, species: NDArray) -> NDArray:
    if not hasattr(model, "pair_repulsion_fn"):
        return np.zeros(len(species))
    return model.pair_repulsion_fn.covalent_radii.numpy()[model.atomic_numbers.numpy()[species]]
