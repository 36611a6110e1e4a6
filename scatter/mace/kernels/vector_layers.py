"""The layers of a folded MACE that sends vectors, where they differ from those of `layers`."""

from scatter.kernels.intrinsics import lanes_of
from scatter.kernels.kinds import has, of_kind
from scatter.kernels.memory import copy, fill, inner
from scatter.mace.kernels import density, layers, vector_nodes, vector_pairs
from scatter.mace.kernels.couplings import MESSAGE_ROWS, PATHS, VECTORS
from scatter.mace.kernels.harmonics import INVARIANTS, ROWS
from scatter.mace.kernels.message_formulas import SENT

ROW_COUNT, VECTOR_COUNT = len(PATHS), len(VECTORS)


@inner
def _rows_of_block(weights):
    return weights.rows_of_block // 4 * ROW_COUNT


def _messages_2(start, weights, s):
    atoms, width = len(start) - 1, lanes_of(s.m)
    size = atoms * MESSAGE_ROWS * width
    channels = len(weights.energy_1)
    for block in range(channels // width):
        m, g = s.m[block * size :], s.g[block * width :]
        table = weights.table_2[block * _rows_of_block(weights) :]
        for i in range(atoms):
            if start[i] < start[i + 1]:
                vector_pairs.vector_messages_2(
                    m,
                    g,
                    channels,
                    i,
                    s.tiles,
                    s.second,
                    table,
                    s.into_both,
                    start[i],
                    start[i + 1],
                )


def _back_2(start, forces, weights, s):
    atoms, width = len(start) - 1, lanes_of(s.m)
    size = atoms * MESSAGE_ROWS * width
    channels = len(weights.energy_1)
    for block in range(channels // width):
        m, g, g_bar = s.m[block * size :], s.g[block * width :], s.g_bar[block * width :]
        table = weights.table_2[block * _rows_of_block(weights) :]
        slopes = weights.slopes_2[block * _rows_of_block(weights) :]
        for i in range(atoms):
            if start[i] == start[i + 1]:
                continue
            if forces:
                vector_pairs.vector_forces_2(
                    g_bar,
                    g,
                    channels,
                    m,
                    i,
                    s.tiles,
                    s.second,
                    table,
                    slopes,
                    s.into_both,
                    s.push,
                    start[i],
                    start[i + 1],
                )
            else:
                vector_pairs.vector_returns_2(
                    g_bar,
                    g,
                    channels,
                    m,
                    i,
                    s.tiles,
                    s.second,
                    table,
                    s.into_both,
                    start[i],
                    start[i + 1],
                )


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
    atoms, channels, rows = len(species), len(weights.energy_1), ROWS * lanes_of(s.a)
    sent = SENT * channels
    for i in range(atoms):
        bar, g_bar = s.b[i * sent : (i + 1) * sent], s.g_bar[i * sent : (i + 1) * sent]
        a = s.a[i * rows :]
        layers.add_product(bar[:channels], g_bar[:channels], weights.up_back, channels)
        fill(bar[channels:], 0)
        _add_vectors(bar, g_bar, weights.up_v_back, channels)
        density.keep(a, atoms * rows, i, 0, weights, s)
        _products_back(a, atoms * rows, species[i], bar, weights)
        density.answer(a, atoms * rows, i, 0, weights, s)


@of_kind
def send(species, weights, s):
    """What layer 1 makes of the features of all atoms, and what they send in layer 2."""
    return _send if has(weights, "product_v") else layers.send.py_func


@of_kind
def messages_2(start, weights, s):
    """Add to m the messages of layer 2."""
    return _messages_2 if has(weights, "product_v") else layers.messages_2.py_func


@of_kind
def back_2(start, forces, weights, s):
    """The way back through layer 2; with forces, or for pairs of frozen atoms without."""
    return _back_2 if has(weights, "product_v") else layers.back_2.py_func


@of_kind
def return_sent(species, weights, s):
    """The way back through `send`, and then ā over a."""
    return _return_sent if has(weights, "product_v") else layers.return_sent.py_func
