"""Products of a model as weights of our invariants and of our vectors."""

from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from scatter.mace.foldable import Module
from scatter.mace.folding.asked import ask
from scatter.mace.kernels.couplings import ORDERS, VECTORS, Tree, coupling, degree_of
from scatter.mace.kernels.harmonics import INVARIANTS, TRIPLES, rows, triple_products
from scatter.settings import UserError

SIZE = "cannot be folded, because its products are not those of three dimensions"


def scalars(model: Module, layer: int, species: NDArray) -> NDArray:
    """β of the invariants, shape (species, invariant, channel)."""
    contraction = model.products[layer].symmetric_contractions.contractions[0]
    beta = np.zeros((1, INVARIANTS, 1))
    for nu, weight in _weights(contraction):
        projected = _projected(contraction.U_tensors(nu).numpy(), nu, model)
        beta = beta + np.einsum("ip,zpc->zic", projected, weight)
    return _of_species(beta, species)


def vectors(model: Module, layer: int, species: NDArray) -> NDArray:
    """γ of the vectors, shape (species, covariant, channel)."""
    contraction = model.products[layer].symmetric_contractions.contractions[1]
    gamma = np.zeros((1, len(VECTORS), 1))
    for nu, weight in _weights(contraction):
        projected = _projected_vectors(contraction.U_tensors(nu).numpy(), nu, model)
        gamma = gamma + np.einsum("ip,zpc->zic", projected, weight)
    return _of_species(gamma, species)


def _weights(contraction: Module) -> list[tuple[int, NDArray]]:
    """The weights of each order, the highest first."""
    weights = [contraction.weights_max, *contraction.weights]
    orders = range(contraction.correlation, 0, -1)
    return [(nu, each.detach().numpy()) for nu, each in zip(orders, weights, strict=True)]


def _of_species(weights: NDArray, species: NDArray) -> NDArray:
    if len(weights) == 1:  # one product for all species
        weights = np.repeat(weights, int(species.max()) + 1, axis=0)
    return np.ascontiguousarray(weights[species])


def _symmetric(tensor: NDArray, start: int, nu: int) -> NDArray:
    """The same in whatever order the `nu` features stand, whose axes begin at `start`."""
    after = range(start + nu, tensor.ndim)
    orders = [(*range(start), *order, *after) for order in permutations(range(start, start + nu))]
    return np.mean([np.transpose(tensor, order) for order in orders], axis=0)


def _projected(couplings: NDArray, nu: int, model: Module) -> NDArray:
    """The model's couplings of features to a scalar, as multiples of our invariants.

    Returns:
        Shape (invariant, path).

    Raises:
        UserError: a coupling is not a combination of them.
    """
    symmetric = _symmetric(couplings, 0, nu)
    parts = np.zeros((INVARIANTS, couplings.shape[-1]))
    rest = symmetric.copy()
    for index, tensor in _invariants(model, nu, len(couplings)):
        parts[index] = np.tensordot(tensor, symmetric, nu) / (tensor**2).sum()
        rest -= np.multiply.outer(tensor, parts[index])
    if abs(rest).max() > 1e-6:
        raise UserError(SIZE)
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
        return ask(model.spherical_harmonics, points)

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


def _projected_vectors(couplings: NDArray, nu: int, model: Module) -> NDArray:
    """The model's couplings of features to a vector, as multiples of ours.

    Returns:
        Shape (covariant, path).

    Raises:
        UserError: a coupling is not a combination of them.
    """
    symmetric, count = _symmetric(couplings, 1, nu), couplings.shape[1]
    highest = int(np.sqrt(count)) - 1
    known = [n for n in range(ORDERS[nu - 1].start, ORDERS[nu - 1].stop)]
    known = [n for n in known if _highest(VECTORS[n]) <= highest]
    tensors = [_symmetric(_tensor(model, VECTORS[n], count), 0, nu) for n in known]
    basis = np.stack([np.moveaxis(each, -1, 0).ravel() for each in tensors], axis=1)
    wanted = symmetric.reshape(len(basis), -1)
    parts = np.zeros((len(VECTORS), wanted.shape[1]))
    parts[known] = np.linalg.lstsq(basis, wanted)[0]
    if abs(basis @ parts[known] - wanted).max() > 1e-6:
        raise UserError(SIZE)
    return parts


def _highest(tree: Tree) -> int:
    return tree if isinstance(tree, int) else max(_highest(tree[0]), _highest(tree[1]))


def _tensor(model: Module, tree: Tree, count: int) -> NDArray:
    """What a tree couples, in the model's harmonics: an axis for each feature, then components."""
    if isinstance(tree, int):
        return np.eye(count)[:, rows(tree)]

    def harmonics(points: NDArray) -> NDArray:
        return ask(model.spherical_harmonics, points)

    left, right, degree = tree
    table = coupling(harmonics, (degree_of(left), degree_of(right), degree))
    first = np.tensordot(_tensor(model, left, count), table, 1)  # features, other, out
    second = _tensor(model, right, count)
    return np.moveaxis(np.tensordot(first, second, ((-2,), (-1,))), first.ndim - 2, -1)
