"""The gradient of the energy by the weights of a folded MACE, for one structure.

A bar is the derivative of the energy, as in `mace_layers`. The passes are the same; where those end
in positions, these end in weights:

    T̄_l += w_j s_l of the receiver                       (coefficients of the splines of layer 1)
    R̄_l += w_j (g_j s_l(i) + g_i s_l(j))                 (of layer 2)
    β̄_t += B̄ I_t(a),  M̄_l += m ā²ᵀ,  and outer products for every matrix.

A gradient has the form of the weights, `MaceArrays`, with zeros to begin with; arrays that follow
from others (slopes, transposes) are left alone.
"""

from math import exp

from scatter.kernels.intrinsics import lanes_of, written
from scatter.kernels.memory import copy, fill, inner
from scatter.kernels.vectors import Integer, Memory, Vector, Writer
from scatter.mace.kernels import layers, nodes
from scatter.mace.kernels.geometry import geometry, pairs_within
from scatter.mace.kernels.harmonics import DEGREES, INVARIANTS, ROWS, rows
from scatter.mace.kernels.pairs import answers, signed
from scatter.mace.kernels.tiles import Pair


@written
def tables_1(
    w: Writer,
    bars: Memory,
    atom: Integer,
    tiles: Memory,
    second: Memory,
    gradient: Memory,
    into_own: Memory,
    into_other: Memory,
    start: Integer,
    stop: Integer,
) -> None:
    """T̄_l += s_l of atom i, and the same for j; see `mace_pairs.forces_1`."""
    size = ROWS * w.lanes
    mine = bars.at(atom * size)
    with w.loop(start, stop) as index:
        pair = Pair(w, tiles, index)
        y, theirs = pair.harmonics(), bars.at(second.integer(index) * size)
        pair.spread(gradient.at(into_own.integer(index)), answers(w, y, mine))
        pair.spread(gradient.at(into_other.integer(index)), signed(answers(w, y, theirs)))


@written
def tables_2(
    w: Writer,
    g: Memory,
    channels: Integer,
    bars: Memory,
    atom: Integer,
    tiles: Memory,
    second: Memory,
    gradient: Memory,
    into_both: Memory,
    start: Integer,
    stop: Integer,
) -> None:
    """R̄_l += g_j s_l(i) + g_i s_l(j); see `mace_pairs.forces_2`."""
    size = ROWS * w.lanes
    mine, g_i = bars.at(atom * size), g.at(atom * channels)[0]
    with w.loop(start, stop) as index:
        pair, j = Pair(w, tiles, index), second.integer(index)
        y, theirs, g_j = pair.harmonics(), bars.at(j * size), g.at(j * channels)[0]
        to_i, to_j = answers(w, y, mine), signed(answers(w, y, theirs))
        both = [w.fma(g_j, a, g_i * b) for a, b in zip(to_i, to_j, strict=True)]
        pair.spread(gradient.at(into_both.integer(index)), both)


def _add_invariants(
    w: Writer, gradient: Memory, a: Memory, bar: Memory, channels: Integer, cubic: bool
) -> None:
    by: Vector = bar[0]
    for place, invariant in enumerate(nodes.invariants(w, a, cubic)):
        target = gradient.at(channels * place)
        target[0] = w.fma(by, invariant, target[0])


@written
def product_2_weights(
    w: Writer, gradient: Memory, a: Memory, bar: Memory, channels: Integer
) -> None:
    """β̄_t += B̄ I_t(a) of one block; see `mace_nodes.product_2`."""
    _add_invariants(w, gradient, a, bar, channels, cubic=False)


@written
def product_3_weights(
    w: Writer, gradient: Memory, a: Memory, bar: Memory, channels: Integer
) -> None:
    """β̄_t += B̄ I_t(a) of one block; see `mace_nodes.product_3`."""
    _add_invariants(w, gradient, a, bar, channels, cubic=True)


