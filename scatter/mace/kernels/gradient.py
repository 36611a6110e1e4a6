"""The gradient of the energy by the weights of a folded MACE, for one structure.

A bar is the derivative of the energy, as in `mace_layers`. The passes are the same; where those end
in positions, these end in weights:

    T̄_l += w_j s_l of the receiver                       (coefficients of the splines of layer 1)
    R̄_l += w_j (g_j s_l(i) + g_i s_l(j))                 (of layer 2; the same along every path)
    β̄_t += B̄ I_t(a),  γ̄_t += V̄ · V_t(a),  M̄_l += m ā²ᵀ,  and outer products for every matrix.

A gradient has the form of the weights, `MaceArrays` and its like, with zeros to begin with; arrays
that follow from others (slopes, transposes) and densities are left alone.
"""

from math import exp

from scatter.kernels.intrinsics import lanes_of
from scatter.kernels.kinds import has, of_kind
from scatter.kernels.memory import copy, fill, inner
from scatter.mace.kernels import density, layers, nodes, weight_sums
from scatter.mace.kernels.couplings import MESSAGE_ROWS, VECTORS
from scatter.mace.kernels.geometry import geometry, pairs_within
from scatter.mace.kernels.harmonics import INVARIANTS, ROWS
from scatter.mace.kernels.message_formulas import SENT
from scatter.mace.kernels.vector_layers import return_products, return_sent, send

VECTOR_COUNT = len(VECTORS)


@inner
def _add_outer(gradient, x, y):
    """gradient_kc += x_k y_c."""
    width = len(y)
    for k in range(len(x)):
        for c in range(width):
            gradient[k * width + c] += x[k] * y[c]


@inner
def _add(gradient, x):
    for k in range(len(x)):
        gradient[k] += x[k]


