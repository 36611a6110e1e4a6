"""The layers of a folded MACE that sends vectors, where they differ from those of `layers`."""

from scatter.kernels.intrinsics import lanes_of
from scatter.kernels.kinds import has, of_kind
from scatter.kernels.memory import copy, fill, inner
from scatter.mace.kernels import density, layers, vector_nodes
from scatter.mace.kernels.couplings import VECTORS
from scatter.mace.kernels.harmonics import INVARIANTS, ROWS
from scatter.mace.kernels.message_formulas import SENT

VECTOR_COUNT = len(VECTORS)


@inner
def _products(out, a, size, z, weights):
    """B and V of one atom of a species: its blocks of `a` are `size` apart."""
    channels, width = len(weights.energy_1), lanes_of(a)
    beta = weights.product_1[z * INVARIANTS * channels :]
    gamma = weights.product_v[z * VECTOR_COUNT * channels :]
    for block in range(channels // width):
        at = block * width
        vector_nodes.product_v(out[at:], a[block * size :], beta[at:], gamma[at:], channels)


@inner
def _products_back(a, size, z, bar, weights):
    channels, width = len(weights.energy_1), lanes_of(a)
    beta = weights.product_1[z * INVARIANTS * channels :]
    gamma = weights.product_v[z * VECTOR_COUNT * channels :]
    for block in range(channels // width):
        at = block * width
        vector_nodes.product_v_back(a[block * size :], beta[at:], gamma[at:], channels, bar[at:])


@inner
def _add_vectors(out, vectors, matrix, channels):
    """Add v M to the three components after a scalar, from those of `vectors`."""
    for n in range(1, SENT):
        here = slice(n * channels, (n + 1) * channels)
        layers.add_product(out[here], vectors[here], matrix, channels)


def _send(species, weights, s):
    atoms, channels, rows = len(species), len(weights.energy_1), ROWS * lanes_of(s.a)
    sent = SENT * channels
    for i in range(atoms):
        b, g, a = s.b[i * sent : (i + 1) * sent], s.g[i * sent : (i + 1) * sent], s.a[i * rows :]
        density.divide(a, atoms * rows, i, 0, weights, s)
        _products(b, a, atoms * rows, species[i], weights)
        fill(g, 0)
        copy(g, weights.up_0[species[i]])
        layers.add_product(g[:channels], b[:channels], weights.up, channels)
        _add_vectors(g, b, weights.up_v, channels)


def _return_sent(species, weights, s):
    channels = len(weights.energy_1)
    sent = SENT * channels
    for i in range(len(species)):
        bar, g_bar = s.b[i * sent : (i + 1) * sent], s.g_bar[i * sent : (i + 1) * sent]
        layers.add_product(bar[:channels], g_bar[:channels], weights.up_back, channels)
        fill(bar[channels:], 0)
        _add_vectors(bar, g_bar, weights.up_v_back, channels)


def _return_products(species, weights, s):
    atoms, rows, sent = len(species), ROWS * lanes_of(s.a), SENT * len(weights.energy_1)
    for i in range(atoms):
        bar, a = s.b[i * sent : (i + 1) * sent], s.a[i * rows :]
        density.keep(a, atoms * rows, i, 0, weights, s)
        _products_back(a, atoms * rows, species[i], bar, weights)
        density.answer(a, atoms * rows, i, 0, weights, s)


@of_kind
def send(species, weights, s):
    """What layer 1 makes of the features of all atoms, and what they send in layer 2."""
    return _send if has(weights, "product_v") else layers.send.py_func


@of_kind
def return_sent(species, weights, s):
    """The way back from what is sent to what layer 1 made of the features of all atoms."""
    return _return_sent if has(weights, "product_v") else layers.return_sent.py_func


@of_kind
def return_products(species, weights, s):
    """The way back from there: ā over a."""
    return _return_products if has(weights, "product_v") else layers.return_products.py_func