@written
def mix_weights(
    w: Writer,
    gradient: Memory,
    a: Memory,
    bar: Memory,
    blocks: Integer,
    stride: Integer,
    width: Integer,
) -> None:
    """M̄_lkc += Σ_m a_lmk bar_lmc for one block of c; see `mace_nodes.mix`."""
    with w.loop(blocks * 0, blocks) as block, w.loop(blocks * 0, blocks * 0 + w.lanes) as lane:
        column = a.at(block * stride + lane)
        line = (block * w.lanes + lane) * width
        for degree in DEGREES:
            target = gradient.at(line + width * width * degree)
            value = target[0]
            for row in rows(degree):
                value = w.fma(bar[row], column.each(row * w.lanes), value)
            target[0] = value


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
            product_3_weights(gradient[at:], block_of_a, bar[at:], channels)
        else:
            product_2_weights(gradient[at:], block_of_a, bar[at:], channels)


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


@inner
def _atom(i, atoms, z, factor, weights, s, gradient):
    """Layer 2 of atom i: m becomes m̄, B of layer 1 its part of B̄; see `mace_layers`."""
    channels, rows_of_atom = len(weights.energy_1), ROWS * lanes_of(s.a)
    width, size = lanes_of(s.a), atoms * rows_of_atom
    at = z * INVARIANTS * channels
    m, b = s.m[i * rows_of_atom :], s.b[i * channels : (i + 1) * channels]
    layers.mix(s.a_2, rows_of_atom, m, size, weights.mix, channels)
    layers.invariants(s.b_2, s.a_2, rows_of_atom, weights.product_2[at:], weights)
    _readout(b, z, factor, weights, s, gradient)
    _add_product(gradient.product_2[at:], s.a_2, rows_of_atom, s.b_2, weights)
    layers.invariants_back(s.a_2, rows_of_atom, weights.product_2[at:], s.b_2, weights)
    for block in range(channels // width):
        bar, blocks = s.a_2[block * rows_of_atom :], channels // width
        mix_weights(gradient.mix[block * width :], m, bar, blocks, size, channels)
    layers.mix(m, size, s.a_2, rows_of_atom, weights.mix_back, channels)


@inner
def _back_through_sent(species, weights, s, sent, gradient):
    """The way back through `mace_layers.send`; `sent` is B of layer 1."""
    atoms, channels, rows_of_atom = len(species), len(weights.energy_1), ROWS * lanes_of(s.a)
    for i in range(atoms):
        bar = s.b[i * channels : (i + 1) * channels]
        g_bar = s.g_bar[i * channels : (i + 1) * channels]
        _add_outer(gradient.up, sent[i * channels : (i + 1) * channels], g_bar)
        _add(gradient.up_0[species[i]], g_bar)
        layers.add_product(bar, g_bar, weights.up_back, channels)
        at, a = species[i] * INVARIANTS * channels, s.a[i * rows_of_atom :]
        _add_product(gradient.product_1[at:], a, atoms * rows_of_atom, bar, weights)
        layers.invariants_back(a, atoms * rows_of_atom, weights.product_1[at:], bar, weights)


@inner
def _add_tables_2(start, weights, s, gradient):
    atoms, width = len(start) - 1, lanes_of(s.m)
    size, channels = atoms * ROWS * width, len(weights.energy_1)
    for block in range(channels // width):
        m, g = s.m[block * size :], s.g[block * width :]
        table = gradient.table_2[block * weights.rows_of_block :]
        for i in range(atoms):
            tables_2(
                g, channels, m, i, s.tiles, s.second, table, s.into_both, start[i], start[i + 1]
            )


@inner
def _add_tables_1(start, weights, s, gradient):
    atoms = len(start) - 1
    size = atoms * ROWS * lanes_of(s.a)
    for block in range(len(s.a) // size):
        a, table = s.a[block * size :], gradient.table_1[block * weights.rows_of_block :]
        for i in range(atoms):
            tables_1(
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
        sent: room for as many numbers as atoms have channels.
        gradient: added to.
    """
    end = pairs_within(positions, moving, False, neighbours, weights.cutoff, 0, s)
    geometry(species, 0, end, s.start, weights, s)
    fill(s.a, 0)
    layers.messages_1(s.a, s.start, weights, s)
    layers.send(species, weights, s)
    copy(sent, s.b)
    fill(s.m, 0)
    layers.messages_2(s.start, weights, s)
    for i in range(len(species)):
        _atom(i, len(species), species[i], factor, weights, s, gradient)
    fill(s.g_bar, 0)
    layers.back_2(s.start, False, weights, s)
    _add_tables_2(s.start, weights, s, gradient)
    _back_through_sent(species, weights, s, sent, gradient)
    _add_tables_1(s.start, weights, s, gradient)
