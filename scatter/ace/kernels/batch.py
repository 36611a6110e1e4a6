"""Energies and forces of many replicas on a linear ACE; the derivation is in the documentation.

One replica is computed by one thread from first to last, in an order that depends on its own
positions alone. An atom's energy depends on its own A alone, so as many atoms of one species as a
register has lanes go all the way, from pairs to forces, before the next ones begin. What pairs of
frozen atoms give to A does not change from step to step, and is taken from the worker's memory
wherever the frozen atoms are where they were.
"""

import numpy as np
from numba import njit, prange

from scatter.ace.kernels import products
from scatter.ace.kernels.atoms import gather, give_back
from scatter.ace.kernels.embedding import embed
from scatter.ace.kernels.environments import arrange, pairs_within
from scatter.ace.kernels.memory import of_worker
from scatter.ace.kernels.tiles import describe
from scatter.kernels.compiling import sources
from scatter.kernels.intrinsics import lanes_of
from scatter.kernels.memory import copy, fill, inner, known

FIXED, FREE = (0, 0), (1, 2)  # how many atoms of a pair move


@inner
def _gather(atom, kind, ahead, species, a, weights, s):
    """Add what an atom sees of one kind to `a`; its tiles are put `ahead` of their place."""
    environment = atom * len(weights.constant) + kind
    start, stop = s.start[environment], s.start[environment + 1]
    if start < stop:
        describe(
            s.tiles,
            s.apart,
            s.knots,
            s.weights,
            weights.table,
            weights.grid,
            weights.layout,
            weights.start[species[atom], kind],
            start,
            stop,
            ahead,
        )
        gather(a, s.tiles, weights.layout, start + ahead, stop + ahead)


@inner
def fix(positions, species, moving, neighbours, weights, s):
    """Do what depends on the frozen atoms alone; answer whether none of them touch."""
    kinds = len(weights.constant)
    for i in range(len(moving)):
        fill(s.held[i], np.nan)
    pairs = pairs_within(positions, species, moving, FIXED, neighbours, weights, s)
    if pairs < 0:
        return False
    arrange(pairs, species, weights, s)
    fill(s.fixed, 0)
    for i in range(len(moving)):
        for kind in range(kinds):
            environment = i * kinds + kind
            a = s.fixed[environment * weights.factors :]
            _gather(i, kind, -s.start[environment], species, a, weights, s)
        copy(s.held[i], positions[i])
    copy(s.fixed_count, s.count)
    return True


@inner
def choose(species, before, weights, s):
    """The program of every atom, by its species and by those it sees, with those seen before."""
    kinds = len(weights.constant)
    for i in range(len(species)):
        seen = 0
        for kind in range(kinds):
            environment = i * kinds + kind
            if s.count[environment] + before[environment] > 0:
                seen |= 1 << kind
        s.program[i] = weights.programs[species[i], seen % weights.programs.shape[1]]


@inner
def look(count, species, before, weights, s):
    """A of the members, one after another, and their tiles, from the first place on.

    What they see is added to the A of each atom that were known before.
    """
    kinds, at = len(weights.constant), 0
    size = kinds * weights.factors
    fill(s.a, 0)
    for member in range(count):
        atom = s.members[member]
        first = atom * kinds
        copy(s.a[member * size : (member + 1) * size], before[atom * size : (atom + 1) * size])
        for kind in range(kinds):
            a = s.a[(member * kinds + kind) * weights.factors :]
            _gather(atom, kind, at - s.start[first], species, a, weights, s)
        at += s.start[first + kinds] - s.start[first]


@inner
def _sum(part, program, total, bars, weights, s):
    """The energy (part 0) or the density (part 1) of the members, and its slopes."""
    rows = 2 * program + part
    products.evaluate(
        total,
        bars,
        s.values,
        weights.row_value,
        weights.row_constant,
        weights.term_start,
        weights.term_value,
        weights.term_coefficient,
        weights.layout,
        weights.row_start[rows],
        weights.row_start[rows + 1],
    )


@inner
def _embed(count, end, program, species, weights, s):
    """Add F(ρ) of the members, and its slopes by the first `end` values."""
    fill(s.density, 0)
    fill(s.density_bars[: end * lanes_of(s.a)], 0)
    _sum(1, program, s.density, s.density_bars, weights, s)
    for member in range(count):
        parameters = weights.embedding[species[s.members[member]]]
        value, slope = embed(s.density[member], parameters)
        s.energy[member] += value
        s.density[member] = slope
    if len(s.bars) > 0:
        products.add_scaled(s.bars, s.density_bars, s.density, 0, end)


