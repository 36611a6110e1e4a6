"""The layers of a folded MACE for one replica, forth and back: blocks, atoms, and their pairs."""

import numpy as np

from scatter.kernels.intrinsics import lanes_of
from scatter.kernels.kinds import has, of_kind
from scatter.kernels.memory import copy, fill, inner
from scatter.mace.kernels import density, nodes, pairs, vector_nodes, vector_pairs
from scatter.mace.kernels.couplings import MESSAGE_ROWS
from scatter.mace.kernels.geometry import row_2
from scatter.mace.kernels.harmonics import INVARIANTS, ROWS


@inner
def messages_1(a, start, weights, s):
    """Add to `a` the messages of layer 1, of the pairs that `start` divides by atoms."""
    atoms = len(start) - 1
    size = atoms * ROWS * lanes_of(a)
    for block in range(len(a) // size):
        a_block = a[block * size :]
        table = weights.table_1[block * weights.rows_of_block :]
        for i in range(atoms):
            if start[i] < start[i + 1]:
                pairs.messages_1(
                    a_block,
                    i,
                    s.tiles,
                    s.second,
                    table,
                    s.into_own,
                    s.into_other,
                    start[i],
                    start[i + 1],
                )


@inner
def rows_of_block_2(weights):
    """Numbers of one block in a table of layer 2."""
    return row_2(weights.rows_of_block // 4, weights)


@inner
def messages_2(start, weights, s):
    """Add to m the messages of layer 2."""
    channels, width = len(weights.energy_1), lanes_of(s.m)
    size, rows = len(s.m) // (channels // width), rows_of_block_2(weights)
    for block in range(channels // width):
        m, g, table = s.m[block * size :], s.g[block * width :], weights.table_2[block * rows :]
        for i in range(len(start) - 1):
            if start[i] < start[i + 1]:
                vector_pairs.messages(m, g, i, table, start[i], start[i + 1], weights, s)


@inner
def back_2(start, forces, weights, s):
    """The way back through layer 2; with forces, or for pairs of frozen atoms without."""
    channels, width = len(weights.energy_1), lanes_of(s.m)
    size, rows = len(s.m) // (channels // width), rows_of_block_2(weights)
    for block in range(channels // width):
        m, g, g_bar = s.m[block * size :], s.g[block * width :], s.g_bar[block * width :]
        table, slopes = weights.table_2[block * rows :], weights.slopes_2[block * rows :]
        for i in range(len(start) - 1):
            if start[i] == start[i + 1]:
                continue
            if forces:
                vector_pairs.forces(
                    g_bar, g, m, i, table, slopes, start[i], start[i + 1], weights, s
                )
            else:
                vector_pairs.returns(g_bar, g, m, i, table, start[i], start[i + 1], weights, s)


@inner
def back_1(start, weights, s):
    """The way back through layer 1."""
    atoms = len(start) - 1
    size = atoms * ROWS * lanes_of(s.a)
    for block in range(len(s.a) // size):
        a = s.a[block * size :]
        table = weights.table_1[block * weights.rows_of_block :]
        slopes = weights.slopes_1[block * weights.rows_of_block :]
        for i in range(atoms):
            if start[i] < start[i + 1]:
                pairs.forces_1(
                    a,
                    i,
                    s.tiles,
                    s.second,
                    table,
                    slopes,
                    s.into_own,
                    s.into_other,
                    s.push,
                    start[i],
                    start[i + 1],
                )


@inner
def invariants(out, a, size, beta, weights):
    """B of one atom: its blocks of `a` are `size` apart."""
    channels, width = len(weights.energy_1), lanes_of(a)
    for block in range(channels // width):
        at, rows = block * width, a[block * size :]
        if weights.cubic:
            nodes.product_3(out[at:], rows, beta[at:], channels)
        else:
            nodes.product_2(out[at:], rows, beta[at:], channels)


@inner
def invariants_back(a, size, beta, bar, weights):
    """ā of one atom from its B̄, over a."""
    channels, width = len(weights.energy_1), lanes_of(a)
    for block in range(channels // width):
        at, rows = block * width, a[block * size :]
        if weights.cubic:
            nodes.product_3_back(rows, beta[at:], channels, bar[at:])
        else:
            nodes.product_2_back(rows, beta[at:], channels, bar[at:])


@inner
def add_product(out, x, matrix, columns):
    """Add x M to `out`, where M has as many rows as x."""
    width = lanes_of(out)
    for at in range(0, columns, width):
        nodes.add_product(out[at:], x, matrix[at:], len(x), columns)


@inner
def mix(out, out_size, a, size, matrix, channels):
    """The mixing of channels of one atom; blocks are `out_size` and `size` apart."""
    width = lanes_of(a)
    for block in range(channels // width):
        nodes.mix(
            out[block * out_size :], a, matrix[block * width :], channels // width, size, channels
        )


def _mix_scalars(i, atoms, weights, s):
    channels, rows = len(weights.energy_1), ROWS * lanes_of(s.a)
    mix(s.a_2, rows, s.m[i * rows :], atoms * rows, weights.mix, channels)


def _mix_scalars_back(i, atoms, weights, s):
    channels, rows = len(weights.energy_1), ROWS * lanes_of(s.a)
    mix(s.m[i * rows :], atoms * rows, s.a_2, rows, weights.mix_back, channels)


def _mix_vectors(i, atoms, weights, s):
    channels, width = len(weights.energy_1), lanes_of(s.a)
    rows, blocks = MESSAGE_ROWS * width, channels // width
    for block in range(blocks):
        vector_nodes.mix_paths(
            s.a_2[block * ROWS * width :],
            s.m[i * rows :],
            weights.mix[block * width :],
            blocks,
            atoms * rows,
            channels,
        )


def _mix_vectors_back(i, atoms, weights, s):
    channels, width = len(weights.energy_1), lanes_of(s.a)
    rows, blocks = MESSAGE_ROWS * width, channels // width
    for block in range(blocks):
        vector_nodes.mix_paths_back(
            s.m[block * atoms * rows + i * rows :],
            s.a_2,
            weights.mix_back[block * width :],
            blocks,
            ROWS * width,
            channels,
        )


@of_kind
def mix_messages(i, atoms, weights, s):
    """Features 2 of one atom, from its messages."""
    return _mix_vectors if has(weights, "product_v") else _mix_scalars


@of_kind
def mix_messages_back(i, atoms, weights, s):
    """M̄ of one atom over its messages, from the derivatives by features 2."""
    return _mix_vectors_back if has(weights, "product_v") else _mix_scalars_back


@inner
def send(species, weights, s):
    """B of layer 1, and what every atom sends in layer 2: g = B up + up_0."""
    channels, rows = len(weights.energy_1), ROWS * lanes_of(s.a)
    for i in range(len(species)):
        b, g = s.b[i * channels : (i + 1) * channels], s.g[i * channels : (i + 1) * channels]
        beta = weights.product_1[species[i] * INVARIANTS * channels :]
        density.divide(s.a[i * rows :], len(species) * rows, i, 0, weights, s)
        invariants(b, s.a[i * rows :], len(species) * rows, beta, weights)
        copy(g, weights.up_0[species[i]])
        add_product(g, b, weights.up, channels)


@inner
def _read_out_atom(i, atoms, z, weights, s):
    """Layer 2 of atom i: its energy is added, m becomes m̄, and B of layer 1 its part of B̄."""
    channels, rows, width = len(weights.energy_1), ROWS * lanes_of(s.a), lanes_of(s.a)
    beta, sent = weights.product_2[z * INVARIANTS * channels :], len(s.b) // atoms
    b, x = s.b[i * sent : i * sent + channels], s.x
    mix_messages(i, atoms, weights, s)
    density.divide(s.a_2, rows, i, 1, weights, s)
    density.keep(s.a_2, rows, i, 1, weights, s)
    invariants(s.b_2, s.a_2, rows, beta, weights)
    copy(x, weights.hidden_0[z])
    add_product(x, b, weights.hidden_1[z], len(x))
    add_product(x, s.b_2, weights.hidden_2, len(x))
    nodes.add_energy(b, weights.energy_1, channels // width, s.lanes)
    nodes.readout(x, weights.energy_2, len(x) // width, s.lanes)
    copy(b, weights.energy_1)
    fill(s.b_2, 0)
    add_product(b, x, weights.hidden_1_back[z], channels)
    add_product(s.b_2, x, weights.hidden_2_back, channels)
    invariants_back(s.a_2, rows, beta, s.b_2, weights)
    density.answer(s.a_2, rows, i, 1, weights, s)
    mix_messages_back(i, atoms, weights, s)


@inner
def return_sent(species, weights, s):
    """B̄ of layer 1, from ḡ."""
    channels = len(weights.energy_1)
    for i in range(len(species)):
        bar, g_bar = s.b[i * channels : (i + 1) * channels], s.g_bar[i * channels :]
        add_product(bar, g_bar[:channels], weights.up_back, channels)


@inner
def return_products(species, weights, s):
    """ā of layer 1 over a, from B̄."""
    atoms, channels, rows = len(species), len(weights.energy_1), ROWS * lanes_of(s.a)
    for i in range(atoms):
        bar = s.b[i * channels : (i + 1) * channels]
        beta = weights.product_1[species[i] * INVARIANTS * channels :]
        density.keep(s.a[i * rows :], atoms * rows, i, 0, weights, s)
        invariants_back(s.a[i * rows :], atoms * rows, beta, bar, weights)
        density.answer(s.a[i * rows :], atoms * rows, i, 0, weights, s)


@inner
def read_out(species, weights, s):
    """The energy of all atoms, and the way back through layer 2; see `_read_out_atom`."""
    energy = 0.0
    for i in range(len(species)):
        fill(s.lanes, 0)
        _read_out_atom(i, len(species), species[i], weights, s)
        energy += weights.constant[species[i]]
        for lane in range(len(s.lanes)):
            energy += np.float64(s.lanes[lane])
    return energy