@inner
def _add_product(gradient, a, size, bar, weights):
    channels, width = len(weights.energy_1), lanes_of(a)
    for block in range(channels // width):
        at, block_of_a = block * width, a[block * size :]
        if weights.cubic:
            weight_sums.product_3_weights(gradient[at:], block_of_a, bar[at:], channels)
        else:
            weight_sums.product_2_weights(gradient[at:], block_of_a, bar[at:], channels)


@inner
def _readout(b, z, factor, weights, s, gradient):
    """The readout of one atom, forth and back: x becomes x̄, and b its part of B̄ of layer 1."""
    x = s.x
    copy(x, weights.hidden_0[z])
    layers.add_product(x, b, weights.hidden_1[z], len(x))
    layers.add_product(x, s.b_2, weights.hidden_2, len(x))
    gradient.constant[z] += factor
    for h in range(len(x)):
        gradient.energy_2[h] += factor * x[h] / (1.0 + exp(-x[h]))
    nodes.readout(x, weights.energy_2, len(x) // lanes_of(x), s.lanes)
    for h in range(len(x)):
        x[h] *= factor
    _add(gradient.hidden_0[z], x)
    _add_outer(gradient.hidden_1[z], b, x)
    _add_outer(gradient.hidden_2, s.b_2, x)
    for c in range(len(b)):
        gradient.energy_1[c] += factor * b[c]
        b[c] = factor * weights.energy_1[c]
    fill(s.b_2, 0)
    layers.add_product(b, x, weights.hidden_1_back[z], len(b))
    layers.add_product(s.b_2, x, weights.hidden_2_back, len(b))


def _add_scalar_mix(i, atoms, weights, s, gradient):
    channels, width, size = len(weights.energy_1), lanes_of(s.a), ROWS * lanes_of(s.a)
    for block in range(channels // width):
        weight_sums.scalar_mix_weights(
            gradient.mix[block * width :], s.m[i * size :], s.a_2[block * size :],
            channels // width, atoms * size, channels,
        )  # fmt: skip


def _add_vector_mix(i, atoms, weights, s, gradient):
    channels, width, size = len(weights.energy_1), lanes_of(s.a), ROWS * lanes_of(s.a)
    rows_of_atom = MESSAGE_ROWS * width
    for block in range(channels // width):
        weight_sums.vector_mix_weights(
            gradient.mix[block * width :], s.m[i * rows_of_atom :], s.a_2[block * size :],
            channels // width, atoms * rows_of_atom, channels,
        )  # fmt: skip


@of_kind
def _add_mix(i, atoms, weights, s, gradient):
    """M̄ of the messages of one atom."""
    return _add_vector_mix if has(weights, "product_v") else _add_scalar_mix


@inner
def _atom(i, atoms, z, factor, weights, s, gradient):
    """Layer 2 of atom i: m becomes m̄, B of layer 1 its part of B̄; see `layers.read_out`."""
    channels, rows_of_atom = len(weights.energy_1), ROWS * lanes_of(s.a)
    at, sent = z * INVARIANTS * channels, len(s.b) // atoms
    layers.mix_messages(i, atoms, weights, s)
    density.divide(s.a_2, rows_of_atom, i, 1, weights, s)
    density.keep(s.a_2, rows_of_atom, i, 1, weights, s)
    layers.invariants(s.b_2, s.a_2, rows_of_atom, weights.product_2[at:], weights)
    _readout(s.b[i * sent : i * sent + channels], z, factor, weights, s, gradient)
    _add_product(gradient.product_2[at:], s.a_2, rows_of_atom, s.b_2, weights)
    layers.invariants_back(s.a_2, rows_of_atom, weights.product_2[at:], s.b_2, weights)
    density.answer(s.a_2, rows_of_atom, i, 1, weights, s)
    _add_mix(i, atoms, weights, s, gradient)
    layers.mix_messages_back(i, atoms, weights, s)


def _nothing_of_vectors(i, z, atoms, weights, s, sent, gradient):
    pass


def _add_vectors(i, z, atoms, weights, s, sent, gradient):
    channels, width, size = len(weights.energy_1), lanes_of(s.a), ROWS * lanes_of(s.a)
    for n in range(1, SENT):
        here = slice((i * SENT + n) * channels, (i * SENT + n + 1) * channels)
        _add_outer(gradient.up_v, sent[here], s.g_bar[here])
    for block in range(channels // width):
        at = block * width
        weight_sums.product_v_weights(
            gradient.product_v[z * VECTOR_COUNT * channels + at :],
            s.a[(block * atoms + i) * size :], s.b[i * SENT * channels + at :], channels,
        )  # fmt: skip


@of_kind
def _add_sent_vectors(i, z, atoms, weights, s, sent, gradient):
    """γ̄ and the gradient by `up_v` of one atom."""
    return _add_vectors if has(weights, "product_v") else _nothing_of_vectors


@inner
def _add_sent(species, weights, s, sent, gradient):
    """The gradient by what makes what is sent; `sent` is B (and V) of layer 1, `s.b` its bar."""
    atoms, channels, rows_of_atom = len(species), len(weights.energy_1), ROWS * lanes_of(s.a)
    each = len(s.b) // atoms
    for i in range(atoms):
        here, at = slice(i * each, i * each + channels), species[i] * INVARIANTS * channels
        _add_outer(gradient.up, sent[here], s.g_bar[here])
        _add(gradient.up_0[species[i]], s.g_bar[here])
        a = s.a[i * rows_of_atom :]
        _add_product(gradient.product_1[at:], a, atoms * rows_of_atom, s.b[here], weights)
        _add_sent_vectors(i, species[i], atoms, weights, s, sent, gradient)


def _add_scalar_table(g, m, i, table, start, stop, weights, s):
    channels = len(weights.energy_1)
    weight_sums.scalar_tables_2(
        g, channels, m, i, s.tiles, s.second, table, s.into_both, start, stop
    )


def _add_vector_table(g, m, i, table, start, stop, weights, s):
    channels = len(weights.energy_1)
    weight_sums.vector_tables_2(
        g, channels, m, i, s.tiles, s.second, table, s.into_both, start, stop
    )


@of_kind
def _add_table(g, m, i, table, start, stop, weights, s):
    """R̄ of one block and the pairs of an atom."""
    return _add_vector_table if has(weights, "product_v") else _add_scalar_table


@inner
def _add_tables_2(start, weights, s, gradient):
    channels, width = len(weights.energy_1), lanes_of(s.m)
    size, rows_2 = len(s.m) // (channels // width), layers.rows_of_block_2(weights)
    for block in range(channels // width):
        m, g, table = s.m[block * size :], s.g[block * width :], gradient.table_2[block * rows_2 :]
        for i in range(len(start) - 1):
            _add_table(g, m, i, table, start[i], start[i + 1], weights, s)


@inner
def _add_tables_1(start, weights, s, gradient):
    atoms = len(start) - 1
    size = atoms * ROWS * lanes_of(s.a)
    for block in range(len(s.a) // size):
        a, table = s.a[block * size :], gradient.table_1[block * weights.rows_of_block :]
        for i in range(atoms):
            weight_sums.tables_1(
                a, i, s.tiles, s.second, table, s.into_own, s.into_other, start[i], start[i + 1]
            )


@inner
def add_gradient(positions, species, moving, neighbours, factor, weights, s, sent, gradient):
    """Add `factor` dE/dweights of one structure, whose atoms all move, to `gradient`.

    Args:
        positions: Å, shape (atom, 3).
        species: of each atom.
        moving: True for each.
        neighbours: half pair list: first and second atoms, and shifts.
        factor: a number.
        weights: of the model.
        s: working memory of just this many atoms.
        sent: room for what atoms send.
        gradient: added to.
    """
    end = pairs_within(positions, moving, False, neighbours, weights.cutoff, 0, s)
    geometry(species, 0, end, s.start, weights, s)
    fill(s.a, 0)
    layers.messages_1(s.a, s.start, weights, s)
    density.gather(s.start, species, weights, s)
    send(species, weights, s)
    copy(sent, s.b)
    fill(s.m, 0)
    layers.messages_2(s.start, weights, s)
    for i in range(len(species)):
        _atom(i, len(species), species[i], factor, weights, s, gradient)
    fill(s.g_bar, 0)
    layers.back_2(s.start, False, weights, s)
    _add_tables_2(s.start, weights, s, gradient)
    return_sent(species, weights, s)
    _add_sent(species, weights, s, sent, gradient)
    return_products(species, weights, s)
    _add_tables_1(s.start, weights, s, gradient)
