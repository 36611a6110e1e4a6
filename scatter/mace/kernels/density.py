"""Densities of neighbours, by which some models divide the messages of an atom.

    A_i = (Σ_j messages) / (1 + D_i),    D_i = Σ_j d(r_ij)

Each layer has its own d. With w = 1 / (1 + D), A = w a and Ā = ∂E/∂A, the way back is

    ā = w Ā,    D̄ = -w (A · Ā),    and of each pair  ∂E/∂r = (D̄_i + D̄_j) d'(r).

What follows does nothing where a model has no densities.
"""

from scatter.kernels.intrinsics import lanes_of, written
from scatter.kernels.kinds import has, of_kind
from scatter.kernels.memory import copy, fill, inner
from scatter.kernels.vectors import Integer, Memory, Writer
from scatter.mace.kernels.harmonics import ROWS
from scatter.mace.kernels.tiles import Pair


@written
def _add_dot(w: Writer, sums: Memory, x: Memory, y: Memory, count: Integer) -> None:
    """Add Σ x y to the lanes of `sums`, over `count` vectors, a multiple of four."""
    parts = [w.local(w.vector(0.0)) for _ in range(4)]
    with w.loop(count * 0, count, step=4) as index:
        for n, part in enumerate(parts):
            place = (index + n) * w.lanes
            part.value = w.fma(x.at(place)[0], y.at(place)[0], part.value)
    a, b, c, d = (part.value for part in parts)
    sums[0] = sums[0] + ((a + b) + (c + d))


@written
def _add_pairs(
    w: Writer,
    shares: Memory,
    atom: Integer,
    tiles: Memory,
    second: Memory,
    table: Memory,
    into: Memory,
    start: Integer,
    stop: Integer,
) -> None:
    """D_i += Σ d(r) over the pairs of an atom i, and the same for j; a lane for each layer."""
    own = w.local(w.vector(0.0))
    with w.loop(start, stop) as index:
        value = Pair(w, tiles, index).value(table.at(into.integer(index)), 0, 1)
        there = shares.at(second.integer(index) * w.lanes)
        there[0] = there[0] + value
        own.value = own.value + value
    here = shares.at(atom * w.lanes)
    here[0] = here[0] + own.value


@written
def _push_pairs(
    w: Writer,
    bars: Memory,
    atom: Integer,
    tiles: Memory,
    second: Memory,
    slopes: Memory,
    into: Memory,
    push: Memory,
    start: Integer,
    stop: Integer,
) -> None:
    """dE/dr += Σ (D̄_i + D̄_j) d'(r), summed over layers, of the pairs of an atom i."""
    mine, none = bars.at(atom * w.lanes)[0], w.vector(0.0)
    with w.loop(start, stop) as index:
        slope = Pair(w, tiles, index).slope(slopes.at(into.integer(index)), 0, 1)
        theirs = bars.at(second.integer(index) * w.lanes)[0]
        push.at(index * 4).add(0, w.sums((mine + theirs) * slope, none, none, none))


@inner
def _add_densities(shares, start, species, weights, s):
    width = lanes_of(shares)
    for i in range(len(species)):
        for pair in range(start[i], start[i + 1]):
            at = weights.density_starts[species[i], species[s.second[pair]]] + s.knots[pair]
            s.into_density[pair] = at * width
        if start[i] < start[i + 1]:
            _add_pairs(
                shares,
                i,
                s.tiles,
                s.second,
                weights.density,
                s.into_density,
                start[i],
                start[i + 1],
            )


@inner
def _scale(a, size, factor, blocks):
    for block in range(blocks):
        rows = a[block * size : block * size + ROWS * lanes_of(a)]
        for k in range(len(rows)):
            rows[k] *= factor


def _nothing_of_pairs(start, species, weights, s):
    pass


def _fix(start, species, weights, s):
    fill(s.fixed_shares, 0)
    _add_densities(s.fixed_shares, start, species, weights, s)


def _gather(start, species, weights, s):
    copy(s.shares, s.fixed_shares)
    _add_densities(s.shares, start, species, weights, s)
    for k in range(len(s.shares)):
        s.shares[k] = 1 / (1 + s.shares[k])


def _push(start, species, weights, s):
    for i in range(len(species)):
        if start[i] < start[i + 1]:
            _push_pairs(
                s.shares_bar,
                i,
                s.tiles,
                s.second,
                weights.density_slopes,
                s.into_density,
                s.push,
                start[i],
                start[i + 1],
            )


def _nothing_of_atom(a, size, i, layer, weights, s):
    pass


def _divide(a, size, i, layer, weights, s):
    width = lanes_of(a)
    _scale(a, size, s.shares[i * width + layer], len(weights.energy_1) // width)


def _keep(a, size, i, layer, weights, s):
    rows = ROWS * lanes_of(a)
    for block in range(len(weights.energy_1) // lanes_of(a)):
        copy(s.kept[block * rows : (block + 1) * rows], a[block * size : block * size + rows])


def _answer(a, size, i, layer, weights, s):
    rows, blocks, at = ROWS * lanes_of(a), len(weights.energy_1) // lanes_of(a), i * lanes_of(a)
    total = 0.0
    fill(s.sums, 0)
    for block in range(blocks):
        _add_dot(s.sums, s.kept[block * rows :], a[block * size :], ROWS)
    for lane in range(len(s.sums)):
        total += s.sums[lane]
    s.shares_bar[at + layer] = -s.shares[at + layer] * total
    _scale(a, size, s.shares[at + layer], blocks)


@of_kind
def fix(start, species, weights, s):
    """Keep D of the pairs of frozen atoms, which `start` divides by atoms."""
    return _fix if has(weights, "density") else _nothing_of_pairs


@of_kind
def gather(start, species, weights, s):
    """The w of all atoms, from what is kept and the pairs that `start` divides by atoms."""
    return _gather if has(weights, "density") else _nothing_of_pairs


@of_kind
def push(start, species, weights, s):
    """Add dE/dr of the pairs that `start` divides by atoms to their numbers in `push`."""
    return _push if has(weights, "density") else _nothing_of_pairs


@of_kind
def divide(a, size, i, layer, weights, s):
    """A of one atom, over a.

    Args:
        a: features of the atom; its blocks are `size` apart.
        size: see `a`.
        i: the atom.
        layer: 0 or 1.
        weights: of the model.
        s: working memory.
    """
    return _divide if has(weights, "density") else _nothing_of_atom


@of_kind
def keep(a, size, i, layer, weights, s):
    """Keep A of one atom for the way back; see `divide`."""
    return _keep if has(weights, "density") else _nothing_of_atom


@of_kind
def answer(a, size, i, layer, weights, s):
    """D̄ of one atom, whose A was kept last, and w Ā over Ā; see `divide`."""
    return _answer if has(weights, "density") else _nothing_of_atom