@inner
def run_forward(count, program, species, weights, s):
    """Energies of the members, and where forces are wanted their slopes by the values."""
    size = len(weights.constant) * weights.factors
    start, stop = weights.node_start[program], weights.node_start[program + 1]
    ahead = size - start
    products.transpose(s.values, s.a, 0, size, size)
    fill(s.energy, 0)
    fill(s.bars[: (stop + ahead) * lanes_of(s.a)], 0)
    products.multiply(s.values, weights.node_one, weights.node_other, start, stop, ahead)
    _sum(0, program, s.energy, s.bars, weights, s)
    if len(weights.embedding) > 0:
        _embed(count, stop + ahead, program, species, weights, s)


@inner
def run(count, program, species, weights, s):
    """Energies of the members, and dE/dA over A."""
    size = len(weights.constant) * weights.factors
    start, stop = weights.node_start[program], weights.node_start[program + 1]
    ahead = size - start
    run_forward(count, program, species, weights, s)
    products.multiply_back(
        s.bars, s.values, weights.node_one, weights.node_other, start, stop, ahead
    )
    products.transpose_back(s.a, s.bars, 0, size, size)


@inner
def push(atom, kind, ahead, a, weights, s):
    """Forces of an atom's pairs of one kind, on it and on the others."""
    environment, width = atom * len(weights.constant) + kind, lanes_of(s.tiles)
    start, stop = s.start[environment], s.start[environment + 1]
    if start == stop:
        return
    fill(s.own, 0)
    give_back(a, s.tiles, s.own, weights.layout, start + ahead, stop + ahead)
    for axis in range(3):
        s.push[3 * atom + axis] += s.own[axis]
    for tile in range(start, stop):
        force = ((tile + ahead) * weights.tile_rows + weights.direction) * width
        for lane in range(width):
            other = 3 * s.neighbour[tile * width + lane]
            s.push[other] -= s.tiles[force + lane]
            s.push[other + 1] -= s.tiles[force + width + lane]
            s.push[other + 2] -= s.tiles[force + 2 * width + lane]


@inner
def _together(count, program, species, weights, s):
    """Everything about the first `count` of the members; the answer is their energy."""
    kinds, at, energy = len(weights.constant), 0, 0.0
    look(count, species, s.fixed, weights, s)
    run(count, program, species, weights, s)
    for member in range(count):
        atom = s.members[member]
        first = atom * kinds
        for kind in range(kinds):
            a = s.a[(member * kinds + kind) * weights.factors :]
            push(atom, kind, at - s.start[first], a, weights, s)
        at += s.start[first + kinds] - s.start[first]
        energy += weights.constant[species[atom]] + s.energy[member]
    return energy


@inner
def _all_together(species, weights, s):
    """Everything about all atoms, those of one program together; the answer is their energy."""
    energy, width, last = 0.0, lanes_of(s.tiles), len(species) - 1
    for program in range(len(weights.node_start) - 1):
        count = 0
        for i in range(len(species)):
            if s.program[i] == program:
                s.members[count] = i
                count += 1
            if count == width or (count > 0 and i == last):
                energy += _together(count, program, species, weights, s)
                count = 0
    return energy


@inner
def replica(positions, species, moving, neighbours, weights, s, forces):
    """Energy of one replica; its forces are added to `forces`. NaN where atoms touch."""
    if not known(positions, moving, s.held):
        if not fix(positions, species, moving, neighbours, weights, s):
            return np.nan
    pairs = pairs_within(positions, species, moving, FREE, neighbours, weights, s)
    if pairs < 0:
        return np.nan
    arrange(pairs, species, weights, s)
    choose(species, s.fixed_count, weights, s)
    fill(s.push, 0)
    energy = _all_together(species, weights, s)
    for i in range(len(species)):
        if moving[i]:
            for axis in range(3):
                forces[i, axis] += s.push[3 * i + axis]
    return energy


def _evaluate_of(sources: int):
    """The compiled evaluation of a batch; see `sources`."""

    @njit(parallel=True, cache=True)
    def evaluate(positions, species, moving, lists, counts, held, workers):
        """Energies in eV, NaN where atoms touch, and forces in eV/Å.

        Args:
            positions: Å, shape (slot, atom, 3).
            species: of each atom, an index into the model's, shape (atom,).
            moving: False for frozen atoms, which feel no force, shape (atom,).
            lists: half pair lists of every slot: first and second atoms, and shifts.
            counts: pairs of each slot, shape (slot,).
            held: the weights of the model, and working memory for each worker.
            workers: their number.
        """
        assert sources
        slots = len(positions)
        energies, forces = np.empty(slots), np.empty(positions.shape)
        first, second, shift = lists
        for worker in prange(workers):
            s, weights = of_worker(held.memory, np.int64(worker)), held.weights
            for slot in range(worker, slots, workers):
                n = counts[slot]
                for atom in range(len(species)):
                    fill(forces[slot, atom], 0)
                neighbours = first[slot, :n], second[slot, :n], shift[slot, :n]
                energies[slot] = replica(
                    positions[slot], species, moving, neighbours, weights, s, forces[slot]
                )
        return energies, forces

    return evaluate


evaluate_batch = _evaluate_of(sources(__file__))
